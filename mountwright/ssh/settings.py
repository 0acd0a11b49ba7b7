"""What is known of how to reach a machine, out of the inventory and ssh_config(5) together.

The inventory wins, as ssh's own command line does (Ansible passes its settings that way); of ssh_config the first
value found counts. ``Host`` patterns are matched against the address that the inventory gives (``ansible_host``, or
the host's name), which is what Ansible runs ``ssh`` with.

One thing is stricter than ssh: host keys are always verified. ``StrictHostKeyChecking`` ``no`` and ``ask`` are taken
for ``yes``; ``accept-new`` is honoured.
"""

from __future__ import annotations

import getpass
import os
import re
import shlex
import socket
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from mountwright.errors import UnreachableError
from mountwright.shell import would_act
from mountwright.ssh.config import reveal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mountwright.secret import Secret

_JUMP = re.compile(
    r"(?:ssh://)?(?:(?P<user>[^@\s]+)@)?(?:\[(?P<literal>[^\]\s]+)\]|(?P<host>[^:\[\]\s@]+))(?::(?P<port>\d{1,5}))?/?"
)
_YES = ("yes", "true")
_OFF = ("none", "")
_MOST_JUMPS = 8
_DEFAULT_KEYS = ("id_ed25519", "id_ecdsa", "id_rsa")
_UNIT_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}


class Settings(Protocol):
    """What of the inventory's connection settings matters here (``mountwright.inventory.connection``)."""

    @property
    def address(self) -> str: ...  # noqa: D102 - described where the settings are defined
    @property
    def port(self) -> int | None: ...  # noqa: D102
    @property
    def user(self) -> str | None: ...  # noqa: D102
    @property
    def password(self) -> Secret | None: ...  # noqa: D102
    @property
    def private_key_file(self) -> str | None: ...  # noqa: D102
    @property
    def proxy_jump(self) -> str | None: ...  # noqa: D102
    @property
    def proxy_command(self) -> str | None: ...  # noqa: D102
    @property
    def ssh_options(self) -> Mapping[str, str]: ...  # noqa: D102


class Lookup(Protocol):
    """Looks a host up in ssh_config; returns its options by lower-case keyword, in the order they were found."""

    def __call__(self, host: str, user: str | None, port: int | None) -> Mapping[str, str | list[str] | None]:
        """``user`` and ``port`` are those that win over the file's (``Match user`` sees them)."""


@dataclass(frozen=True)
class Defaults:
    """What holds where neither the inventory nor ssh_config says anything. Seconds; ``keepalive`` 0: off."""

    known_hosts: tuple[Path, ...]
    connect_timeout: float = 15.0
    keepalive: float = 15.0
    keepalive_misses: int = 3


@dataclass(frozen=True)
class Endpoint:
    """Everything needed to open one SSH connection. Two hosts that jump through the same bastion have equal ones.

    ``name`` is what the operator wrote; ``host`` and ``port`` are what is connected to; ``key_names`` the names
    under which known_hosts may have it, the first being the proper one. ``explicit_keys`` were asked for by the
    inventory or ssh_config, ``default_keys`` are tried where nothing was. ``agent`` is the socket's path, or None.
    ``jump`` is the machine to go through, whose own jump is the hop before.
    """

    name: str
    host: str
    port: int
    user: str
    key_names: tuple[str, ...]
    known_hosts: tuple[Path, ...]
    accept_new: bool
    checking_refused: str
    password: Secret | None
    explicit_keys: tuple[str, ...]
    default_keys: tuple[str, ...]
    certificates: tuple[str, ...]
    agent: str | None
    identities_only: bool
    jump: Endpoint | None
    proxy_command: str | None
    connect_timeout: float
    keepalive: float
    keepalive_misses: int

    @property
    def where(self) -> str:
        """The machine as messages name it."""
        return f"{self.host} port {self.port}"


@dataclass(frozen=True)
class _Hop:
    """A jump host as ``ProxyJump`` names it; satisfies :class:`Settings`."""

    address: str
    port: int | None
    user: str | None
    proxy_jump: str | None
    password: Secret | None = None
    private_key_file: str | None = None
    proxy_command: str | None = None
    ssh_options: Mapping[str, str] = field(default_factory=dict)


def resolve(name: str, settings: Settings, lookup: Lookup, defaults: Defaults) -> Endpoint:
    """Return how to reach ``name``; its ``jump`` is resolved likewise.

    Raises UnreachableError for values that make no sense (a port that is none, jumps in a circle).
    """
    return _resolve(name, settings, lookup, defaults, ())


def _resolve(name: str, settings: Settings, lookup: Lookup, defaults: Defaults, via: tuple[str, ...]) -> Endpoint:
    _refuse_shell_text(name, settings.address, settings.user or "")
    found = lookup(settings.address, settings.user, settings.port)
    options = {key: value for key, value in found.items() if isinstance(value, str)}
    options |= {key.lower(): value for key, value in settings.ssh_options.items()}
    reader = _Options(name, options)
    host = reader.text("hostname").replace("%h", settings.address).replace("%%", "%") or settings.address
    port = settings.port or reader.number("port", 22)
    user = settings.user or reader.text("user") or getpass.getuser()
    _refuse_shell_text(name, host, user)
    reader.tokens = _tokens(settings.address, host, port, user)

    alias = reader.expanded("hostkeyalias")
    identities = found.get("identityfile")
    files = [identities] if isinstance(identities, str) else list(identities or ())
    explicit = [reader.expand(reveal(file)) for file in files if reveal(file).lower() != "none"]
    if settings.private_key_file:
        explicit.insert(0, os.path.expanduser(settings.private_key_file))  # noqa: PTH111 - stays text
    checking = reader.text("stricthostkeychecking").lower()
    endpoint = Endpoint(
        name=name,
        host=host,
        port=port,
        user=user,
        key_names=_key_names(alias, host, port),
        known_hosts=reader.paths("userknownhostsfile", defaults.known_hosts[:1])
        + reader.paths("globalknownhostsfile", defaults.known_hosts[1:]),
        accept_new=checking == "accept-new",
        checking_refused=checking if checking in ("no", "off", "false") else "",
        password=settings.password,
        explicit_keys=tuple(dict.fromkeys(explicit)),
        default_keys=() if files else tuple(str(Path.home() / ".ssh" / file) for file in _DEFAULT_KEYS),
        certificates=tuple(filter(None, [reader.expanded("certificatefile")])),
        agent=reader.agent(),
        identities_only=reader.text("identitiesonly").lower() in _YES,
        jump=None,
        proxy_command=None,
        connect_timeout=reader.seconds("connecttimeout", defaults.connect_timeout),
        keepalive=reader.seconds("serveraliveinterval", defaults.keepalive),
        keepalive_misses=max(1, reader.number("serveralivecountmax", defaults.keepalive_misses)),
    )
    jump, command = _proxies(settings, found, options)
    if jump:
        return replace(endpoint, jump=_jump(endpoint, reader.expand(jump), lookup, defaults, via))
    return replace(endpoint, proxy_command=reader.expand(command) if command else None)


def _refuse_shell_text(name: str, host: str, user: str) -> None:
    """Raise UnreachableError for what would be code in a ProxyCommand or ``Match exec``; ssh refuses it, too."""
    for what, value in (("host", host), ("user", user)):
        if would_act(value):
            raise UnreachableError(f"{name}: the {what} {value!r} can't be one: it has characters that shells act on")


def _key_names(alias: str, host: str, port: int) -> tuple[str, ...]:
    """The names that known_hosts is searched for. ssh also takes an entry without a port, if its key is right."""
    if alias:
        return (alias.lower(),)
    host = host.lower()
    return (host,) if port == 22 else (f"[{host}]:{port}", host)  # noqa: PLR2004 - ssh's port


def _proxies(
    settings: Settings, found: Mapping[str, str | list[str] | None], options: Mapping[str, str]
) -> tuple[str, str]:
    """Return ProxyJump and ProxyCommand as text, at most one of them not empty.

    They compete: the inventory's wins, else the one that stands first in ssh_config.
    """
    if settings.proxy_jump is not None or settings.proxy_command is not None:
        chosen = "proxyjump" if settings.proxy_jump is not None else "proxycommand"
        value = settings.proxy_jump if settings.proxy_jump is not None else settings.proxy_command
    else:
        chosen = next((key for key in found if key in ("proxyjump", "proxycommand")), "")
        value = reveal(options.get(chosen, ""))
    if not value or value.strip().lower() in _OFF:
        return "", ""
    return (value, "") if chosen == "proxyjump" else ("", value)


def _jump(endpoint: Endpoint, spec: str, lookup: Lookup, defaults: Defaults, via: tuple[str, ...]) -> Endpoint | None:
    """Return the last hop of ``a,b``; the ones before it are how that is reached.

    Only the first hop's own ProxyJump of ssh_config counts; ssh hands the others their way on its command line.
    """
    *before, last = [part.strip() for part in spec.split(",")]
    match = _JUMP.fullmatch(last)
    if not match:
        raise UnreachableError(f"ProxyJump {spec!r} is no list of [user@]host[:port]")
    address = match["literal"] or match["host"]
    hop = _Hop(
        address=address,
        port=int(match["port"]) if match["port"] else None,
        user=match["user"],
        proxy_jump=",".join(before) or None,
    )
    if len(via) > _MOST_JUMPS:
        raise UnreachableError(f"the jump hosts go in a circle: {' <- '.join(via)}")
    # `Host *` with a ProxyJump holds for the jump host too, which can't jump through itself.
    if address in (endpoint.name, endpoint.host):
        target = _resolve(last, replace(hop, proxy_jump="none"), lookup, defaults, via)
        if (target.host, target.port, target.user) == (endpoint.host, endpoint.port, endpoint.user):
            return None
    return _resolve(last, hop, lookup, defaults, (*via, last))


def _tokens(original: str, host: str, port: int, user: str) -> dict[str, str]:
    """The tokens of ssh_config(5) that have a value here."""
    me = getpass.getuser()
    machine = socket.gethostname()
    return {
        "%": "%", "h": host, "n": original, "p": str(port), "r": user, "u": me, "d": str(Path.home()),
        "i": str(os.getuid()), "l": machine, "L": machine.split(".")[0], "k": host, "j": "",
    }  # fmt: skip


class _Options:
    """Reads typed values out of options that are text."""

    def __init__(self, name: str, options: Mapping[str, str]) -> None:
        self.name = name
        self.options = options
        self.tokens: Mapping[str, str] = {}

    def text(self, key: str) -> str:
        return reveal(self.options.get(key, "")).strip()

    def number(self, key: str, default: int) -> int:
        value = self.text(key)
        if value and not re.fullmatch(r"\d{1,5}", value):
            raise UnreachableError(f"{self.name}: {key} of ssh_config is no number: {value!r}")
        return int(value) if value else default

    def seconds(self, key: str, default: float) -> float:
        value = self.text(key).lower()
        if not value or value == "none":
            return default
        parts = re.findall(r"(\d+)([smh]?)", value)
        if "".join(number + unit for number, unit in parts) != value:
            raise UnreachableError(f"{self.name}: {key} of ssh_config is no time: {value!r}")
        return float(sum(int(number) * _UNIT_SECONDS[unit] for number, unit in parts)) or default

    def expand(self, value: str) -> str:
        """Replace the tokens, and a ``~`` at the beginning. A token that means nothing here is left as it is."""
        value = re.sub(r"%(.)", lambda match: self.tokens.get(match[1], match[0]), value)
        value = re.sub(r"\$\{(\w+)\}", lambda match: os.environ.get(match[1], match[0]), value)
        return os.path.expanduser(value)  # noqa: PTH111 - the value may be no path

    def expanded(self, key: str) -> str:
        return self.expand(self.text(key))

    def paths(self, key: str, default: tuple[Path, ...]) -> tuple[Path, ...]:
        value = self.text(key)
        if not value:
            return default
        try:
            words = shlex.split(value)
        except ValueError:
            raise UnreachableError(f"{self.name}: {key} is no list of files: {value!r}") from None
        return tuple(Path(self.expand(word)) for word in words if word.lower() != "none")

    def agent(self) -> str | None:
        """Return the agent's socket: that of IdentityAgent, else that of the environment."""
        value = self.text("identityagent")
        if value.lower() == "none":
            return None
        if not value or value == "SSH_AUTH_SOCK":
            return os.environ.get("SSH_AUTH_SOCK") or None
        if value.startswith("$"):
            return os.environ.get(value.lstrip("${").rstrip("}")) or None
        return self.expand(value)
