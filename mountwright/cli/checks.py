"""The tasks that ask hosts and change nothing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from mountwright import doctor as doctors
from mountwright import verify as verification
from mountwright.cli.hosts import connector, load, require_connections, selected, show_warnings
from mountwright.report import judgement
from mountwright.report.console import Progress, make_console
from mountwright.report.document import write_json

if TYPE_CHECKING:
    from mountwright.cli.tasks import Options


def doctor(options: Options) -> int:
    """Run the preflight on the selected hosts; print what it found and return its exit code."""
    console = make_console(stderr=options.json)
    inventory, spec = load(options)
    hosts = selected(options, inventory)
    require_connections(hosts)
    show_warnings(console, inventory, spec)
    begun = time.monotonic()
    with connector(options) as connect, Progress(console, len(hosts), check=True, quiet=True) as progress:
        report = doctors.examine(hosts, spec, connect, progress, forks=options.forks)
    for line in judgement.doctor_text(report, time.monotonic() - begun):
        console.print(line)
    if options.json:
        write_json(report.as_json())
    return report.exit_code


def verify(options: Options) -> int:
    """Run the testinfra suite against the selected hosts; print the verdicts and return the exit code."""
    console = make_console(stderr=options.json)
    inventory, spec = load(options)
    hosts = selected(options, inventory)
    require_connections(hosts)
    show_warnings(console, inventory, spec)
    begun = time.monotonic()
    with connector(options) as connect, Progress(console, len(hosts), check=True, quiet=True) as progress:
        report = verification.run(hosts, spec, connect, progress, forks=options.forks)
    if report.empty:
        console.print("nothing to verify: none of the selected hosts has a part in storage.yml")
    else:
        for line in judgement.verify_text(report, time.monotonic() - begun):
            console.print(line)
    if options.json:
        write_json(report.as_json())
    return report.exit_code
