"""The task that tries storage with pods."""

from __future__ import annotations

import signal
import sys
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, NoReturn

from pydantic import ValidationError

from mountwright.cli import cluster
from mountwright.cli.hosts import connector, load, show_warnings
from mountwright.errors import InputError
from mountwright.kubernetes.kubectl import Access, Kubectl
from mountwright.kubernetes.rendering import render_objects
from mountwright.kubernetes.smoke.choice import choose, declared_targets
from mountwright.kubernetes.smoke.objects import Run, stream
from mountwright.kubernetes.smoke.run import SmokeRun
from mountwright.report.console import make_console
from mountwright.report.document import write_json
from mountwright.report.smokes import note_text, smokes_text
from mountwright.report.text import printable
from mountwright.spec.smoke import Smoke

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from mountwright.cli.tasks import Options
    from mountwright.inventory import Inventory
    from mountwright.kubernetes.smoke.choice import Chosen
    from mountwright.spec import StorageSpec


def smoke(options: Options, words: dict[str, str], *, apply: bool, keep: bool) -> int:
    """Render, or run, trials of storage; return the exit code. ``words`` are the task's options that are text."""
    inventory, spec = load(options)
    run = _run(spec, words, keep=keep)
    manifests = render_objects(spec, secrets=False)
    for option in ("class", "volume"):
        if words[option]:
            cluster.require_name(f"--{option}", words[option])
    chosen = choose(
        spec,
        manifests,
        storage_class=words["class"],
        volume=words["volume"],
        export=words["export"],
        consumer=words["consumer"],
    )
    progress = make_console(stderr=True)
    show_warnings(progress, inventory, spec)
    if apply:
        return _apply(options, inventory, spec, chosen=chosen, run=run, progress=progress)
    targets, notes = declared_targets(chosen.wishes, manifests, run.settings.capacity)
    for note in (*chosen.notes, *notes):
        progress.print(note_text(note))
    text = stream(run, targets) if targets else ""
    if options.json:
        write_json({"namespace": run.namespace, "yaml": text, "notes": [*chosen.notes, *notes]})
    else:
        sys.stdout.write(text)
    return 0


def _apply(
    options: Options, inventory: Inventory, spec: StorageSpec, *, chosen: Chosen, run: Run, progress: Console
) -> int:
    host = cluster.host_of(options, inventory, spec)
    access = Access.of(cluster.settings_of(spec))
    for note in chosen.notes:
        progress.print(note_text(note))
    begun = time.monotonic()

    def say(line: str) -> None:
        progress.print(f"{printable(line)} ...", markup=False)

    with ExitStack() as opened, _signals_interrupt():
        connect = opened.enter_context(connector(options))

        def kubectl() -> Kubectl:
            say(f"connecting to {host.name}")
            transport = connect.connect(host.name, host.connection)
            opened.callback(transport.close)
            return Kubectl(transport, access)

        report = SmokeRun(kubectl, run, say).trials(chosen.wishes)
    shown = make_console(stderr=options.json)
    for line in smokes_text(report, time.monotonic() - begun):
        shown.print(line)
    if options.json:
        write_json(report.as_json())
    return report.exit_code


@contextmanager
def _signals_interrupt() -> Iterator[None]:
    """Let an end of the session or of the job clean up as Ctrl-C does."""

    def interrupt(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    before = {each: signal.signal(each, interrupt) for each in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _run(spec: StorageSpec, words: dict[str, str], *, keep: bool) -> Run:
    """The run that the options ask for. Raises InputError."""
    for option in ("node", "namespace"):
        if words[option]:
            cluster.require_name(f"--{option}", words[option])
    timeout = words["timeout"]
    if not timeout.isdecimal() or int(timeout) < 1:
        raise InputError(f"--timeout is a number of seconds from 1 up, not {timeout!r}")
    return Run(
        _settings(spec.kubernetes.smoke if spec.kubernetes else Smoke(), words["image"], words["user"]),
        given_namespace=words["namespace"],
        node=words["node"],
        timeout=int(timeout),
        keep=keep,
    )


def _settings(declared: Smoke, image: str, user: str) -> Smoke:
    """What storage.yml says about the pods, but for what the options say."""
    values = declared.model_dump()
    if image:
        values["image"] = image
    if user:
        values["user"] = int(user) if user.isdecimal() else user
    try:
        return Smoke.model_validate(values)
    except ValidationError as error:
        faults = [f"--{detail['loc'][0]}: {detail['msg']}" for detail in error.errors(include_url=False)]
        raise InputError("; ".join(faults)) from None
