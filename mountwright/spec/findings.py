"""What the checks find, at its place in the file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mountwright.errors import Problem
from mountwright.spec.pools import Origins
from mountwright.yaml_lines import key_path

if TYPE_CHECKING:
    from mountwright.spec.problems import Path
    from mountwright.yaml_lines import Document


class Findings:
    """Collects errors and warnings; what holds for many items of one entry is said once.

    Checks run on what of the file is valid, so their list indices may differ from those in the file: ``kept`` maps
    the path of each list to the indices that its remaining items have in the file, ``left_out`` to the items that
    did not remain, as they were read. ``origins`` leads from there to the entries of the file.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self.errors: list[Problem] = []
        self.warnings: list[Problem] = []
        self.kept: dict[Path, list[int]] = {}
        self.left_out: dict[Path, list[Any]] = {}
        self.faulty: set[Path] = set()
        self.origins = Origins()
        self._said: set[tuple[Path, str]] = set()

    def error(self, path: Path, message: str) -> None:
        """Note what keeps the file from being used."""
        self.faulty.add(self.in_file(path))
        if self._is_new(path, message):
            self.errors.append(self._problem(path, message))

    def warn(self, path: Path, message: str) -> None:
        """Note what is allowed but worth a look."""
        if self._is_new(path, message):
            self.warnings.append(self._problem(path, message))

    def place(self, path: Path) -> str:
        """A place as other messages refer to it: ``nfs.exports[0] (line 7)``."""
        problem = self._problem(path, "")
        return f"{problem.key} (line {problem.line})"

    def _is_new(self, path: Path, message: str) -> bool:
        """Whether it was not yet said of another item that the same entry made: numbers and hints may differ."""
        if not self.origins.pooled(self._among_items(path)):
            return True
        said = (self.in_file(path), re.sub(r"[0-9]+", "", message.partition(";")[0]))
        new = said not in self._said
        self._said.add(said)
        return new

    def _problem(self, path: Path, message: str) -> Problem:
        place = self.in_file(path)
        # A key that is empty or has control characters is shown as a literal: a message is one line.
        shown = tuple(
            repr(step) if isinstance(step, str) and not (step and step.isprintable()) else step for step in place
        )
        return Problem(self.document.source, self.document.line(place), key_path(shown), message)

    def in_file(self, path: Path) -> Path:
        """The path that the file has for it."""
        return self.origins.in_file(self._among_items(path))

    def _among_items(self, path: Path) -> Path:
        """The path with the list indices that the items had before faulty ones were left out."""
        steps: list[str | int] = []
        for index, step in enumerate(path):
            kept = self.kept.get(path[:index]) if isinstance(step, int) else None
            steps.append(kept[step] if kept and isinstance(step, int) else step)
        return tuple(steps)
