"""The volumes on NFS as named volumes of Docker Compose, for what runs beside the cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mountwright.errors import InputError
from mountwright.kubernetes.rendering import header
from mountwright.templates import render_file

if TYPE_CHECKING:
    from mountwright.spec import Nfs, StorageSpec, Volume

_VERSION = ("nfsvers=", "vers=")
_VERSION_WORDS = frozenset({"v2", "v3", "v4", "v4.0", "v4.1", "v4.2"})


def render_compose(spec: StorageSpec) -> str:
    """A Compose file with a named volume for each volume of ``nfs.volumes``; the local driver of Docker mounts it.

    Raises InputError when there is none.
    """
    if spec.nfs is None or not spec.nfs.volumes:
        raise InputError(f"{spec.document.source} has no nfs.volumes, and Compose gets no others")
    nfs = spec.nfs
    volumes = [
        {
            "name": volume.name,
            "path": _no_variable(volume.path),
            "options": [_no_variable(option) for option in _options(volume, nfs)],
        }
        for volume in nfs.volumes
    ]
    return header(spec.document.source) + render_file("compose/volumes.yaml.j2", volumes=volumes)


def _options(volume: Volume, nfs: Nfs) -> list[str]:
    """What mount(8) is told. Docker looks the address up itself, once, so it is said apart from the path."""
    address = nfs.server_address(nfs.server_of(volume))
    given = list(volume.mount_options)
    said = any(option.startswith(_VERSION) or option in _VERSION_WORDS for option in given)
    read_only = volume.read_only or volume.access_modes == ("ReadOnlyMany",)
    return [f"addr={address}", "ro" if read_only else "rw", *([] if said else ["nfsvers=4"]), *given]


def _no_variable(text: str) -> str:
    """The text as Compose takes it back: to it a dollar sign begins a variable."""
    return text.replace("$", "$$")
