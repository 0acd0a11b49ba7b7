"""``nfs.exports``: directories, their owners, and who may mount them how."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from mountwright.nfs.grammar import Entry, check_option, classify_client, contradictions, survives_etab, too_long
from mountwright.spec.traits import Pool
from mountwright.spec.values import ExportPath, Group, Mode, Pattern, User, found, refused, text

if TYPE_CHECKING:
    from typing_extensions import Self

_SQUASH = {"root": "root_squash", "none": "no_root_squash"}
_ABOUT_SQUASH = frozenset({"root_squash", "no_root_squash", "all_squash", "no_all_squash"})


def _client(value: Any) -> str:
    expected = "a host name, an IP address, a network like 10.0.0.0/24, a @netgroup, a wildcard or *"
    client = text(value, expected)
    try:
        classify_client(client)
    except ValueError as error:
        raise refused(str(error)) from None
    return client


def _option(value: Any) -> str:
    option = text(value, "an export option of exports(5), like rw")
    if "," in option:
        raise refused(f"{option!r} has a comma; write each export option as an item of its own: [rw, sync]")
    if re.search(r"[\s()]", option):
        raise refused(f"{option!r} has white space or parentheses, which no option of exports(5) has")
    if not survives_etab(option):
        raise refused(f"{option!r} has a backslash before three octal digits, which nfs-utils can't read back")
    wrong = check_option(option)
    if wrong:
        raise refused(wrong)
    return option


def _options(value: Any) -> Any:
    if not isinstance(value, list):
        raise refused(f"expected a list of export options, like [rw, sync], found {found(value)}")
    return value


Client = Annotated[str, BeforeValidator(_client), WithJsonSchema({"type": "string", "minLength": 1})]
Option = Annotated[str, BeforeValidator(_option), WithJsonSchema({"type": "string", "minLength": 1})]
Options = Annotated[tuple[Option, ...], BeforeValidator(_options)]


class Export(Pool):
    """A directory that is created on the servers and exported."""

    path: ExportPath = Field(examples=["/srv/nfs/pv1"])
    """The directory, an absolute path. It is created when it is missing, and never emptied."""
    owner: User = Field(default="nobody", examples=["nobody", 1000])
    """Owner of the directory: a user's name or number."""
    group: Group | None = Field(default=None, examples=["nogroup", 1000])
    """Group of the directory: a name or number. By default the owner's primary group."""
    mode: Mode = Field(default="0755", examples=["0777"])
    """Permissions of the directory: an octal mode in quotes."""
    clients: dict[Client, Options] = Field(min_length=1, examples=[{"10.0.0.0/24": ["rw", "sync"]}])
    """Who may mount it, each with its export options as in exports(5). A client is a host name, an IP address, a
    network, a @netgroup, a wildcard, or * for everybody (quote @ and *)."""
    squash: Literal["root", "all", "none"] | None = None
    """Which users of the clients become the anonymous user, for every client whose options do not say it: root
    (root_squash), all (all_squash; with a numeric owner and group, all become these), none (no_root_squash)."""
    servers: Pattern | None = Field(default=None, examples=["nfs1"])
    """Group or host pattern: the servers that have this export. By default all of nfs.servers."""

    @model_validator(mode="after")
    def _squash_all_needs_numbers(self) -> Self:
        numbers = (self.owner.isdigit(), self.group is not None and self.group.isdigit())
        if self.squash == "all" and self.owner != "nobody" and numbers != (True, True):
            raise refused(
                "squash: all makes everybody the owner, and exports(5) takes numbers only; expected 'owner' and "
                "'group' as numbers, or owner nobody"
            )
        return self

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What goes into the exports file: an entry for each client, the squash preset among its options."""
        return tuple(
            Entry(self.path, client, (*options, *self._preset(options))) for client, options in self.clients.items()
        )

    def _preset(self, options: tuple[str, ...]) -> tuple[str, ...]:
        if self.squash is None or _ABOUT_SQUASH.intersection(options):
            return ()
        if self.squash != "all":
            return (_SQUASH[self.squash],)
        said = {option.partition("=")[0] for option in options}
        ids = [("anonuid", self.owner), ("anongid", self.group)] if self.owner != "nobody" else []
        return ("all_squash", *(f"{name}={number}" for name, number in ids if name not in said))


def option_faults(export: Export) -> list[tuple[str, str]]:
    """What a client's options can't be together, contradicting or too long: pairs of client and message."""
    faults = [(client, message) for client, options in export.clients.items() for message in contradictions(options)]
    words = [(entry.client, too_long(f"{entry.client}({','.join(entry.options)})")) for entry in export.entries]
    return faults + [(client, message) for client, message in words if message]
