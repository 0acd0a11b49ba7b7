"""Single fields of an object that nobody has validated: the right type, or a problem with its place."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from mountwright.errors import Problem
from mountwright.kubernetes.binding.objects import ABBREVIATIONS, Operator, Requirement
from mountwright.spec.quantity import size_in_bytes
from mountwright.yaml_lines import key_path

if TYPE_CHECKING:
    from mountwright.kubernetes.manifests import Manifest

_size = lru_cache(maxsize=4096)(size_in_bytes)
_MODES = ", ".join(ABBREVIATIONS)


class Fields:
    """Reads one object (or, with ``prefix``, an object inside of it) and collects its faults in ``problems``."""

    def __init__(self, manifest: Manifest, problems: list[Problem], prefix: tuple[str | int, ...] = ()) -> None:
        self._manifest = manifest
        self._problems = problems
        self._prefix = prefix
        data: Any = manifest.data
        for step in prefix:
            data = data[step]
        self._data = data

    def get(self, *path: str) -> Any:
        """The value at a path; None where it, or something on the way to it, is not there."""
        value = self._data
        for depth, step in enumerate(path):
            if value is None:
                return None
            if not isinstance(value, dict):
                self.fault(path[:depth], f"is {_kind(value)}, not a mapping")
                return None
            value = value.get(step)
        return value

    def text(self, *path: str) -> str:
        """The text at a path, or "" where there is none."""
        value = self.get(*path)
        if value is None or isinstance(value, str):
            return value or ""
        self.fault(path, f"is {_kind(value)}, not text: put it in quotes")
        return ""

    def required(self, *path: str) -> str:
        """The text at a path; a fault where it is missing or empty."""
        value = self.text(*path)
        if not value and self.get(*path) in (None, ""):
            self.fault(path, "is missing")
        return value

    def texts(self, *path: str) -> dict[str, str]:
        """The mapping of texts at a path (labels, annotations), or an empty one."""
        value = self.get(*path)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.fault(path, f"is {_kind(value)}, not a mapping")
            return {}
        for key, item in value.items():
            if not isinstance(item, str) or not isinstance(key, str):
                self.fault((*path, key), f"is {_kind(item)}, not text: put it in quotes")
        return {key: item for key, item in value.items() if isinstance(item, str)}

    def size(self, *path: str) -> tuple[int, str]:
        """The quantity at a path in bytes, and as written."""
        value = self.get(*path)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            value = str(value)
        if value is None:
            self.fault(path, "is missing; expected a size like 10Gi")
        elif isinstance(value, str):
            try:
                return _size(value), value
            except ValueError:
                self.fault(path, f"{value!r} is no Kubernetes quantity; expected a size like 10Gi")
        else:
            self.fault(path, f"is {_kind(value)}, not a size like 10Gi")
        return 0, "0"

    def modes(self) -> frozenset[str]:
        """``spec.accessModes``, of which there is at least one."""
        path = ("spec", "accessModes")
        value = self.get(*path)
        if not isinstance(value, list) or not value:
            self.fault(path, f"is {_kind(value)}; expected a list with one or more of {_MODES}")
            return frozenset()
        for index, mode in enumerate(value):
            if mode not in ABBREVIATIONS:
                self.fault((*path, index), f"{mode!r} is no access mode; expected one of {_MODES}")
        return frozenset(mode for mode in value if mode in ABBREVIATIONS)

    def choice(self, *path: str, default: str, choices: tuple[str, ...]) -> str:
        """One of a few words at a path."""
        value = self.text(*path)
        if value and value not in choices:
            self.fault(path, f"{value!r} is not known; expected {' or '.join(choices)}")
        return value or default

    def selector(self) -> tuple[Requirement, ...] | None:
        """``spec.selector`` as requirements; None where there is none."""
        path = ("spec", "selector")
        if self.get(*path) is None:
            return None
        found = [
            Requirement(key, Operator.IN, frozenset([value]))
            for key, value in self.texts(*path, "matchLabels").items()
        ]
        expressions = self.get(*path, "matchExpressions") or []
        if not isinstance(expressions, list):
            self.fault((*path, "matchExpressions"), f"is {_kind(expressions)}, not a list")
            expressions = []
        for index, expression in enumerate(expressions):
            requirement = self._requirement(expression, (*path, "matchExpressions", index))
            if requirement:
                found.append(requirement)
        return tuple(found)

    def _requirement(self, expression: Any, path: tuple[str | int, ...]) -> Requirement | None:
        words = [each.value for each in Operator]
        if not isinstance(expression, dict) or not isinstance(expression.get("key"), str):
            self.fault(path, "is no requirement; expected key, operator and (for In, NotIn) values")
            return None
        operator, values = expression.get("operator"), expression.get("values") or []
        if operator not in words:
            self.fault((*path, "operator"), f"{operator!r} is not known; expected one of {', '.join(words)}")
            return None
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            self.fault((*path, "values"), "is no list of texts")
            return None
        wanted = Operator(operator) in (Operator.IN, Operator.NOT_IN)
        if wanted is not bool(values):
            self.fault((*path, "values"), f"{operator} {'needs values' if wanted else 'takes no values'}")
            return None
        return Requirement(expression["key"], Operator(operator), frozenset(values))

    def fault(self, path: tuple[str | int, ...], message: str) -> None:
        """Note a fault of the object at a path."""
        whole = (*self._prefix, *path)
        manifest = self._manifest
        place = key_path(whole)
        text = f"{manifest.object}: {message}"
        self._problems.append(Problem(manifest.source, manifest.line(whole), place, text))


def _kind(value: Any) -> str:
    if value is None:
        return "missing"
    names = {
        bool: "true or false",
        int: "a number",
        float: "a number",
        str: "text",
        list: "a list",
        dict: "a mapping",
    }
    return names.get(type(value), "something else")
