"""ssh_config(5) files made fit for Paramiko's reader, which knows Host and Match but no Include.

Two things are done to the text before it is parsed:

- ``Include`` is replaced by what it includes. A block around it goes on holding for what is included (``Match``
  criteria are all required), and for the lines after it.
- ``%`` and ``~`` in values that take tokens are hidden, so that they are expanded by
  :mod:`mountwright.ssh.settings`, which knows the user and the port that were settled on in the end.
"""

from __future__ import annotations

import glob
import os
import re
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

from mountwright.errors import InputError, Problem

_LINE = re.compile(r"(\w+)(?:\s*=\s*|\s+)(.+)")
_CRITERIA = {"host", "originalhost", "user", "localuser", "exec"}
_ALONE = {"all", "canonical", "final"}
_WITH_TOKENS = {
    "identityfile", "certificatefile", "proxycommand", "proxyjump", "userknownhostsfile", "globalknownhostsfile",
    "identityagent", "hostkeyalias",
}  # fmt: skip
_MOST_DEPTH = 16  # as OpenSSH
_HIDDEN = {"%": "\ue000", "~": "\ue001"}


def hidden(value: str) -> str:
    """Undo :func:`reveal`."""
    for char, stand_in in _HIDDEN.items():
        value = value.replace(char, stand_in)
    return value


def reveal(value: str) -> str:
    """Give a value of the parsed file its ``%`` and ``~`` back."""
    for char, stand_in in _HIDDEN.items():
        value = value.replace(stand_in, char)
    return value


def expanded_text(path: Path) -> str:
    """Return the file's text with its includes in it; empty when there is no such file.

    Raises InputError with file and line for what can't be read or understood.
    """
    return "\n".join(_Reader().read(path, (), ())) + "\n"


@dataclass(frozen=True)
class Ran:
    """How the command of a ``Match exec`` ended."""

    ok: bool


class ExecCriterion:
    """Runs the commands of ``Match exec`` as ssh does: by a shell, without our stdin, stdout thrown away.

    Has the place and the shape of the ``invoke`` module in Paramiko's reader: Invoke would read the operator's
    terminal meanwhile, and leaves its pipes open.
    """

    @staticmethod
    def run(command: str, **_options: object) -> Ran:
        """Return whether the command succeeds."""
        done = subprocess.run(["sh", "-c", command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)
        return Ran(done.returncode == 0)


class _Reader:
    """Reads files recursively. Conditions are Match criteria as text; all of a tuple must hold."""

    def read(self, path: Path, outer: tuple[str, ...], readers: tuple[Path, ...]) -> list[str]:
        try:
            text = path.read_text("utf-8", "surrogateescape")
        except FileNotFoundError:
            return []
        except OSError as problem:
            raise InputError(Problem(str(path), 0, "", f"can't be read: {problem.strerror}")) from None
        here = outer
        lines: list[str] = []
        for number, raw in enumerate(text.split("\n"), 1):
            line = raw.strip()
            if not line or line.startswith("#"):
                continue
            match = _LINE.fullmatch(line)
            if not match:
                raise InputError(Problem(str(path), number, "", f"not a keyword with a value: {line!r}"))
            keyword, value = match[1].lower(), match[2]
            if keyword in ("host", "match"):
                here = (*outer, *self.criteria(keyword, value, path, number))
                lines.append(header(here))
            elif keyword == "include":
                for included in self.included(value, path, number):
                    self.refuse_endless(included, (*readers, path), number)
                    lines += [*self.read(included, here, (*readers, path)), header(here)]
            else:
                lines.append(f"{keyword} {hidden(value) if keyword in _WITH_TOKENS else value}")
        return lines

    def refuse_endless(self, included: Path, readers: tuple[Path, ...], number: int) -> None:
        if included.resolve() in (reader.resolve() for reader in readers):
            raise InputError(Problem(str(readers[-1]), number, "Include", f"{included} includes itself"))
        if len(readers) > _MOST_DEPTH:
            raise InputError(Problem(str(readers[-1]), number, "Include", f"more than {_MOST_DEPTH} deep"))

    def criteria(self, keyword: str, value: str, path: Path, number: int) -> tuple[str, ...]:
        """Return the criteria of a Host or Match line. ``Match all`` has none."""
        value = re.sub(r"\s+#.*$", "", value)
        try:
            words = shlex.split(value)
        except ValueError as problem:
            raise InputError(Problem(str(path), number, keyword.title(), f"{problem}: {value!r}")) from None
        if keyword == "host":
            return (f"originalhost {quoted(','.join(words))}",)
        found = []
        while words:
            word = words.pop(0)
            name = word.lstrip("!").lower()
            if name in _ALONE:
                if name != "all":
                    found.append(word.lower())
            elif name in _CRITERIA and words:
                found.append(f"{'!' * word.startswith('!')}{name} {quoted(words.pop(0))}")
            else:
                known = ", ".join(sorted(_CRITERIA | _ALONE))
                message = f"needs a value: {word}" if name in _CRITERIA else f"{word!r} is not supported; {known} are"
                raise InputError(Problem(str(path), number, "Match", message))
        return tuple(found)

    def included(self, value: str, path: Path, number: int) -> list[Path]:
        """Return the files that an Include line names, in order; a pattern without files names none."""
        try:
            patterns = shlex.split(value, comments=True)
        except ValueError as problem:
            raise InputError(Problem(str(path), number, "Include", f"{problem}: {value!r}")) from None
        files = []
        for pattern in patterns:
            # ssh_config(5): relative to ~/.ssh in a user's file, to /etc/ssh in the system's.
            base = Path("/etc/ssh") if path.is_relative_to("/etc/ssh") else Path.home() / ".ssh"
            files += [Path(name) for name in sorted(glob.glob(str(base / os.path.expanduser(pattern))))]  # noqa: PTH111, PTH207 - patterns, not paths
        return files


def header(conditions: tuple[str, ...]) -> str:
    """Return the line that begins a block for which all the conditions must hold."""
    return f"Match {' '.join(conditions)}" if conditions else "Host *"


def quoted(word: str) -> str:
    """Return a word of a Match line as the parser (shlex) reads it back."""
    return shlex.quote(word)
