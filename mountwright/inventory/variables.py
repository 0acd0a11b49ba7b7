"""Variables and where they come from; the files of ``group_vars/`` and ``host_vars/``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mountwright.errors import InputError, Problem
from mountwright.yaml_lines import load

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_EXTENSIONS = (".yml", ".yaml", ".json")


class Variable(NamedTuple):
    """A value as it was written (Jinja not rendered) and its place: the file, and the line from 1."""

    value: Any
    source: str
    line: int

    @property
    def origin(self) -> str:
        """``file:line``."""
        return f"{self.source}:{self.line}" if self.line else self.source

    def problem(self, key: str, message: str) -> Problem:
        """Return a Problem at the variable's place."""
        return Problem(self.source, self.line, key, message)


class VariableFiles:
    """One folder ``group_vars`` or ``host_vars``, listed once, its files read on demand.

    The rules are those of Ansible's ``host_group_vars``: for a name the first of NAME, NAME.yml, NAME.yaml and
    NAME.json that exists is taken, and only that one; a folder is read with its sub-folders, in sorted order.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            self._present = {entry.name for entry in folder.iterdir()} if folder.is_dir() else set()
        except OSError as error:
            raise InputError(Problem(str(folder), 0, "", f"can't be read: {error.strerror}")) from None

    def read(self, name: str) -> dict[str, Variable]:
        """Return the variables of the group or host ``name``. Raises InputError with the faults of all its files."""
        merged: dict[str, Variable] = {}
        problems: list[Problem] = []
        for path in self._files(name):
            try:
                merged.update(read_variables(path))
            except InputError as error:
                problems += error.problems
        if problems:
            raise InputError(problems)
        return merged

    def shadowed(self, name: str) -> list[Problem]:
        """Return a warning for every file of ``name`` that is not read because another one comes first."""
        found = [name + extension for extension in ("", *_EXTENSIONS) if name + extension in self._present]
        return [
            Problem(str(self._folder / other), 0, "", f"is not read: {self._folder / found[0]} takes its place")
            for other in found[1:]
        ]

    def stems(self) -> set[str]:
        """The names that the folder has variables for."""
        return {
            name.removesuffix(Path(name).suffix) if Path(name).suffix in _EXTENSIONS else name
            for name in self._present
            if not _ignored(name)
        }

    def _files(self, name: str) -> list[Path]:
        if not self._present or name.startswith("/"):
            return []
        for extension in ("", *_EXTENSIONS):
            if name + extension in self._present:
                path = self._folder / (name + extension)
                try:
                    return sorted_files(path) if path.is_dir() else [path]
                except OSError as error:
                    raise InputError(Problem(str(path), 0, "", f"can't be read: {error.strerror}")) from None
        return []


def _ignored(name: str) -> bool:
    return name.startswith(".") or name.endswith("~")


def sorted_files(folder: Path) -> list[Path]:
    """Return the variable files in ``folder`` and below in the order in which they are read.

    Left out, as by Ansible: hidden files, backups (``~``), sub-folders with a dot in their name, and files with
    another extension than .yml, .yaml, .json or none.
    """
    found: list[Path] = []
    for path in sorted(folder.iterdir()):
        if _ignored(path.name):
            continue
        if path.is_dir():
            if not path.suffix:
                found += sorted_files(path)
        elif not path.suffix or path.suffix in _EXTENSIONS:
            found.append(path)
    return found


def read_variables(path: Path) -> dict[str, Variable]:
    """Return the variables in one file; none when it is empty. Raises InputError when it is no mapping."""
    document = load(path)
    if not document.value:
        return {}
    if not isinstance(document.value, dict):
        raise InputError(document.problem((), "has to be a mapping of variables: NAME: VALUE"))
    wrong = [
        document.problem((key,), f"the name of a variable has to be text, this is {key!r}; quote it")
        for key in document.value
        if not isinstance(key, str)
    ]
    if wrong:
        raise InputError(wrong)
    return {key: Variable(value, str(path), document.line((key,))) for key, value in document.value.items()}


def merge(layers: Iterable[Mapping[str, Variable]]) -> dict[str, Variable]:
    """Return the layers on top of each other; a later one replaces whole values (Ansible's hash_behaviour)."""
    merged: dict[str, Variable] = {}
    for layer in layers:
        merged.update(layer)
    return merged
