"""The tasks that change hosts: load, plan or converge, report."""

from __future__ import annotations

import gc
import getpass
import sys
import threading
import time
from typing import TYPE_CHECKING

from mountwright.errors import InputError
from mountwright.inventory import load_inventory
from mountwright.report import console as console_report
from mountwright.report import document, text
from mountwright.rollout import rollout
from mountwright.secret import Secret
from mountwright.spec import load_storage
from mountwright.ssh import Connector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rich.console import Console

    from mountwright.cli.tasks import Options
    from mountwright.errors import Problem
    from mountwright.inventory import Host, Inventory
    from mountwright.rollout import Report, Work
    from mountwright.spec import StorageSpec


def load(options: Options) -> tuple[Inventory, StorageSpec]:
    """Load and check the inventory and its storage.yml; every fault of either is an InputError."""
    inventory = load_inventory(options.inventory)
    if inventory.storage_file is None:
        raise InputError(
            f"{inventory.folder} has no storage.yml: it declares what storage there is; "
            "inventories/example/storage.yml shows one"
        )
    return inventory, load_storage(inventory.storage_file, inventory)


def selected(options: Options, inventory: Inventory) -> tuple[Host, ...]:
    """The hosts that ``--limit`` leaves (all of them without it)."""
    return inventory.select(options.limit) if options.limit else tuple(inventory.hosts.values())


def connector(options: Options) -> Connector:
    """Make the connector for a run; asks for the sudo password at once where that is wanted."""
    gc.freeze()
    gc.enable()
    password = Secret(getpass.getpass("sudo password: ")) if options.ask_become_pass else None
    return Connector(ask=_ask if sys.stdin.isatty() else None, become_password=password)


_asking = threading.Lock()


def _ask(prompt: str) -> Secret:
    with _asking:
        return Secret(getpass.getpass(prompt))


def converge(
    options: Options,
    assign: Callable[[Inventory, StorageSpec], Sequence[Work]],
    remark: Callable[[StorageSpec, Sequence[Work]], str] | None = None,
    *,
    keep_own_machine: bool = False,
) -> int:
    """Make hosts as declared (or say what would change), report it, and return the exit code.

    ``assign`` says which host gets which resources; hosts outside ``--limit`` are left out, and with any limit the
    operator's own machine too, unless ``keep_own_machine``. ``remark`` says what the operator should know of the
    works that are left, or "".
    """
    console = console_report.make_console(stderr=options.json)
    inventory, spec = load(options)
    show_warnings(console, inventory, spec)
    wanted = {host.name for host in selected(options, inventory)}
    works = [
        work
        for work in assign(inventory, spec)
        if work.host.name in wanted
        or (work.host.name not in inventory.hosts and (keep_own_machine or not options.limit))
    ]
    if remark is not None and (said := remark(spec, works)):
        console.print(f"note: {text.printable(said)}", style="yellow", markup=False)
    # A connection setting that can't be rendered is bad input: it is found before the first host is touched.
    require_connections(work.host for work in works)
    begun = time.monotonic()
    with (
        connector(options) as connect,
        console_report.Progress(console, len(works), diff=options.diff, check=options.check) as progress,
    ):
        report = rollout(works, connect, progress, check=options.check, forks=options.forks)
    show(console, report, time.monotonic() - begun, options)
    return report.exit_code


def show_warnings(console: Console, inventory: Inventory, spec: StorageSpec) -> None:
    """Say what is doubtful in the inventory and in storage.yml, though it can be worked with."""
    for warning in (*inventory.warnings, *spec.warnings):
        console.print(f"warning: {text.printable(str(warning))}", style="yellow", markup=False)


def require_connections(hosts: Iterable[Host]) -> None:
    """Render every host's connection settings; raise one InputError with all their faults."""
    problems: list[Problem] = []
    for host in hosts:
        try:
            _ = host.connection
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)


def show(console: Console, report: Report, seconds: float, options: Options) -> None:
    """Print the changes that would be made, the failures and the recap; with ``--format json`` the document."""
    if not report.outcomes:
        console.print("nothing to do: none of the selected hosts has a part in storage.yml")
    for line in text.planned_text(report.outcomes, diff=options.diff):
        console.print(line)
    for outcome in report.outcomes:
        for line in text.failure_text(outcome):
            console.print(line)
    for line in text.remarks_text(report.outcomes):
        console.print(line)
    for line in text.recap_text(report.outcomes, seconds):
        console.print(line)
    if options.json:
        document.write_json(document.hosts_document(report.outcomes))
