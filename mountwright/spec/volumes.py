"""``nfs.volumes`` and ``nfs.classes``: what Kubernetes gets to see of the exports."""

from __future__ import annotations

from pydantic import Field

from mountwright.spec.base import Section
from mountwright.spec.traits import ClassTraits, VolumeTraits
from mountwright.spec.values import (  # noqa: TC001 - pydantic reads annotations at run time
    AbsolutePath,
    Flag,
    Pattern,
    Subdirectory,
)


class _OnExport(Section):
    """The place that a volume or class uses."""

    export: AbsolutePath = Field(examples=["/srv/nfs/pv1"])
    """The path of the export, as in nfs.exports. Of an external server it is any path that it exports."""
    server: Pattern | None = Field(default=None, examples=["nfs1"])
    """The server's name in the inventory or in nfs.external. It may be left out where only one server has the
    export."""


class Volume(VolumeTraits, _OnExport):
    """A PersistentVolume on an export."""

    subdir: Subdirectory | None = Field(default=None, examples=["team-a"])
    """A directory below the export, a relative path. By default the export itself."""
    read_only: Flag = False
    """Whether nodes mount it read-only, whatever the claim asks for."""

    @property
    def path(self) -> str:
        """The directory on the server: the export, and the directory below it."""
        if not self.subdir:
            return self.export
        return f"{self.export.rstrip('/')}/{self.subdir}"


class StorageClass(ClassTraits, _OnExport):
    """A StorageClass whose provisioner makes volumes on an export."""
