"""What makes a disk image a Kubernetes node: containerd, the kubelet, and the one image that pods are made of."""

from __future__ import annotations

import hashlib
import io
import json
import shlex
import shutil
import subprocess
import tarfile
from pathlib import Path

from tests.lab.errors import LabError
from tests.lab.kubernetes.programs import binaries

IMAGE = "mountwright.test/busybox:1"
"""The image for pods on a node of the lab: busybox with all its commands. It is there and can't be pulled, so pods
say ``imagePullPolicy: Never`` or ``IfNotPresent``."""

PACKAGES = ("containerd", "containernetworking-plugins", "runc")
"""What a node has more than other machines. The clients of storage systems are not among it: roles bring them."""

_SCRIPT = Path(__file__).with_name("node.sh")


def key() -> tuple[str, ...]:
    """What a node's image depends on, more than other machines' images do."""
    return (
        *PACKAGES,
        _SCRIPT.read_text(),
        binaries().name,
        IMAGE,
        hashlib.sha256(_busybox().read_bytes()).hexdigest(),
    )


def hooks(folder: Path) -> list[str]:
    """Options for mmdebstrap that make a root tree a node; ``folder`` is for files on the way."""
    image = folder / "image.tar"
    image.write_bytes(image_archive())
    return [
        '--customize-hook=mkdir -p "$1/var/lib/lab"',
        f"--customize-hook=upload {shlex.quote(str(image))} /var/lib/lab/image.tar",
        f"--customize-hook=upload {shlex.quote(str(binaries() / 'kubelet'))} /usr/bin/kubelet",
        '--customize-hook=chmod 0755 "$1/usr/bin/kubelet"',
        f'--customize-hook=chroot "$1" sh -s -- {shlex.quote(IMAGE)} <{shlex.quote(str(_SCRIPT))}',
        f"--customize-hook=rm {shlex.quote(str(image))}",
    ]


def image_archive() -> bytes:
    """The image in the format of ``docker save``: one layer, with this box's static busybox.

    Without a command of a pod's own it sleeps, so that it also serves as the sandbox that holds a pod's namespaces.
    """
    layer = _layer(_busybox())
    digest = hashlib.sha256(layer).hexdigest()
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Cmd": ["/bin/sleep", "2147483647"], "Env": ["PATH=/bin"]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
        },
        sort_keys=True,
    ).encode()
    config_name = f"{hashlib.sha256(config).hexdigest()}.json"
    manifest = [{"Config": config_name, "RepoTags": [IMAGE], "Layers": [f"{digest}/layer.tar"]}]
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        _add(tar, config_name, config)
        _add(tar, f"{digest}/layer.tar", layer)
        _add(tar, "manifest.json", json.dumps(manifest).encode())
    return archive.getvalue()


def _layer(busybox: Path) -> bytes:
    applets = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split()
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        for folder, mode in {"bin": 0o755, "etc": 0o755, "tmp": 0o1777}.items():
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, mode
            tar.addfile(entry)
        _add(tar, "bin/busybox", busybox.read_bytes(), mode=0o755)
        _add(tar, "etc/passwd", b"root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n")
        _add(tar, "etc/group", b"root:x:0:\nnogroup:x:65534:\n")
        for applet in applets:
            if applet != "busybox":
                entry = tarfile.TarInfo(f"bin/{applet}")
                entry.type, entry.linkname = tarfile.SYMTYPE, "busybox"
                tar.addfile(entry)
    return layer.getvalue()


def _add(tar: tarfile.TarFile, name: str, content: bytes, *, mode: int = 0o644) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    tar.addfile(entry, io.BytesIO(content))


def _busybox() -> Path:
    found = shutil.which("busybox")
    if found is None:
        raise LabError("there is no busybox on this box. Run `sh tests/lab/requirements.sh`")
    return Path(found)
