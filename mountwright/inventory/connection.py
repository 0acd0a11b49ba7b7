"""How a host is reached: the ``ansible_*`` variables as settings, rendered and checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mountwright.errors import InputError, Problem
from mountwright.inventory.rendering import OMIT
from mountwright.inventory.ssh_arguments import SshArguments
from mountwright.secret import Secret
from mountwright.shell import would_act

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mountwright.inventory.variables import Variable

# Where two spellings are given, Ansible takes the last of these (its ssh connection and sudo plugins list them so).
_ADDRESS = ("ansible_host", "ansible_ssh_host")
_PORT = ("ansible_port", "ansible_ssh_port")
_USER = ("ansible_user", "ansible_ssh_user")
_PASSWORD = ("ansible_password", "ansible_ssh_pass", "ansible_ssh_password")
_KEY_FILE = ("ansible_private_key_file", "ansible_ssh_private_key_file")
_BECOME_USER = ("ansible_become_user", "ansible_sudo_user")
_BECOME_PASSWORD = ("ansible_become_password", "ansible_become_pass", "ansible_sudo_pass")
_HOST_KEY_CHECKING = ("ansible_host_key_checking", "ansible_ssh_host_key_checking")
# ssh takes the first value of an option; Ansible passes the arguments in this order.
_ARGUMENTS = ("ansible_ssh_args", "ansible_ssh_common_args", "ansible_ssh_extra_args")

_TRANSPORTS: dict[str, Literal["ssh", "local"]] = {
    "ssh": "ssh", "smart": "ssh", "paramiko": "ssh", "paramiko_ssh": "ssh", "local": "local",
}  # fmt: skip
_TRUE = {"y", "yes", "on", "1", "true", "t", "1.0"}
_FALSE = {"n", "no", "off", "0", "false", "f", "0.0"}
_MAX_PORT = 65535


@dataclass(frozen=True)
class ConnectionSettings:
    """How to reach a host and become root there. None means: not said, so ssh_config and defaults decide.

    ``proxy_jump`` and ``proxy_command`` may be the word ``none``, which turns off those of ssh_config.
    ``ssh_options`` are the other options of ``ansible_ssh_common_args`` by lower-case keyword.
    """

    address: str
    port: int | None = None
    user: str | None = None
    password: Secret | None = None
    private_key_file: str | None = None
    proxy_jump: str | None = None
    proxy_command: str | None = None
    ssh_options: Mapping[str, str] = field(default_factory=dict)
    transport: Literal["ssh", "local"] = "ssh"
    become: bool = True
    become_user: str = "root"
    become_password: Secret | None = None
    become_method: str = "sudo"


def connection_settings(
    host: str, written: Mapping[str, Variable], rendered: Mapping[str, Any]
) -> ConnectionSettings:
    """Return the settings of ``host`` from its variables, as they are written and as they are rendered.

    Raises InputError with every fault: the host, the variable, its file and line, and what was expected.
    """
    return _Settings(host, written, rendered).build()


class _Settings:
    def __init__(self, host: str, written: Mapping[str, Variable], rendered: Mapping[str, Any]) -> None:
        self.host = host
        self.written = written
        self.rendered = rendered
        self.problems: list[Problem] = []

    def build(self) -> ConnectionSettings:
        arguments = self._arguments()
        options = arguments.options
        key_file = self._text(_KEY_FILE) or options.pop("identityfile", None)
        checking = self._flag(_HOST_KEY_CHECKING)
        if checking is False:
            options.setdefault("stricthostkeychecking", "no")
        method = self._text(("ansible_become_method",)) or "sudo"
        if method not in ("sudo", "ansible.builtin.sudo"):
            self._fault("ansible_become_method", f"{method!r} is not supported; sudo is")
        become = self._flag(("ansible_become",))
        settings = ConnectionSettings(
            address=self._text(_ADDRESS) or self.host,
            port=self._port(options.pop("port", None)),
            user=self._text(_USER) or options.pop("user", None),
            password=self._secret(_PASSWORD),
            private_key_file=self._path(key_file),
            proxy_jump=options.pop("proxyjump", None),
            proxy_command=options.pop("proxycommand", None),
            ssh_options={
                keyword: value for keyword, value in options.items() if keyword not in ("identityfile", "user")
            },
            transport=self._transport(),
            become=True if become is None else become,
            become_user=self._text(_BECOME_USER) or "root",
            become_password=self._secret(_BECOME_PASSWORD),
        )
        self._check_names(settings)
        if self.problems:
            raise InputError(self.problems)
        return settings

    def _check_names(self, settings: ConnectionSettings) -> None:
        for names, value in ((_ADDRESS, settings.address), (_USER, settings.user or "")):
            if would_act(value):
                self._fault(
                    self._said(names),
                    f"{value!r} is no name: it begins with a dash, or holds white space or what shells act on",
                )
        become = settings.become_user
        # As an argument of sudo it would be taken for an option. `#1000` is a user to sudo.
        if become.startswith("-") or any(letter.isspace() or not letter.isprintable() for letter in become):
            self._fault(
                self._said(_BECOME_USER),
                f"{become!r} is no name: it begins with a dash or holds a space or control character",
            )
        password = settings.become_password.reveal() if settings.become_password else ""
        if any(letter in password for letter in "\n\r\0"):
            self._fault(
                self._said(_BECOME_PASSWORD), "holds a line break or a NUL byte, which no password of sudo has"
            )

    def _said(self, names: tuple[str, ...]) -> str:
        """The name under which a variable is given; the first of its names when it is not."""
        return next((name for name in reversed(names) if name in self.written), names[0])

    def _value(self, names: tuple[str, ...]) -> tuple[str, Any]:
        """The name and the rendered value of the last of ``names`` that is given; ("", None) when none is."""
        for name in reversed(names):
            if name not in self.written:
                continue
            try:
                value = self.rendered[name]
            except InputError as error:
                self.problems += error.problems
                return "", None
            if value not in (None, "", OMIT):
                return name, value
        return "", None

    def _text(self, names: tuple[str, ...]) -> str | None:
        name, value = self._value(names)
        if not name:
            return None
        if isinstance(value, (dict, list)):
            self._fault(name, "has to be text, not a list or a mapping")
            return None
        return str(value)

    def _path(self, text: str | None) -> str | None:
        if text is None:
            return None
        if not text.isprintable():
            self._fault(self._said(_KEY_FILE), f"{text!r} is no path of a key: it holds control characters")
            return None
        try:
            return str(Path(text).expanduser().absolute())
        except RuntimeError:
            self._fault(self._said(_KEY_FILE), f"{text!r} is in the home of a user who does not exist here")
            return None

    def _secret(self, names: tuple[str, ...]) -> Secret | None:
        text = self._text(names)
        return None if text is None else Secret(text)

    def _flag(self, names: tuple[str, ...]) -> bool | None:
        name, value = self._value(names)
        word = str(value).strip().lower()
        if not name or word in _TRUE | _FALSE:
            return word in _TRUE if name else None
        self._fault(name, f"has to be true or false, not {value!r}")
        return None

    def _port(self, from_arguments: str | None) -> int | None:
        name, value = self._value(_PORT)
        if not name:
            name, value = "ansible_ssh_common_args", from_arguments
        if value is None:
            return None
        text = str(value).strip()
        # A float or a boolean is no port, though Python could make one of it.
        if not (text.isascii() and text.isdigit() and 0 < int(text) <= _MAX_PORT):
            self._fault(name, f"the port has to be a whole number from 1 to {_MAX_PORT}, not {value!r}")
            return None
        return int(text)

    def _transport(self) -> Literal["ssh", "local"]:
        name = self._text(("ansible_connection",)) or "ssh"
        plain = name.removeprefix("ansible.builtin.").removeprefix("ansible.legacy.")
        if plain not in _TRANSPORTS:
            self._fault("ansible_connection", f"{name!r} is not supported; ssh and local are")
        return _TRANSPORTS.get(plain, "ssh")

    def _arguments(self) -> SshArguments:
        arguments = SshArguments()
        for name in _ARGUMENTS:
            try:
                arguments.take(self._text((name,)) or "")
            except ValueError as error:
                self._fault(name, str(error))
        return arguments

    def _fault(self, name: str, message: str) -> None:
        variable = self.written.get(name)
        message = f"host {self.host}: {message}"
        self.problems.append(variable.problem(name, message) if variable else Problem("", 0, name, message))
