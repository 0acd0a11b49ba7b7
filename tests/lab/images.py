"""Root trees and disk images of Debian for the lab's machines, built with mmdebstrap from this box's mirrors.

A *bare* machine lacks the packages that the roles bring, and has them in a package archive on its own disk, so that
installing them is quick and needs no network. A *prepared* one has them installed. A *kubernetes* one is bare, and
has a container runtime and the kubelet. A *ceph* one is bare, and has the daemons and commands of a Ceph cluster.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab import cache
from tests.lab.builder import run_builder
from tests.lab.errors import LabError
from tests.lab.keys import ADMIN_PASSWORD
from tests.lab.kubernetes import node_image
from tests.lab.sources import apt_proxy, debian_sources

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    Contents = Literal["bare", "prepared"]
    RootFlavour = Literal["bare", "prepared", "ceph"]
    Flavour = Literal["bare", "prepared", "kubernetes"]

RELEASES = {"12": "bookworm", "13": "trixie"}
"""Debian's code name by its number."""

STORAGE_PACKAGES = ("nfs-kernel-server", "nfs-common", "rpcbind")
"""What bare machines lack and can install, prepared ones have."""

CEPH_PACKAGES = ("ceph-mon", "ceph-mgr", "ceph-osd", "ceph-mds", "ceph-common")
"""What makes a machine a whole Ceph cluster."""

DISK_BYTES = 3 << 30
"""The size of a machine's disk; the image file is sparse."""

_BASE = (
    *("systemd", "systemd-sysv", "dbus", "udev", "openssh-server", "sudo", "ca-certificates"),
    *("iproute2", "iputils-ping", "kmod", "procps", "netbase"),
)
# Python as in Debian's own cloud images: nfs-common wants it, and unpacking it takes minutes under emulation. Nothing
# of ours does: containers have none.
_VIRTUAL = ("linux-image-amd64", "initramfs-tools", "e2fsprogs", "python3")
_CUSTOMIZE = Path(__file__).with_name("customize.sh")

# A small initramfs: a machine of the lab has one kind of disk and one file system, and emulation is slow.
_INITRAMFS = r"""
mkdir -p "$1/etc/initramfs-tools/conf.d" "$1/usr/share/initramfs-tools/modules.d"
echo MODULES=list >"$1/etc/initramfs-tools/conf.d/lab"
printf '%s\n' virtio_pci virtio_blk ext4 crc32c >"$1/usr/share/initramfs-tools/modules.d/lab"
"""
_OPTIONS = (
    "--variant=minbase",
    "--dpkgopt=force-unsafe-io",
    *(f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("doc", "man", "info", "locale")),
    '--aptopt=Acquire::Languages "none"',
)


@dataclass(frozen=True)
class DiskImage:
    """A disk to boot: an ext4 file system on the whole of it, with the kernel and initramfs beside it."""

    path: Path
    """The disk, raw; shared by all its machines, never written to."""
    kernel: Path
    initrd: Path

    @property
    def key(self) -> str:
        """What tells this image from every other one."""
        return self.path.parent.name


def debian_root(release: str, *, variant: RootFlavour = "bare") -> Path:
    """The root tree for containers of Debian ``release`` ("12", "13"): no kernel; nobody may write to it.

    It has no host key and lets nobody in: who boots it adds ``/etc/ssh/ssh_host_ed25519_key`` and
    ``/etc/ssh/lab_authorized_keys``, which holds for every user. Built at the first call; LabError when it fails.
    """
    packages = (*_BASE, *(CEPH_PACKAGES if variant == "ceph" else ()))
    key = _key(release, "container", variant, packages)

    def build(folder: Path) -> None:
        contents: Contents = "prepared" if variant == "prepared" else "bare"
        _bootstrap(folder / "root", release, "container", contents, packages)

    return cache.entry(f"root-debian{release}-{variant}", key, build) / "root"


def disk_image(release: str, flavour: Flavour = "bare") -> DiskImage:
    """The disk for virtual machines of Debian ``release``; built at the first call; LabError when it fails."""
    is_node = flavour == "kubernetes"
    packages = (*_BASE, *_VIRTUAL, *(node_image.PACKAGES if is_node else ()))
    key = (
        *_key(release, "vm", flavour, packages),
        str(DISK_BYTES),
        _INITRAMFS,
        *(node_image.key() if is_node else ()),
    )

    def build(folder: Path) -> None:
        root = folder / "root"
        hooks = [f"--essential-hook={_INITRAMFS}"]
        if is_node:
            hooks += node_image.hooks(folder)
        _bootstrap(root, release, "vm", "prepared" if flavour == "prepared" else "bare", packages, hooks=hooks)
        for wanted, pattern in (("kernel", "vmlinuz-*"), ("initrd", "initrd.img-*")):
            found = sorted((root / "boot").glob(pattern))
            shutil.copyfile(found[-1], folder / wanted)
        disk = folder / "disk.raw"
        with disk.open("wb") as file:
            file.truncate(DISK_BYTES)
        options = ["-q", "-t", "ext4", "-m", "0", "-E", "lazy_itable_init=0,nodiscard", "-L", "root"]
        run_builder(["mke2fs", *options, "-d", str(root), str(disk)], log=folder / "mke2fs.log")
        shutil.rmtree(root)

    folder = cache.entry(f"disk-debian{release}-{flavour}", key, build)
    return DiskImage(folder / "disk.raw", folder / "kernel", folder / "initrd")


def _key(release: str, machine: str, flavour: str, packages: Sequence[str]) -> tuple[str, ...]:
    return (
        *(release, machine, flavour, *packages, "+", *STORAGE_PACKAGES, *_OPTIONS),
        _CUSTOMIZE.read_text(),
        ADMIN_PASSWORD,
    )


def _bootstrap(
    root: Path, release: str, machine: str, contents: Contents, packages: Sequence[str], *, hooks: Sequence[str] = ()
) -> None:
    if release not in RELEASES:
        raise LabError(f"the lab has no Debian {release}; it has {', '.join(RELEASES)}")
    if os.geteuid() != 0:
        again = shlex.join(["sudo", "--preserve-env=MOUNTWRIGHT_CACHE", *sys.orig_argv])
        raise LabError(f"building the lab's images needs root (once; running machines does not). Run:\n    {again}")
    code_name = RELEASES[release]
    arguments = shlex.join([machine, contents, ADMIN_PASSWORD, *STORAGE_PACKAGES])
    command = [
        *("mmdebstrap", "--mode=root", *_OPTIONS, f"--include={','.join(packages)}"),
        f'--customize-hook=chroot "$1" sh -s -- {arguments} <{shlex.quote(str(_CUSTOMIZE))}',
    ]
    if proxy := apt_proxy():
        command.append(f'--aptopt=Acquire::http::Proxy "{proxy}"')
    run_builder(
        [*command, *hooks, code_name, str(root), *debian_sources(code_name)], log=root.parent / "mmdebstrap.log"
    )
