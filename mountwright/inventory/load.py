"""From a folder or file to an Inventory: find the files, read them, merge the variables."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mountwright.errors import InputError, Problem
from mountwright.inventory.draft import ALL, Draft
from mountwright.inventory.graph import Graph
from mountwright.inventory.ini_format import read_ini
from mountwright.inventory.model import Group, Host, Inventory
from mountwright.inventory.rendering import Neighbourhood
from mountwright.inventory.variables import Variable, VariableFiles, merge
from mountwright.inventory.yaml_format import read_yaml
from mountwright.text_files import read_text
from mountwright.yaml_lines import parse

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_NAMES = ("hosts.yml", "hosts.yaml", "hosts.ini", "inventory.ini", "inventory.yml", "inventory.yaml", "hosts")
_YAML = (".yml", ".yaml", ".json")


def load_inventory(path: Path) -> Inventory:
    """Read an inventory: a folder with one of ``hosts.yml``, ``hosts.ini``, ``inventory.ini`` ..., or such a file.

    ``group_vars/``, ``host_vars/`` and ``storage.yml`` are looked for beside the file. Raises InputError with all
    faults that can be found.
    """
    file = find_file(path)
    draft = read_hosts(file)
    graph = Graph(draft)
    group_files, host_files = VariableFiles(file.parent / "group_vars"), VariableFiles(file.parent / "host_vars")
    group_variables = _read_all(group_files, draft.groups, draft)
    host_variables = _read_all(host_files, draft.hosts, draft)
    if draft.problems:
        raise InputError(draft.problems)
    warnings = [warning for name in draft.groups for warning in group_files.shadowed(name)]
    warnings += [warning for name in host_variables for warning in host_files.shadowed(name)]
    warnings += _oddities(file.parent, draft, group_files, host_files)
    memberships = graph.memberships()
    members = {name: tuple(graph.hosts(name)) for name in draft.groups}
    order = _Precedence(draft, graph, group_variables)
    neighbourhood = Neighbourhood(
        _Merged(draft, host_variables, lambda host: order.of(memberships[host])),
        members,
        {"inventory_dir": str(file.parent.absolute()), "inventory_file": str(file.absolute())},
    )
    hosts = {
        name: Host(name, tuple(sorted(group for group in memberships[name] if group != ALL)), neighbourhood)
        for name in draft.hosts
    }
    groups = {
        name: Group(
            name=name,
            hosts=members[name],
            children=tuple(graph.children[name]),
            depth=graph.depth[name],
            vars=_values(draft.groups[name].variables, group_variables.get(name, {})),
        )
        for name in draft.groups
    }
    storage = next(
        (path for path in (file.parent / "storage.yml", file.parent / "storage.yaml") if path.is_file()), None
    )
    return Inventory(
        file, file.parent, storage, MappingProxyType(hosts), MappingProxyType(groups), tuple(sorted(set(warnings)))
    )


def find_file(path: Path) -> Path:
    """Return the inventory file that ``path`` means. Raises InputError when there is none, or more than one."""
    try:
        if path.is_file():
            return path
        if not path.is_dir():
            message = "does not exist; an inventory is a folder with a hosts.yml, or such a file"
            raise InputError(Problem(str(path), 0, "", message))
        found = [path / name for name in _NAMES if (path / name).is_file()]
    except OSError as error:
        raise InputError(Problem(str(path), 0, "", f"can't be read: {error.strerror}")) from None
    if not found:
        raise InputError(Problem(str(path), 0, "", f"has no inventory file; one of {', '.join(_NAMES)} was expected"))
    if len(found) > 1:
        names = ", ".join(file.name for file in found)
        message = f"has more than one inventory file ({names}); name the one that is meant: -i {found[0]}"
        raise InputError(Problem(str(path), 0, "", message))
    return found[0]


def read_hosts(file: Path) -> Draft:
    """Read the inventory file in the format that its name tells; a name without extension may be either."""
    source = str(file)
    if file.suffix == ".toml":
        raise InputError(Problem(source, 0, "", "is TOML, which is not supported; write it as YAML or INI"))
    if file.suffix in _YAML:
        return read_yaml(parse(read_text(file), source))
    text = read_text(file, errors="surrogateescape")
    if text.startswith("#!"):
        message = "is a program (dynamic inventory), which is not run; save its result as YAML and use that"
        raise InputError(Problem(source, 1, "", message))
    if file.suffix or _begins_with_section(text):
        return read_ini(text, source)
    try:
        document = parse(text, source)
    except InputError:
        if text.lstrip().startswith(("---", "{")):
            raise
        return read_ini(text, source)
    return read_yaml(document) if isinstance(document.value, dict) else read_ini(text, source)


def _begins_with_section(text: str) -> bool:
    lines = (line.strip() for line in text.splitlines())
    return next((line for line in lines if line and line[0] not in "#;"), "").startswith("[")


def _read_all(files: VariableFiles, names: Mapping[str, object], draft: Draft) -> dict[str, dict[str, Variable]]:
    """The variables that ``files`` holds for each of ``names``; faults go to the draft."""
    found: dict[str, dict[str, Variable]] = {}
    for name in names:
        try:
            variables = files.read(name)
        except InputError as error:
            draft.problems += error.problems
            continue
        if variables:
            found[name] = variables
    return found


def _oddities(folder: Path, draft: Draft, group_files: VariableFiles, host_files: VariableFiles) -> Iterator[Problem]:
    """Names that are both, and files of variables whose name is nearly that of a group or host."""
    for name in draft.groups:
        if name in draft.hosts:
            yield Problem(draft.source, draft.groups[name].line, name, "is the name of a group and of a host")
    for files, known, kind in ((group_files, draft.groups, "group"), (host_files, draft.hosts, "host")):
        for stem in files.stems():
            near = [] if stem in known else difflib.get_close_matches(stem, known, 1, 0.8)
            if near:
                message = f"is for no {kind} of the inventory; is {near[0]} meant?"
                yield Problem(str(folder / f"{kind}_vars" / stem), 0, "", message)


def _values(*layers: Mapping[str, Variable]) -> dict[str, Any]:
    return {name: variable.value for name, variable in merge(layers).items()}


class _Precedence:
    """Group variables in the order in which they override each other; computed once for each set of groups.

    Lowest first: ``all`` in the inventory file, the other groups in the inventory file, group_vars/all, the other
    group_vars; groups sorted by depth, ansible_group_priority and name (Ansible's variable_precedence, its default).
    """

    def __init__(self, draft: Draft, graph: Graph, files: Mapping[str, Mapping[str, Variable]]) -> None:
        self._draft = draft
        self._depth = graph.depth
        self._files = files
        self._known: dict[tuple[str, ...], dict[str, Variable]] = {}

    def of(self, groups: list[str]) -> dict[str, Variable]:
        """Return the variables that a host in ``groups`` (those above included) has of them."""
        key = tuple(sorted(name for name in groups if name != ALL))
        if key not in self._known:
            ordered = sorted(key, key=lambda name: (self._depth[name], self._draft.groups[name].priority, name))
            lineage = [ALL, *ordered]
            written = [self._draft.groups[name].variables for name in lineage]
            beside = [self._files.get(name, {}) for name in lineage]
            self._known[key] = merge([*written, *beside])
        return self._known[key]


class _Merged(Mapping[str, Mapping[str, Variable]]):
    """Every host's variables, merged when they are first asked for."""

    def __init__(
        self,
        draft: Draft,
        files: Mapping[str, Mapping[str, Variable]],
        of_groups: Callable[[str], Mapping[str, Variable]],
    ) -> None:
        self._draft = draft
        self._files = files
        self._of_groups = of_groups
        self._known: dict[str, dict[str, Variable]] = {}

    def __getitem__(self, host: str) -> Mapping[str, Variable]:
        if host not in self._known:
            own = self._draft.hosts[host]
            self._known[host] = merge([self._of_groups(host), own, self._files.get(host, {})])
        return self._known[host]

    def __iter__(self) -> Iterator[str]:
        return iter(self._draft.hosts)

    def __len__(self) -> int:
        return len(self._draft.hosts)
