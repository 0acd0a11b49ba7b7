"""Ansible's INI format: ``[group]``, ``[group:children]``, ``[group:vars]`` and the lines in them."""

from __future__ import annotations

import ast
import re
import shlex
import warnings
from typing import TYPE_CHECKING, Any

from mountwright.inventory.draft import UNGROUPED, Draft
from mountwright.inventory.masking import is_secret
from mountwright.inventory.variables import Variable

if TYPE_CHECKING:
    from collections.abc import Callable

    from mountwright.inventory.draft import DraftGroup

_SECTION = re.compile(r"\[(?P<group>[^:\]\s]+)(?::(?P<kind>\w+))?\]\s*(?:#.*)?")
_CHILD = re.compile(r"(?P<group>[^:\]\s]+)\s*(?:#.*)?")


def read_ini(text: str, source: str) -> Draft:
    """Return what the file says. Faults are in the draft's ``problems``."""
    return _Reader(source).read(text)


class _Reader:
    def __init__(self, source: str) -> None:
        self.draft = Draft(source)
        self.declared = {UNGROUPED, "all"}
        self.named_by: dict[str, tuple[int, str]] = {}
        """Where a group was referred to that has no section of its own (yet)."""
        self.pending: dict[str, list[tuple[DraftGroup, int]]] = {}
        """Children whose section comes later: they become children there, which is what orders them in Ansible."""

    def read(self, text: str) -> Draft:
        # Lines before the first section are hosts without a group.
        group = self.draft.groups[UNGROUPED]
        take: Callable[[DraftGroup, str, int], None] = self._host_line
        for number, raw in enumerate(text.splitlines(), 1):
            line = raw.strip()
            if not line or line[0] in "#;":
                continue
            if any("\udc80" <= letter <= "\udcff" for letter in line):
                self.draft.fault(number, "is not UTF-8; save the file as UTF-8")
                continue
            section = _SECTION.fullmatch(line)
            if section:
                group, take = self._section(section["group"], section["kind"], number)
            elif line.startswith("[") and line.endswith("]"):
                self.draft.fault(number, f"{line} is no section: [GROUP], [GROUP:children] or [GROUP:vars], "
                                         "without spaces, was expected")  # fmt: skip
                take = _skip
            else:
                take(group, line, number)
        for name, (number, message) in self.named_by.items():
            if name not in self.declared:
                self.draft.fault(number, message)
        return self.draft

    def _section(
        self, name: str, kind: str | None, number: int
    ) -> tuple[DraftGroup, Callable[[DraftGroup, str, int], None]]:
        group = self.draft.add_group(name, number)
        if kind is None or kind in ("hosts", "children"):
            self.declared.add(name)
            for parent, line in self.pending.pop(name, ()):
                parent.children.setdefault(name, line)
            return group, self._child_line if kind == "children" else self._host_line
        if kind == "vars":
            self.named_by.setdefault(
                name, (number, f"[{name}:vars] is for a group that is not defined; add a section [{name}]")
            )
            return group, self._variable_line
        self.draft.fault(number, f"[{name}:{kind}] is of an unknown kind; children, vars and hosts are known")
        self.declared.add(name)
        return group, _skip

    def _host_line(self, group: DraftGroup, line: str, number: int) -> None:
        try:
            words = shlex.split(line, comments=True)
        except ValueError as error:
            self.draft.fault(number, f"the line can't be cut into words: {str(error).lower()}", group.name)
            return
        if not words:
            return
        if words[0] == "---":
            self.draft.fault(number, "--- begins a YAML file, but the file is read as INI; name it .yml", group.name)
            return
        variables: dict[str, Variable] = {}
        for word in words[1:]:
            name, equals, value = word.partition("=")
            if not equals or not name:
                last = next(reversed(variables), "")
                # What follows a password is likely to be the rest of it.
                what = f"the value of {last} is cut at a space; quote it" if is_secret(last) else (
                    f"{word!r} is no variable; NAME=VALUE was expected")  # fmt: skip
                self.draft.fault(number, what, group.name)
                continue
            variables[name] = Variable(literal(value), self.draft.source, number)
        self.draft.add_hosts(words[0], group, variables, number)

    def _variable_line(self, group: DraftGroup, line: str, number: int) -> None:
        name, equals, value = line.partition("=")
        if not equals or not name.strip():
            self.draft.fault(number, f"{line!r} is no variable; NAME=VALUE was expected", group.name)
            return
        self.draft.set_group_variable(group, name.strip(), literal(value.strip()), number)

    def _child_line(self, group: DraftGroup, line: str, number: int) -> None:
        match = _CHILD.fullmatch(line)
        if not match:
            self.draft.fault(number, f"{line!r} is no name of a group", group.name)
            return
        child = match["group"]
        self.named_by.setdefault(
            child, (number, f"[{group.name}:children] names the group {child}, which is not defined")
        )
        if child in self.draft.groups:
            group.children.setdefault(child, number)
        else:
            self.pending.setdefault(child, []).append((group, number))


def _skip(_group: DraftGroup, _line: str, _number: int) -> None:
    """Leave out the lines of a section that could not be understood."""


def literal(text: str) -> Any:
    """Return the value that ``text`` is as a Python literal (``8``, ``[1, 2]``, ``'x'``), else the text itself."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return text
    return _plain(value)


def _plain(value: Any) -> Any:
    """The literals that JSON has no form for, as Ansible turns them."""
    if isinstance(value, (list, tuple, set)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {
            key if isinstance(key, (str, int, float, type(None))) else str(key): _plain(item)
            for key, item in value.items()
        }
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if value is ...:
        return "..."
    return str(value) if isinstance(value, complex) else value
