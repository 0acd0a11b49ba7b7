"""A node that maps RBD images: the kernel module, now and after every reboot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mountwright.resources.kernel_module import KernelModule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mountwright.inventory import Host
    from mountwright.resources.base import Resource
    from mountwright.spec import StorageSpec


def resources(host: Host, spec: StorageSpec) -> Iterator[Resource]:
    """Yield what lets a node map RBD images."""
    del host, spec  # the same for every node
    yield KernelModule("rbd")
