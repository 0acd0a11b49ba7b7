"""``k8s.reclaim``: a Released volume made available again."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING

from mountwright.cli import hosts
from mountwright.cli.cluster import host_of, kubectl, require_name
from mountwright.errors import HostError, UnreachableError
from mountwright.kubernetes.on_server import look_into
from mountwright.kubernetes.reclaim import carry_out, look
from mountwright.outcome import ChangeRecord, HostOutcome, Status
from mountwright.report.console import make_console
from mountwright.report.text import printable
from mountwright.rollout import Report

if TYPE_CHECKING:
    from rich.console import Console

    from mountwright.cli.tasks import Options
    from mountwright.inventory import Host, Inventory
    from mountwright.kubernetes.reclaim import Reclaim
    from mountwright.spec import StorageSpec


def reclaim(options: Options, name: str, *, keep_reservation: bool) -> int:
    """Show a volume, and clear its claimRef where it is Released; return the exit code."""
    require_name("NAME", name)
    console = make_console(stderr=options.json)
    inventory, spec = hosts.load(options)
    hosts.show_warnings(console, inventory, spec)
    host = host_of(options, inventory, spec)
    task = _Reclaiming(options, inventory, spec, console, name, keep_reservation=keep_reservation)
    begun = time.monotonic()
    outcome = task.outcome(host)
    seconds = time.monotonic() - begun
    report = Report((dataclasses.replace(outcome, seconds=seconds),))
    hosts.show(console, report, seconds, options)
    return report.exit_code


class _Reclaiming:
    """One run of the task, after all input has been found good."""

    def __init__(
        self,
        options: Options,
        inventory: Inventory,
        spec: StorageSpec,
        console: Console,
        name: str,
        *,
        keep_reservation: bool,
    ) -> None:
        self._options = options
        self._inventory = inventory
        self._spec = spec
        self._console = console
        self._name = name
        self._keep_reservation = keep_reservation

    def outcome(self, host: Host) -> HostOutcome:
        """Look, show, and change unless it is check mode; never raises what is the host's trouble."""
        done: tuple[ChangeRecord, ...] = ()
        try:
            with kubectl(self._options, self._inventory, self._spec) as cluster:
                found = look(cluster, self._name, keep_reservation=self._keep_reservation)
                where = f"its data: {found.place}{self._contents()}; not touched"
                self._say(f"{found.state}; {where}")
                if found.patch is None:
                    return HostOutcome(host.name, Status.UNCHANGED)
                done = (self._record(found, where),)
                if self._options.check:
                    return HostOutcome(host.name, Status.PLANNED, done)
                self._say(f"now {carry_out(cluster, found)}")
                return HostOutcome(host.name, Status.CHANGED, done)
        except UnreachableError as error:
            return HostOutcome(host.name, Status.UNREACHABLE, error=error)
        except HostError as error:
            return HostOutcome(host.name, Status.FAILED, error=error)

    def _record(self, found: Reclaim, where: str) -> ChangeRecord:
        return ChangeRecord(f"kubernetes:PersistentVolume/{found.volume}", found.summary, found.diff, (where,))

    def _contents(self) -> str:
        """What is in the volume's directory, where that is on a server of ours; "" elsewhere."""
        nfs = self._spec.nfs
        volume = next((each for each in nfs.volumes if each.name == self._name), None) if nfs else None
        if nfs is None or volume is None or nfs.server_of(volume) not in nfs.server_hosts:
            return ""
        server = self._inventory.hosts[nfs.server_of(volume)]
        try:
            with hosts.connector(self._options) as connect:
                transport = connect.connect(server.name, server.connection)
                try:
                    return f" ({server.name}: {look_into(transport, volume.path)})"
                finally:
                    transport.close()
        except HostError as error:
            return f" ({server.name} could not be asked what is in it: {error.message})"

    def _say(self, text: str) -> None:
        self._console.print(printable(text), markup=False)
