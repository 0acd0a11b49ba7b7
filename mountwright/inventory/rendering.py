"""Variables as templates see them: rendered when they are looked at, and not before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mountwright.errors import InputError
from mountwright.inventory.ranges import is_address
from mountwright.templates import evaluate, is_template
from mountwright.yaml_lines import UnsafeText

if TYPE_CHECKING:
    from mountwright.inventory.variables import Variable

OMIT = "__omit_place_holder__"
"""What ``omit`` is in a template: a setting with this value counts as not given (``default(omit)``)."""


class Neighbourhood:
    """All hosts of an inventory, for templates that look at ``groups`` and ``hostvars``."""

    def __init__(
        self,
        variables: Mapping[str, Mapping[str, Variable]],
        groups: Mapping[str, tuple[str, ...]],
        magic: Mapping[str, Any],
    ) -> None:
        """``variables`` holds each host's, merged; ``groups`` each group's hosts; ``magic`` is the same for all."""
        self.variables = variables
        self.groups = groups
        self.magic = magic
        self._group_names: dict[str, list[str]] | None = None

    def group_names(self, host: str) -> list[str]:
        """The groups of ``host`` without ``all``, sorted."""
        if self._group_names is None:
            self._group_names = {}
            for group in sorted(self.groups):
                for member in self.groups[group] if group != "all" else ():
                    self._group_names.setdefault(member, []).append(group)
        return self._group_names.get(host, [])


class RenderedVariables(Mapping[str, Any]):
    """One host's variables, each rendered when it is asked for, with the variables that it refers to.

    Ansible's magic ones are there too: inventory_hostname, inventory_hostname_short, group_names, groups, hostvars,
    inventory_dir, inventory_file, omit. Asking raises InputError, naming the host, the variable and the file, when
    one refers to what is not defined, or in a circle to itself.
    """

    def __init__(self, host: str, neighbourhood: Neighbourhood) -> None:
        self._host = host
        self._neighbourhood = neighbourhood
        self._written = neighbourhood.variables[host]
        self._rendered: dict[str, Any] = {}
        self._failed: dict[str, InputError] = {}
        self._underway: list[str] = []
        self._hosts: _HostVariables | None = None
        """What ``hostvars`` is: one object for all that refer to each other, so that circles are seen."""

    def __getitem__(self, name: str) -> Any:
        if name in self._rendered:
            return self._rendered[name]
        magic = self._magic(name)
        if magic is not None:
            return magic
        if name in self._failed:
            raise self._failed[name]
        variable = self._written[name]
        if name in self._underway:
            circle = " > ".join([*self._underway[self._underway.index(name) :], name])
            raise InputError(variable.problem(name, f"host {self._host}: the variable refers to itself: {circle}"))
        self._underway.append(name)
        try:
            value = self._render(variable.value, variable, name)
        except InputError as error:
            self._failed[name] = error
            raise
        finally:
            self._underway.pop()
        self._rendered[name] = value
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._written)

    def __len__(self) -> int:
        return len(self._written)

    def __contains__(self, name: object) -> bool:
        return name in self._written or (isinstance(name, str) and self._magic(name) is not None)

    def _magic(self, name: str) -> Any:
        near = self._neighbourhood
        match name:
            case "inventory_hostname":
                found: Any = self._host
            case "inventory_hostname_short":
                found = self._short_name()
            case "group_names":
                found = near.group_names(self._host)
            case "groups":
                found = {group: list(hosts) for group, hosts in near.groups.items()}
            case "hostvars":
                found = self._hosts = self._hosts or _HostVariables(near, self)
            case "vars":
                found = self
            case "omit":
                found = OMIT
            case _:
                found = near.magic.get(name)
        return found

    def _short_name(self) -> str:
        """The host name up to its first dot; an address is not cut."""
        numeric = self._host.replace(".", "").isdigit() or (":" in self._host and is_address(self._host))
        return self._host if numeric else self._host.split(".")[0]

    def _render(self, value: Any, variable: Variable, name: str) -> Any:
        if isinstance(value, str):
            if isinstance(value, UnsafeText) or not is_template(value):
                return value
            try:
                return evaluate(value, self, source=variable.source, line=variable.line, key=name)
            except InputError as error:
                if any(problem.message.startswith("host ") for problem in error.problems):
                    raise  # from a variable that this one refers to: that is where to look
                raise InputError(
                    variable.problem(problem.key or name, f"host {self._host}: {_in_plain_words(problem.message)}")
                    for problem in error.problems
                ) from None
            except RecursionError:
                message = f"host {self._host}: the variable's template is nested too deeply"
                raise InputError(variable.problem(name, message)) from None
        if isinstance(value, dict):
            return {key: self._render(item, variable, f"{name}.{key}") for key, item in value.items()}
        if isinstance(value, list):
            return [self._render(item, variable, f"{name}[{index}]") for index, item in enumerate(value)]
        return value


def _in_plain_words(message: str) -> str:
    """Jinja names objects by their Python types; these are ours."""
    own = {_HostVariables: "hostvars", RenderedVariables: "the host"}
    for kind, words in own.items():
        message = message.replace(f"{kind.__module__}.{kind.__name__} object", words)
    return message


class _HostVariables(Mapping[str, RenderedVariables]):
    """``hostvars``: every host's rendered variables."""

    def __init__(self, neighbourhood: Neighbourhood, own: RenderedVariables) -> None:
        self._neighbourhood = neighbourhood
        self._made = {own["inventory_hostname"]: own}

    def __getitem__(self, host: str) -> RenderedVariables:
        if host not in self._made:
            if host not in self._neighbourhood.variables:
                raise KeyError(host)
            other = RenderedVariables(host, self._neighbourhood)
            other._hosts = self  # noqa: SLF001 - our own class
            self._made[host] = other
        return self._made[host]

    def __iter__(self) -> Iterator[str]:
        return iter(self._neighbourhood.variables)

    def __len__(self) -> int:
        return len(self._neighbourhood.variables)
