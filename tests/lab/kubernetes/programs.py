"""The programs of a Kubernetes cluster: built once from Debian's source package, kept in the lab's cache.

Debian packages the clients only, but its source package has all of it. The compiler, etcd and kubectl come out of
Debian's packages, which are unpacked and not installed: this box gets no service and no compiler from it.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.lab import cache
from tests.lab.builder import run_builder
from tests.lab.packages import download, extract

VERSION = "1.20.2"
"""Old on purpose: it still has the in-tree drivers of rbd and cephfs. The only one that Debian has."""

BUILT = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet")
"""What is compiled here."""

_RELEASE = "bookworm"
_SOURCE = "kubernetes"
_COMPILER = ("golang-1.19-go", "golang-1.19-src")
_READY_MADE = {"etcd": "etcd-server", "kubectl": "kubernetes-client"}
_BUILD = Path(__file__).with_name("build.sh")


def binaries() -> Path:
    """The folder with ``etcd``, ``kubectl`` and what is in :data:`BUILT`; built at the first call, some minutes.

    Raises LabError when a package can't be had or the compiler fails.
    """
    key = (VERSION, _RELEASE, _SOURCE, *_COMPILER, *_READY_MADE.values(), _BUILD.read_text())
    return cache.entry(f"kubernetes-{VERSION}", key, _build)


def _build(folder: Path) -> None:
    scratch = folder / "scratch"
    scratch.mkdir()
    download(scratch, _RELEASE, [*_COMPILER, *_READY_MADE.values()], sources=[_SOURCE])
    for program, package in _READY_MADE.items():
        extract(next(scratch.glob(f"{package}_*.deb")), scratch / package)
        shutil.copy2(scratch / package / "usr/bin" / program, folder / program)
    run_builder(["sh", str(_BUILD), VERSION], log=folder / "build.log", folder=scratch)
    for program in BUILT:
        shutil.move(scratch / "bin" / program, folder / program)
    shutil.rmtree(scratch)
