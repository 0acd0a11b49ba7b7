"""In which order keys and passwords are offered to a server, and what is said when it takes none.

1. Key files that the inventory or ssh_config names. An encrypted one whose public half the agent has is taken from
   there. 2. The password of the inventory. 3. The agent's other keys, unless ``IdentitiesOnly``. 4. Where no file
was named, the default files. 5. Encrypted files, whose passphrase must be asked for: last, so that nobody is asked
for what isn't needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from mountwright.errors import AuthenticationError
from mountwright.ssh.keys import KeyFileError, is_encrypted, public_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mountwright.secret import Secret
    from mountwright.ssh.keys import KeyFiles
    from mountwright.ssh.settings import Endpoint

Key = TypeVar("Key")
Offered_contra = TypeVar("Offered_contra", contravariant=True)


class MethodError(Exception):
    """The server doesn't take this kind of login (``publickey``, ``password``) at all."""


class TooManyError(Exception):
    """The server has closed the connection: it has seen enough tries."""


class Server(Protocol[Offered_contra]):
    """The server's side of a login. Each returns whether we are in; raises MethodError, TooManyError."""

    def offer_key(self, key: Offered_contra) -> bool:
        """Offer a key, and its certificate if there is one."""

    def offer_password(self, password: Secret) -> bool:
        """Offer a password."""


class Login(Generic[Key]):
    """One login: goes through what we have until the server is content.

    ``agent`` returns the agent's keys: public half in base64 -> (comment, key). It is called only when needed.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        server: Server[Key],
        files: KeyFiles[Key],
        agent: Callable[[], Mapping[str, tuple[str, Key]]],
    ) -> None:
        self.endpoint = endpoint
        self.server = server
        self.files = files
        self.agent = agent
        self.tried: list[str] = []
        self.offered: set[str] = set()
        self.encrypted: list[str] = []
        self.no_keys = False

    def run(self) -> None:
        """Log in. Raises AuthenticationError that lists what was tried and what to do."""
        try:
            if not self.succeeds():
                raise self.failure("the server took none of it")
        except TooManyError:
            raise self.failure(
                "the server closed the connection after these tries; name the one right key "
                "(ansible_private_key_file) with IdentitiesOnly yes"
            ) from None

    def succeeds(self) -> bool:
        """Go through everything in its order until we are in; return whether we are."""
        endpoint = self.endpoint
        return (
            any(self.file(path, missing_is_worth_saying=True) for path in endpoint.explicit_keys)
            or (endpoint.password is not None and self.password(endpoint.password))
            or (not endpoint.identities_only and self.agent_keys())
            or any(self.file(path, missing_is_worth_saying=False) for path in endpoint.default_keys)
            or any(self.load(path) for path in self.encrypted)
        )

    def file(self, path: str, *, missing_is_worth_saying: bool) -> bool:
        """Offer what is in a key file, if no passphrase must be asked for; else keep it for later."""
        try:
            encrypted = is_encrypted(path)
        except FileNotFoundError:
            if missing_is_worth_saying:
                self.tried.append(f"{path} (no such file)")
            return False
        except OSError as problem:
            self.tried.append(f"{path} (can't be read: {problem.strerror})")
            return False
        if not encrypted:
            return self.load(path)
        public = public_key(path)
        held = self.agent().get(public) if public else None
        if held:
            return self.key(f"{path} (in the agent)", public, held[1])
        if public not in self.offered:
            self.encrypted.append(path)
        return False

    def load(self, path: str) -> bool:
        """Offer what is in a key file, asking for its passphrase if it must be."""
        if self.no_keys:
            return False
        try:
            key = self.files.load(path)
        except KeyFileError as problem:
            self.tried.append(str(problem))
            return False
        return self.key(path, public_key(path), key)

    def agent_keys(self) -> bool:
        """Offer all of the agent's keys."""
        return any(
            self.key(f"{comment or public[-12:]} (in the agent)", public, key)
            for public, (comment, key) in self.agent().items()
        )

    def key(self, name: str, public: str, key: Key) -> bool:
        """Offer a key unless it has been."""
        if self.no_keys or (public and public in self.offered):
            return False
        self.offered.add(public)
        self.tried.append(name)
        try:
            return self.server.offer_key(key)
        except MethodError:
            self.no_keys = True
            self.tried[-1] = "keys (not allowed by the server)"
            return False

    def password(self, password: Secret) -> bool:
        """Offer the password."""
        self.tried.append("the password")
        try:
            return self.server.offer_password(password)
        except MethodError:
            self.tried[-1] = "the password (not allowed by the server)"
            return False

    def failure(self, what: str) -> AuthenticationError:
        """Return the error that says what was tried."""
        endpoint = self.endpoint
        if not self.tried:
            return AuthenticationError(
                f"{endpoint.where}: nothing to log in with as {endpoint.user}: no key file, no key in the agent, no "
                "password; set ansible_private_key_file or IdentityFile, or start ssh-agent and ssh-add a key"
            )
        return AuthenticationError(
            f"{endpoint.where}: could not log in as {endpoint.user}: {what}. Tried: {'; '.join(self.tried)}. See "
            "that the user is right (ansible_user) and that one of these keys is in its ~/.ssh/authorized_keys"
        )
