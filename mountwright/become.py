"""Becoming the user that the work needs: what runs on the host before a program does, and what it says on failure.

The command line on the host is one constant text, whatever the user, the password and the program are; all of them
travel on stdin. So none of them shows in a process list, and none of them meets a shell's quoting: the login shell
(which may be fish or csh) sees a single-quoted word without quotes, line breaks or exclamation marks in it.

stdin is::

    NONCE                 a random word of this run
    USER                  whom to become; empty: stay who we are
    password | none       whether the next line is a password for sudo
    PASSWORD              (only then)
    NONCE                 what comes now is the program
    the program

sudo(8) reads the password when it wants one. When it doesn't (NOPASSWD, already that user), the password line is
still there: the shell that runs under the new user drops every line up to the second NONCE, and executes nothing
before. Its first act is to print the nonce on stdout and on stderr, so that whatever was printed until then
(messages of ``.bashrc``, sudo's lecture) can be told from the program's own output.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mountwright.errors import BecomeError, ConnectionLostError
from mountwright.transport import Completed

if TYPE_CHECKING:
    from mountwright.errors import HostError
    from mountwright.secret import Secret

# A working directory that the new user may not enter makes shells complain: everything starts in /.
_INNER = (
    r"cd /; echo \"\$1\"; echo \"\$1\" >&2; "
    r"while IFS= read -r l; do case \"\$l\" in \"\$1\") exec sh -s;; esac; done; exit 97"
)
_NO_SUDO = 96

BOOTSTRAP = (
    "LC_ALL=C; export LC_ALL; IFS= read -r n; IFS= read -r u; IFS= read -r m; "
    f'i="{_INNER}"; '
    'if [ -z "$u" ] || [ "$(id -u):$u" = 0:root ] || [ "$(id -un)" = "$u" ]; then set -- "$n"; eval "$i"; fi; '
    f"if command -v sudo >/dev/null 2>&1; then :; else exit {_NO_SUDO}; fi; "
    'if [ "$m" = password ]; then exec sudo -k -S -p "$n?" -H -u "$u" -- sh -c "$i" sh "$n"; fi; '
    'exec sudo -n -H -u "$u" -- sh -c "$i" sh "$n"'
)
"""Constant POSIX shell text: an argument for ``sh -c``. It holds no single quote, so it can stand between two."""

REMOTE_COMMAND = f"exec sh -c '{BOOTSTRAP}'"
"""What an SSH server is asked to execute; every login shell understands it."""

_MOST_NOISE = 1 << 20


class Conversation:
    """The bytes that pass while one program runs: what stdin gets, and what of the output is the program's.

    ``become_user`` None means to stay the login user. A ``password`` that is not ``trusted`` yet is sent alone
    first: sudo asks three times, and would take the lines after a wrong password for the next guesses, which locks
    accounts. Once it was right (:attr:`begun` says so) the caller may call it ``trusted`` and saves a round trip.

    Raises BecomeError when the user or the password can't be sent as one line.
    """

    def __init__(
        self, program: str, *, become_user: str | None, password: Secret | None = None, trusted: bool = False
    ) -> None:
        nonce = secrets.token_hex(16)
        word = password.reveal() if password is not None and become_user is not None else None
        for what, line in (("become_user", become_user or ""), ("the sudo password", word or "")):
            if any(char in line for char in "\n\r\0"):
                raise BecomeError(f"{what} holds a line break or a NUL byte: give it without")
        head = [nonce, become_user or "", "none" if word is None else "password"]
        if word is not None:
            head.append(word)
        self.become_user = become_user
        self._asked = word is not None
        self._opening = _line_bytes(head)
        self._program = _line_bytes([nonce]) + program.encode("utf-8", "surrogateescape")
        self._together = trusted or word is None
        self._mark = nonce.encode() + b"\n"
        self._prompt = nonce.encode() + b"?"
        self._noise = bytearray()
        self._stderr = bytearray()
        self._prompts = 0
        self.begun = False

    @property
    def opening(self) -> bytes:
        """What is to be written to stdin at once."""
        return self._opening + self._program if self._together else self._opening

    @property
    def following(self) -> bytes:
        """What is to be written to stdin once the program has :attr:`begun`; empty when the opening was all."""
        return b"" if self._together else self._program

    @property
    def password_refused(self) -> bool:
        """Whether sudo asks for the password again: stdin is to be closed, or it guesses on."""
        return not self.begun and (self._prompts > 1 or b"Sorry, try again" in self._stderr)

    def stdout(self, data: bytes) -> bytes:
        """Take a piece of stdout and return what of it is the program's."""
        if self.begun:
            return data
        self._noise += data
        found = self._noise.find(self._mark)
        if found < 0:
            del self._noise[:-_MOST_NOISE]
            return b""
        self.begun = True
        rest = bytes(self._noise[found + len(self._mark) :])
        self._noise.clear()
        return rest

    def stderr(self, data: bytes) -> None:
        """Take a piece of stderr."""
        self._stderr += data
        if not self.begun:
            self._prompts = self._stderr.count(self._prompt)

    def completed(self, exit_code: int, stdout: bytes) -> Completed:
        """Return the program's result; ``stdout`` is what :meth:`stdout` returned, together.

        Raises BecomeError or ConnectionLostError when the program has never begun.
        """
        if not self.begun:
            raise self.refusal(exit_code)
        before, mark, after = bytes(self._stderr).partition(self._mark)
        return Completed(exit_code, stdout, after if mark else before)

    def refusal(self, exit_code: int) -> HostError:
        """Return why the program has not begun, as far as the host's words tell."""
        said = bytes(self._stderr).replace(self._prompt, b"")
        lines = [line for line in (*_lines(bytes(self._noise)), *_lines(said)) if line][-20:]
        if self.become_user is None:
            return ConnectionLostError(
                f"the login shell ended with exit code {exit_code} before it ran anything; see that the login user "
                "has a shell that can run commands",
                output=lines,
            )
        message = self._sudo_message("\n".join(lines), exit_code)
        return BecomeError(f"could not become {self.become_user}: {message}", output=lines)

    def _sudo_message(self, said: str, exit_code: int) -> str:
        if exit_code == _NO_SUDO:
            return "sudo is not installed; install it, or log in as that user (ansible_user)"
        if self._asked and (self._prompts > 1 or re.search("incorrect password|[Ss]orry, try again", said)):
            return (
                "sudo refused the password; correct ansible_become_password, or give the right one with "
                "--ask-become-pass"
            )
        for pattern, message in _SUDO_SAYS.items():
            if re.search(pattern, said):
                return message
        if exit_code < 0:
            return "sudo did not answer; try it by hand (ssh to the host, then `sudo id`)"
        return f"sudo ended with exit code {exit_code}; try it by hand (ssh to the host, then `sudo id`)"


@dataclass
class Becoming:
    """Whom the programs of one connection become, and with which password.

    ``trusted``: the password was right once, so that it may be sent together with the program.
    """

    user: str | None
    password: Secret | None = None
    trusted: bool = False

    def conversation(self, program: str) -> Conversation:
        """The conversation of one program. Raises BecomeError when user or password can't be sent."""
        return Conversation(program, become_user=self.user, password=self.password, trusted=self.trusted)


# What sudo says in the locale C; the first that fits wins.
_SUDO_SAYS = {
    "password is required|no password was provided|askpass": (
        "sudo wants a password and none was given; set ansible_become_password, use --ask-become-pass, or allow the "
        "user NOPASSWD in sudoers"
    ),
    "must have a tty|no tty present": (
        "sudo insists on a terminal; put `Defaults:USER !requiretty` for the login user into sudoers"
    ),
    "not in the sudoers|may not run sudo|is not allowed to (execute|run)": (
        "sudoers does not let the login user do it; add a rule for the user, or log in as another (ansible_user)"
    ),
    "unknown user": "there is no such user on the host; correct ansible_become_user",
    "[Aa]ccount (validation|has expired)|[Pp]assword (has )?expired|account is locked": (
        "the login user's account or password is expired or locked on the host; log in by hand and renew it"
    ),
}


def _line_bytes(lines: list[str]) -> bytes:
    return "".join(line + "\n" for line in lines).encode("utf-8", "surrogateescape")


def _lines(data: bytes) -> list[str]:
    text = data.decode("utf-8", "backslashreplace").replace("\r", "\n")
    return ["".join(char if char.isprintable() else "?" for char in line).strip() for line in text.split("\n")]
