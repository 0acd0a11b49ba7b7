"""What every task has in common: its options, and how errors become messages and exit codes."""

from __future__ import annotations

import functools
import inspect
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from invoke.exceptions import Exit
from invoke.tasks import Task

from mountwright.errors import HostError, InputError, MountwrightError
from mountwright.paths import bundled

if TYPE_CHECKING:
    from collections.abc import Callable

    from invoke.context import Context

INVENTORY_VARIABLE = "MOUNTWRIGHT_INVENTORY"
FORKS = 32

_HELP = {
    "inventory": "inventory folder or file (default: $MOUNTWRIGHT_INVENTORY, then invoke.yaml)",
    "limit": "only these hosts: names, groups, globs, a:b, !c, &d, node[01:10], @file",
    "check": "change nothing; say what would change (exit code 2 when something would)",
    "diff": "show unified diffs of what changes",
    "format": "text, or json: one document on stdout, everything else on stderr",
    "forks": f"how many hosts at the same time (default: {FORKS})",
    "ask_become_pass": "ask for the sudo password",
}


@dataclass(frozen=True)
class Options:
    """The options that every task touching hosts takes, as cli.md of the docs lists them."""

    inventory: Path
    limit: str = ""
    check: bool = False
    diff: bool = False
    format: str = "text"
    forks: int = FORKS
    ask_become_pass: bool = False

    @property
    def json(self) -> bool:
        """Whether the report is one JSON document on stdout."""
        return self.format == "json"


def find_inventory(given: str | None, configured: str | None, instead: str = "") -> Path:
    """Return the inventory's path: the option, else the environment, else Invoke's configuration.

    ``instead`` is the task's option with which it would need none, or "". Raises InputError.
    """
    text = given or os.environ.get(INVENTORY_VARIABLE) or configured
    if not text:
        without = f"; or name files without one: --{instead}" if instead else ""
        raise InputError(
            "no inventory was given: say -i inventories/NAME, set MOUNTWRIGHT_INVENTORY, or put "
            f"'mountwright: {{inventory: inventories/NAME}}' into invoke.yaml{without}"
        )
    path = Path(text).expanduser()
    if not path.exists():
        raise InputError(f"the inventory {path} does not exist; it is a folder with a hosts.yml, or such a file")
    return path


def host_task(
    *,
    leave_out: tuple[str, ...] = (),
    instead_of_inventory: str = "",
    help: dict[str, str] | None = None,  # noqa: A002 - Invoke's own word
) -> Callable[..., Task[Any]]:
    """Make a task that touches hosts out of ``function(options, **own)``, which returns its exit code.

    The task takes the options of :class:`Options` (but those left out) and then the function's own; its docstring
    is the task's help. ``instead_of_inventory`` names one of the function's own options: where it is given, the task
    needs no inventory, and ``options.inventory`` is then only what ``-i`` named, or an empty path.
    """

    def decorate(function: Callable[..., int]) -> Task[Any]:
        own = list(inspect.signature(function).parameters.values())[1:]
        common = [
            inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=default)
            for name, default in {
                "inventory": None,
                "limit": "",
                "check": False,
                "diff": False,
                "format": "text",
                "forks": "",
                "ask_become_pass": False,
            }.items()
            if name not in leave_out
        ]

        @functools.wraps(function)
        def body(context: Context, **given: Any) -> None:
            with_own = {parameter.name: given.pop(parameter.name) for parameter in own}
            needed = not with_own.get(instead_of_inventory)
            finish(
                lambda: function(_options(context, given, instead_of_inventory, inventory_needed=needed), **with_own)
            )

        first = inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        # What has no default is positional to Invoke (`k8s.reclaim NAME`), and comes first in Python too.
        in_order = sorted([*common, *own], key=lambda each: each.default is not inspect.Parameter.empty)
        body.__signature__ = inspect.Signature([first, *in_order])  # type: ignore[attr-defined]  # what Invoke reads
        texts = {_option(name): text for name, text in {**_HELP, **(help or {})}.items()}
        wanted = {_option(parameter.name) for parameter in (*common, *own)}
        return Task(body, help={name: text for name, text in texts.items() if name in wanted}, optional=())

    return decorate


def _option(parameter: str) -> str:
    """The option's name as Invoke makes it: ``class_``, which can't be ``class`` in Python, is ``--class``."""
    return parameter.strip("_").replace("_", "-")


def plain_task(
    *,
    help: dict[str, str] | None = None,  # noqa: A002 - Invoke's own word
    checkout_only: bool = False,
) -> Callable[..., Task[Any]]:
    """Make a task that touches no hosts out of ``function(**own)``, which returns its exit code.

    ``checkout_only``: it needs the lab, which is not installed with the package; there it says so.
    """

    def decorate(function: Callable[..., int]) -> Task[Any]:
        own = list(inspect.signature(function).parameters.values())

        @functools.wraps(function)
        def body(_context: Context, **given: Any) -> None:
            finish(lambda: _in_checkout(function, given) if checkout_only else function(**given))

        first = inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        body.__signature__ = inspect.Signature([first, *own])  # type: ignore[attr-defined]  # what Invoke reads
        return Task(body, help=help or {})

    return decorate


def _in_checkout(function: Callable[..., int], given: dict[str, Any]) -> int:
    try:
        bundled("tests/lab")
    except FileNotFoundError:
        raise InputError("this task needs the lab, which is part of the source repository: run it there") from None
    return function(**given)


def _options(context: Context, given: dict[str, Any], instead: str, *, inventory_needed: bool) -> Options:
    named = given.pop("inventory")
    if named or inventory_needed:
        inventory = find_inventory(named, context.config.get("mountwright", {}).get("inventory"), instead)
    else:
        inventory = Path()
    if given["format"] not in ("text", "json"):
        raise InputError(f"--format is text or json, not {given['format']!r}")
    # A string to Invoke, which would answer a word that is no number with a traceback.
    forks = given.pop("forks", "") or str(FORKS)
    if not forks.isdecimal() or int(forks) < 1:
        raise InputError(f"--forks is a number from 1 up, not {forks!r}")
    return Options(inventory=inventory, forks=int(forks), **given)


def finish(work: Callable[[], int]) -> None:
    """Do a task's work; turn its errors into a message on stderr, and end with its exit code."""
    try:
        code = work()
    except MountwrightError as error:
        sys.stderr.write(f"{error_text(error)}\n")
        raise Exit(code=1) from None
    except BrokenPipeError:
        discard_output()
        raise Exit(code=1) from None
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        raise Exit(code=1) from None
    if code:
        raise Exit(code=code)


def discard_output() -> None:
    """Write to nowhere from now on: the reader of our output (head, a pager) has seen enough."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def error_text(error: MountwrightError) -> str:
    """What a person is told about an error that ended the task: each problem on a line of its own."""
    from mountwright.report.text import printable, told

    if isinstance(error, InputError):
        # Names that were found in files may have line ends, or what moves a terminal's cursor.
        lines = [f"error: {told(str(problem))}" for problem in error.problems]
        if len(lines) > 1:
            lines.append(f"{len(lines)} errors; nothing was connected to, nothing was changed")
        return "\n".join(lines)
    if isinstance(error, HostError) and error.output:
        return "\n".join([f"error: {error}", *(f"  | {printable(line)}" for line in error.output)])
    return f"error: {error}"
