"""The reference of the tasks as Markdown, made from the tasks themselves: docs/tasks.md is its output."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from mountwright.cli.program import load_namespace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from invoke.collection import Collection
    from invoke.parser.argument import Argument

_HEAD = """# The tasks

`inv TASK` in a checkout and `mountwright TASK` where it is installed are the same program. This page is made from the
tasks themselves (`python -m mountwright.cli.reference > docs/tasks.md`); `inv --help TASK` says the same.

## Exit codes

| Code | Meaning |
|---|---|
| 0 | nothing to change, or everything changed as planned; for `verify` and `doctor`: no error found |
| 1 | an error: bad input, a host that failed or could not be reached, a failed check |
| 2 | check mode only: no error, and something would change |
"""


def pages(namespace: Collection) -> Iterator[str]:
    """The page, piece by piece."""
    yield _HEAD
    for name in sorted(namespace.task_names, key=lambda name: ("." in name, name)):
        task = namespace[name]
        yield f"\n## `{name}`\n\n{(task.__doc__ or '').strip()}\n"
        arguments = task.get_arguments()
        if arguments:
            yield "\n| Option | Meaning |\n|---|---|\n"
            yield from sorted(_row(argument) for argument in arguments)


def _row(argument: Argument) -> str:
    # Invoke puts the one-letter form wherever it found it; a person reads the short one first.
    names = sorted((name.replace("_", "-") for name in argument.names), key=len)
    flags = ", ".join(f"-{name}" if len(name) == 1 else f"--{name}" for name in names)
    value = "" if argument.kind is bool else " " + names[-1].upper().replace("-", "_")
    meaning = (argument.help or "").replace("|", "\\|")
    return f"| `{flags}{value}` | {meaning} |\n"


if __name__ == "__main__":
    sys.stdout.write("".join(pages(load_namespace())))
