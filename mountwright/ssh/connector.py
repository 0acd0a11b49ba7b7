"""Connections to hosts over SSH; with mountwright.ssh.wire the only place that knows Paramiko."""

from __future__ import annotations

import base64
import contextlib
import copy
import logging
import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import paramiko
from paramiko.agent import AgentSSH
from paramiko.config import CouldNotCanonicalize

from mountwright.become import REMOTE_COMMAND, Becoming
from mountwright.errors import ConnectionLostError, UnreachableError
from mountwright.local_transport import LocalTransport
from mountwright.ssh import config as ssh_config
from mountwright.ssh import host_keys
from mountwright.ssh.bastions import Bastions, OrderedSender
from mountwright.ssh.keys import KeyFiles, WrongPassphraseError
from mountwright.ssh.known_hosts import KnownHosts
from mountwright.ssh.login import Login, MethodError, TooManyError
from mountwright.ssh.session import BoundedEvent, Session
from mountwright.ssh.settings import Defaults, resolve
from mountwright.ssh.sockets import ProxyProcess, handshake_problem, open_tcp
from mountwright.ssh.wire import CHANNEL_TIMEOUT, Link, Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mountwright.inventory.connection import ConnectionSettings
    from mountwright.secret import Secret
    from mountwright.ssh.certificates import Certificate
    from mountwright.ssh.settings import Endpoint
    from mountwright.transport import Completed, Transport

# Errors reach people as ours; without a handler, logging would print Paramiko's to stderr in the middle of things.
logging.getLogger("paramiko").setLevel(logging.CRITICAL + 1)
paramiko.config.invoke = ssh_config.ExecCriterion  # type: ignore[attr-defined]  # see there


class SshTransport:
    """Implements :class:`mountwright.transport.Transport` over one SSH connection."""

    def __init__(self, link: Link, *, become_user: str | None, become_password: Secret | None) -> None:
        self._link = link
        self._becoming = Becoming(become_user, become_password)

    def run(
        self,
        program: str,
        *,
        on_stdout: Callable[[bytes], None] | None = None,
        silence: float = 120.0,
    ) -> Completed:
        """Run ``program``; see :meth:`mountwright.transport.Transport.run`."""
        conversation = self._becoming.conversation(program)
        wire = self._link.wire
        try:
            channel = wire.open_session()
        except (paramiko.SSHException, EOFError, OSError) as problem:
            raise ConnectionLostError(f"{wire.where}: no shell could be opened ({problem}); run again") from None
        try:
            channel.transport = OrderedSender(channel.transport)  # type: ignore[assignment]  # see there
            channel.event = BoundedEvent(wire.channel_timeout)
            try:
                channel.exec_command(REMOTE_COMMAND)
            except (paramiko.SSHException, EOFError, OSError) as problem:
                raise ConnectionLostError(f"{wire.where}: no shell could be started ({problem}); run again") from None
            completed = Session(channel, wire, conversation, on_stdout, silence).run()
        finally:
            channel.close()
        self._becoming.trusted = True
        return completed

    def close(self) -> None:
        """Close the connection; closing twice is fine."""
        self._link.close()


class _Agent(AgentSSH):
    """An ssh-agent that many threads may ask."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self.keys: dict[str, tuple[str, paramiko.PKey]] = {}
        conn = socket.socket(socket.AF_UNIX)
        try:
            conn.settimeout(CHANNEL_TIMEOUT)
            conn.connect(path)
            self._connect(conn)  # type: ignore[attr-defined]  # what Paramiko's own Agent does
            for key in self.get_keys():
                self.keys[base64.b64encode(key.blob).decode()] = (key.comment, key)
        except (OSError, paramiko.SSHException):
            conn.close()

    def _send_message(self, msg: Any) -> Any:
        with self._lock:
            return super()._send_message(msg)  # type: ignore[misc]  # the stubs leave it out

    def close(self) -> None:
        self._close()  # type: ignore[attr-defined]  # what Paramiko's own Agent does


class _Server:
    """The server's side of a login, as :class:`mountwright.ssh.login.Login` sees it."""

    def __init__(self, wire: Wire, endpoint: Endpoint) -> None:
        self.wire = wire
        self.endpoint = endpoint

    def offer_key(self, key: paramiko.PKey) -> bool:
        forms = [key]
        for path in self.endpoint.certificates:
            certified = copy.copy(key)
            with contextlib.suppress(OSError, ValueError, paramiko.SSHException):
                certified.load_certificate(path)
                forms.insert(0, certified)
        if key.public_blob is not None:  # a certificate beside the file; the key alone may be trusted, too
            alone = copy.copy(key)
            alone.public_blob = None
            forms.append(alone)
        return any(self._try(self.wire.auth_publickey, form) for form in forms)

    def offer_password(self, password: Secret) -> bool:
        return self._try(self.wire.auth_password, password.reveal())

    def _try(self, method: Callable[[str, Any], Any], credential: object) -> bool:
        try:
            method(self.endpoint.user, credential)
        except paramiko.BadAuthenticationType as problem:
            raise MethodError from problem
        except (paramiko.SSHException, EOFError, OSError) as problem:
            if not self.wire.is_active():
                raise TooManyError from problem
            return False
        return self.wire.is_authenticated()


def _parse_key(path: str, passphrase: Secret | None) -> paramiko.PKey:
    try:
        word = passphrase.reveal().encode() if passphrase is not None else None
        return paramiko.PKey.from_path(path, word)  # type: ignore[arg-type]  # bytes, whatever the stubs say
    except (ValueError, TypeError, paramiko.SSHException) as problem:
        if passphrase is not None:
            raise WrongPassphraseError(str(problem)) from None
        raise ValueError(str(problem)) from None


class _ConfigLookup:
    """Answers from one ssh_config file; the file is read once, a name looked up once."""

    def __init__(self, path: Path | None) -> None:
        self._text = ssh_config.expanded_text(path) if path else ""
        self._lock = threading.Lock()
        self._found: dict[tuple[str, str | None, int | None], Mapping[str, Any]] = {}

    def __call__(self, host: str, user: str | None, port: int | None) -> Mapping[str, Any]:
        if not self._text.strip():
            return {}
        with self._lock:
            if (host, user, port) not in self._found:
                first = "".join([f"User {user}\n" if user else "", f"Port {port}\n" if port else ""])
                try:
                    config = paramiko.SSHConfig.from_text(first + self._text)
                    self._found[host, user, port] = config.lookup(host)
                except (paramiko.SSHException, CouldNotCanonicalize, ValueError, KeyError) as problem:
                    raise UnreachableError(f"{host}: ssh_config can't be applied to it: {problem!r}") from None
            return self._found[host, user, port]


class Connector:
    """Opens connections to hosts. Thread-safe; also a context manager, which closes what hosts share.

    ``ssh_config`` is read once (None: none). ``known_hosts``: the user's file first, where new keys go if
    ``StrictHostKeyChecking accept-new`` is set. ``ask`` asks the operator for a passphrase (None: nobody to ask).
    ``connect_timeout`` and ``keepalive`` (seconds; 0: off) hold where ssh_config says nothing.
    ``become_password`` is for hosts that have none of their own. Raises InputError for a faulty ssh_config.
    """

    def __init__(
        self,
        *,
        ssh_config: Path | None = Path("~/.ssh/config"),
        known_hosts: tuple[Path, ...] = (Path("~/.ssh/known_hosts"), Path("/etc/ssh/ssh_known_hosts")),
        ask: Callable[[str], Secret] | None = None,
        connect_timeout: float = 15.0,
        keepalive: float = 15.0,
        become_password: Secret | None = None,
    ) -> None:
        self._lookup = _ConfigLookup(ssh_config.expanduser() if ssh_config else None)
        files = tuple(file.expanduser() for file in known_hosts)
        self._defaults = Defaults(files, connect_timeout, keepalive)
        self._become_password = become_password
        self._keys: KeyFiles[paramiko.PKey] = KeyFiles(_parse_key, ask)
        self._lock = threading.Lock()
        self._known: dict[tuple[Path, ...], KnownHosts] = {}
        self._agents: dict[str, _Agent] = {}
        self._bastions = Bastions(self._open)

    def __enter__(self) -> Connector:  # noqa: PYI034 - Self is of Python 3.11
        return self

    def __exit__(self, *_reason: object) -> None:
        self.close()

    def connect(self, name: str, settings: ConnectionSettings) -> Transport:
        """Connect to a host and log in. Raises UnreachableError, HostKeyError, AuthenticationError.

        With ``transport`` local there is no connection: programs run on this machine.
        """
        user = settings.become_user if settings.become else None
        password = settings.become_password or self._become_password
        if settings.transport == "local":
            return LocalTransport(become_user=user, become_password=password)
        endpoint = resolve(name, settings, self._lookup, self._defaults)
        user = None if user == endpoint.user else user  # nobody has to become who they are
        return SshTransport(self._open(endpoint), become_user=user, become_password=password)

    def close(self) -> None:
        """Close what hosts share: connections to bastions, the agent. Closing twice is fine."""
        self._bastions.close()
        with self._lock:
            agents, self._agents = list(self._agents.values()), {}
        for agent in agents:
            agent.close()

    def _open(self, endpoint: Endpoint) -> Link:
        with self._lock:
            known = self._known.get(endpoint.known_hosts) or KnownHosts(endpoint.known_hosts)
            self._known[endpoint.known_hosts] = known
        first = known.likely_types(endpoint.key_names[0])
        try:
            link = self._shake_hands(endpoint, known, first, asked_again=False)
        except host_keys.OtherTypesError as other:
            link = self._shake_hands(endpoint, known, other.types, asked_again=True)
        try:
            Login(endpoint, _Server(link.wire, endpoint), self._keys, lambda: self._agent(endpoint)).run()
            if endpoint.keepalive:
                link.wire.set_keepalive(int(endpoint.keepalive))
        except BaseException:
            link.close()
            raise
        return link

    def _agent(self, endpoint: Endpoint) -> Mapping[str, tuple[str, paramiko.PKey]]:
        if endpoint.agent is None:
            return {}
        with self._lock:
            if endpoint.agent not in self._agents:
                self._agents[endpoint.agent] = _Agent(endpoint.agent)
            return self._agents[endpoint.agent].keys

    def _shake_hands(self, endpoint: Endpoint, known: KnownHosts, first: list[str], *, asked_again: bool) -> Link:
        """Open the connection up to the point where the server has proved who it is."""
        sock, closers, complaint = self._socket(endpoint)
        begun = time.monotonic()
        wire = Wire(sock, endpoint)
        link = Link(wire, closers)
        try:
            certificates = bool(known.authorities(endpoint.key_names))
            wire.get_security_options().key_types = host_keys.algorithms(first, certificates=certificates)
            wire.start_client(timeout=endpoint.connect_timeout * 2)  # the banner, then the handshake
            key = wire.get_remote_server_key()
            blob = key.public_blob.key_blob if key.public_blob is not None else None
            shown = host_keys.shown_key(key.get_name(), key.asbytes(), blob)
            host_keys.judge(endpoint, known, shown, _signature_is_right, asked_again=asked_again)
        except (paramiko.SSHException, EOFError, OSError) as problem:
            reason = complaint() or handshake_problem(
                str(problem), time.monotonic() - begun, endpoint.connect_timeout
            )
            link.close()
            raise UnreachableError(f"{endpoint.where}: no SSH connection: {reason}") from None
        except BaseException:
            link.close()
            raise
        return link

    def _socket(self, endpoint: Endpoint) -> tuple[Any, list[Callable[[], None]], Callable[[], str]]:
        """Return the socket, what is to be closed after it, and who can say why it was closed."""
        if endpoint.proxy_command:
            proxy = ProxyProcess(endpoint.proxy_command)
            return proxy.socket, [proxy.close], proxy.complaint
        if endpoint.jump is None:
            dead_after = endpoint.keepalive * (endpoint.keepalive_misses + 1) or 120.0
            sock = open_tcp(endpoint.host, endpoint.port, endpoint.connect_timeout, dead_after=dead_after)
            return sock, [], lambda: ""
        bastion = self._bastions.get(endpoint.jump)
        try:
            channel = bastion.wire.open_channel(
                "direct-tcpip", (endpoint.host, endpoint.port), ("127.0.0.1", 0), timeout=endpoint.connect_timeout
            )
        except (paramiko.SSHException, EOFError, OSError) as problem:
            raise UnreachableError(
                f"{endpoint.where}: the jump host {endpoint.jump.name} can't reach it ({problem}); see that it is up "
                "and that the jump host's sshd allows AllowTcpForwarding"
            ) from None
        channel.transport = OrderedSender(channel.transport)  # type: ignore[assignment]  # see there
        return channel, [], lambda: ""


def _signature_is_right(certificate: Certificate) -> bool:
    authority = paramiko.PKey.from_type_string(certificate.authority_type, base64.b64decode(certificate.authority))
    return bool(authority.verify_ssh_sig(certificate.signed, paramiko.Message(certificate.signature)))
