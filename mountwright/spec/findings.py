"""What the checks find, at its place in the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mountwright.errors import Problem
    from mountwright.spec.problems import Path
    from mountwright.yaml_lines import Document


class Findings:
    """Collects errors and warnings.

    Checks run on what of the file is valid, so their list indices may differ from those in the file: ``kept`` maps
    the path of each list to the indices that its remaining items have in the file, ``left_out`` to the items that
    did not remain, as they were read.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self.errors: list[Problem] = []
        self.warnings: list[Problem] = []
        self.kept: dict[Path, list[int]] = {}
        self.left_out: dict[Path, list[Any]] = {}
        self.faulty: set[Path] = set()

    def error(self, path: Path, message: str) -> None:
        """Note what keeps the file from being used."""
        self.faulty.add(self.in_file(path))
        self.errors.append(self.document.problem(self.in_file(path), message))

    def warn(self, path: Path, message: str) -> None:
        """Note what is allowed but worth a look."""
        self.warnings.append(self.document.problem(self.in_file(path), message))

    def place(self, path: Path) -> str:
        """A place as other messages refer to it: ``nfs.exports[0] (line 7)``."""
        problem = self.document.problem(self.in_file(path), "")
        return f"{problem.key} (line {problem.line})"

    def in_file(self, path: Path) -> Path:
        """The path with the list indices that the file has."""
        steps: list[str | int] = []
        for index, step in enumerate(path):
            kept = self.kept.get(path[:index]) if isinstance(step, int) else None
            steps.append(kept[step] if kept and isinstance(step, int) else step)
        return tuple(steps)
