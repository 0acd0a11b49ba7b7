"""The way from a task to the cluster: kubectl where storage.yml says that it runs."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from pydantic_core import PydanticCustomError

from mountwright.cli.hosts import connector, require_connections, selected
from mountwright.errors import InputError
from mountwright.kubernetes.kubectl import Access, Kubectl
from mountwright.kubernetes.place import kubectl_host
from mountwright.spec.values import kubernetes_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mountwright.cli.tasks import Options
    from mountwright.inventory import Host, Inventory
    from mountwright.spec import StorageSpec
    from mountwright.spec.kubectl import Kubectl as KubectlSettings


def settings_of(spec: StorageSpec) -> KubectlSettings:
    """Where kubectl runs. Raises InputError when storage.yml does not say."""
    if spec.kubernetes is None or spec.kubernetes.kubectl is None:
        raise InputError(
            f"{spec.document.source} does not say where kubectl runs: add kubernetes.kubectl, "
            "{on: GROUP} for a host of the inventory or {local: {}} for this machine"
        )
    return spec.kubernetes.kubectl


def require_name(option: str, name: str) -> None:
    """Raise InputError, before anything connects, unless an option's value is a name that Kubernetes takes."""
    try:
        kubernetes_name(name)
    except PydanticCustomError as error:
        raise InputError(f"{option}: {error.message()}") from None


def host_of(options: Options, inventory: Inventory, spec: StorageSpec) -> Host:
    """The host that kubectl runs on, with connection settings that are good.

    Raises InputError, also when ``--limit`` leaves that host out.
    """
    host = kubectl_host(inventory, settings_of(spec))
    if host.name in inventory.hosts and host not in selected(options, inventory):
        raise InputError(f"--limit {options.limit} leaves out {host.name}, on which kubectl runs")
    require_connections([host])
    return host


@contextlib.contextmanager
def kubectl(options: Options, inventory: Inventory, spec: StorageSpec) -> Iterator[Kubectl]:
    """Connect to where kubectl runs. Raises InputError before connecting, then HostError."""
    host = host_of(options, inventory, spec)
    with connector(options) as connect:
        transport = connect.connect(host.name, host.connection)
        try:
            yield Kubectl(transport, Access.of(settings_of(spec)))
        finally:
            transport.close()
