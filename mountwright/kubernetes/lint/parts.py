"""What the checks look at: an object, or an object inside of it, and what they find there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mountwright.kubernetes.manifests import Manifest

Step = str | int


@dataclass(frozen=True)
class Fault:
    """A rule that is broken: at which object, at which path in it, and how. ``remedy`` is "" for the rule's own."""

    rule: str
    manifest: Manifest
    path: tuple[Step, ...]
    message: str
    remedy: str = ""


@dataclass(frozen=True)
class Part:
    """A mapping in an object (or the whole of it), which nobody has validated: what is of a wrong type is absent.

    ``path`` is its place in the object; the paths of the methods begin at the part.
    """

    manifest: Manifest
    path: tuple[Step, ...]
    data: dict[Any, Any]

    def get(self, *path: Step) -> Any:
        """The value at a path; None where there is none."""
        value: Any = self.data
        for step in path:
            if isinstance(value, dict):
                value = value.get(step)
            elif isinstance(value, list) and isinstance(step, int) and step < len(value):
                value = value[step]
            else:
                return None
        return value

    def text(self, *path: Step) -> str:
        """The text at a path, or ""."""
        value = self.get(*path)
        return value if isinstance(value, str) else ""

    def mapping(self, *path: Step) -> dict[Any, Any]:
        """The mapping at a path, or an empty one."""
        value = self.get(*path)
        return value if isinstance(value, dict) else {}

    def items(self, *path: Step) -> list[Any]:
        """The list at a path, or an empty one."""
        value = self.get(*path)
        return value if isinstance(value, list) else []

    def texts(self, *path: Step) -> list[str]:
        """The texts in the list at a path."""
        return [item for item in self.items(*path) if isinstance(item, str)]

    def part(self, *path: Step) -> Part:
        """The mapping at a path as a part, or an empty one."""
        return Part(self.manifest, (*self.path, *path), self.mapping(*path))

    def parts(self, *path: Step) -> Iterator[Part]:
        """The mappings in the list at a path."""
        for index, item in enumerate(self.items(*path)):
            if isinstance(item, dict):
                yield Part(self.manifest, (*self.path, *path, index), item)

    def fault(self, rule: str, path: tuple[Step, ...], message: str, remedy: str = "") -> Fault:
        """A fault at a path of the part."""
        return Fault(rule, self.manifest, (*self.path, *path), message, remedy)
