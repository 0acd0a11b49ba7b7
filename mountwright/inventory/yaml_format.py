"""Ansible's YAML format: groups as mappings with ``hosts``, ``children`` and ``vars``."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from mountwright.inventory.draft import Draft, DraftGroup, bad_name
from mountwright.inventory.variables import Variable
from mountwright.yaml_lines import key_path

if TYPE_CHECKING:
    from mountwright.yaml_lines import Document

_KEYS = ("children", "hosts", "vars")
_Path = tuple[str, ...]


def read_yaml(document: Document) -> Draft:
    """Return what the file says. Faults are in the draft's ``problems``."""
    reader = _Reader(document)
    value = document.value
    if not value:
        reader.fault((), "is empty; groups were expected: all: {hosts: {NAME: }}")
    elif not isinstance(value, dict):
        reader.fault((), f"has to be a mapping of groups, not {_kind(value)}")
    elif "plugin" in value:
        reader.fault(
            ("plugin",),
            "configures an inventory plugin of Ansible, which can't be run here; "
            "save the result of ansible-inventory --list --yaml --export and use that",
        )
    else:
        for name, content in value.items():
            reader.group(name, content, ())
    return reader.draft


class _Reader:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.draft = Draft(document.source)

    def fault(self, path: tuple[Any, ...], message: str) -> None:
        self.draft.fault(self.document.line(path), message, key_path(path))

    def group(self, name: Any, content: Any, above: _Path) -> DraftGroup | None:
        """Take in one group and all below it; None when it has no usable name."""
        group = self._named(name, (*above, name))
        if group is not None and isinstance(content, dict):
            self._content(group, content, (*above, name))
        elif group is not None and content is not None:
            self.fault((*above, name), f"a group is a mapping with hosts, children and vars, not {_kind(content)}")
        return group

    def _named(self, name: Any, path: tuple[Any, ...]) -> DraftGroup | None:
        if not isinstance(name, str):
            self.fault(path, f"the name of a group has to be text, this is {name!r}; quote it")
            return None
        if bad := bad_name(name):
            self.fault(path, f"the group name {name!r} {bad}")
            return None
        return self.draft.add_group(name, self.document.line(path))

    def _content(self, group: DraftGroup, content: dict[str, Any], path: _Path) -> None:
        # The order of the keys in the file counts, as in Ansible.
        for key, value in content.items():
            if key == "vars":
                for variable, inner in self._section(content, key, path).items():
                    self._group_variable(group, variable, inner, (*path, key, variable))
            elif key == "children":
                self._children(group, self._section(content, key, path), (*path, key))
            elif key == "hosts":
                for pattern, variables in self._section(content, key, path).items():
                    self._host(group, pattern, variables, (*path, key, pattern))
            elif value is not None:
                near = difflib.get_close_matches(str(key), _KEYS, 1)
                hint = f"; did you mean {near[0]}?" if near else ""
                self.fault((*path, key), f"a group has hosts, children and vars, and no key {key!r}{hint}")

    def _children(self, group: DraftGroup, children: dict[Any, Any], path: _Path) -> None:
        for name, content in children.items():
            child = self.group(name, content, path)
            if child is not None:
                group.children.setdefault(child.name, self.document.line((*path, name)))

    def _section(self, content: dict[str, Any], key: str, path: _Path) -> dict[Any, Any]:
        value = content[key]
        if value is None:
            return {}
        if isinstance(value, str) and key != "vars":
            return {value: None}
        if isinstance(value, dict):
            return value
        example = "NAME: VALUE" if key == "vars" else "one NAME: a line, with a colon and without a dash"
        self.fault((*path, key), f"has to be a mapping ({example}), not {_kind(value)}")
        return {}

    def _group_variable(self, group: DraftGroup, name: Any, value: Any, path: tuple[Any, ...]) -> None:
        if not isinstance(name, str):
            self.fault(path, f"the name of a variable has to be text, this is {name!r}; quote it")
            return
        self.draft.set_group_variable(group, name, value, self.document.line(path))

    def _host(self, group: DraftGroup, pattern: Any, content: Any, path: tuple[Any, ...]) -> None:
        if not isinstance(pattern, str):
            self.fault(path, f"the name of a host has to be text, this is {pattern!r}; quote it")
            return
        if content and not isinstance(content, dict):
            self.fault(path, f"the variables of a host have to be a mapping, not {_kind(content)}")
            return
        variables = {}
        for name, value in (content or {}).items():
            if isinstance(name, str):
                variables[name] = Variable(value, self.draft.source, self.document.line((*path, name)))
            else:
                self.fault((*path, name), f"the name of a variable has to be text, this is {name!r}; quote it")
        self.draft.add_hosts(pattern, group, variables, self.document.line(path))


def _kind(value: Any) -> str:
    if isinstance(value, list):
        return "a list"
    if isinstance(value, str):
        return "text"
    return f"{value!r}"
