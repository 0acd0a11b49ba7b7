"""Values that would do something if any shell, option parser or file format took them for more than text."""

from __future__ import annotations

TRAP = "mw-trap"
"""A program that must never run: its name stands wherever something could be executed."""

MARKER = "/tmp/mw-sprung"  # noqa: S108 - of a machine that is thrown away
"""The file that the trap makes, and that some values would make by themselves."""

HOSTILE = (
    f"$({TRAP})",
    f"$(touch {MARKER})",
    f"`{TRAP}`",
    f";{TRAP};",
    f"|{TRAP}",
    f"&&{TRAP}",
    f"a[$({TRAP})]",  # bash's arithmetic executes what stands in an index
    "${IFS}",
    "'",
    '"',
    f"'\"'$({TRAP})",
    f"'; {TRAP}; '",
    f"a\n{TRAP}\n",
    f"a\r{TRAP}",
    f"a\n#)(\n{TRAP}",
    "-rf",
    f"--help={TRAP}",
    " a  b ",
    "\\040",
    "\\",
    "\\\n",
    "%s%n",
    "*",
    "?",
    "[a-z]",
    "~root",
    "#a",
    "!a",
    "{{ 7 * 7 }}",
    "{% raw %}",
    "ümläut☃",
    "\u202e",
    "a\x00b",
    "\x1b[31m",
    "a" * 5000,
)


def spellings(legal: object) -> tuple[str, ...]:
    """The hostile values as they are, and behind what is legal in a place: what a lax check would let through."""
    if not isinstance(legal, str):
        return HOSTILE
    join = "/" if legal.startswith("/") else ""
    return (*HOSTILE, *(f"{legal}{join}{value}" for value in HOSTILE))


TRAP_PROGRAM = f"#!/bin/sh\n: >{MARKER}\n"
"""The trap's text."""
