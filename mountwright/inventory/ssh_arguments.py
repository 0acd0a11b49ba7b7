"""The arguments of ssh(1) as inventories carry them (``ansible_ssh_common_args``), taken apart."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Flags of ssh(1) that are short for an option (-C), and those that have no meaning for a run without a terminal.
_FLAGS = {
    "4": ("addressfamily", "inet"),
    "6": ("addressfamily", "inet6"),
    "A": ("forwardagent", "yes"),
    "a": ("forwardagent", "no"),
    "C": ("compression", "yes"),
}
_IDLE_FLAGS = "kKnNqTtvXxYy"
_WITH_VALUE = {"b": "bindaddress", "c": "ciphers", "i": "identityfile", "J": "proxyjump", "l": "user",
               "m": "macs", "p": "port"}  # fmt: skip
_KEYWORD = re.compile(r"\s*([A-Za-z0-9]+)(?:\s*=\s*|\s+)(.*)", re.DOTALL)


@dataclass
class SshArguments:
    """Options by lower-case keyword. The first value given for one wins, as in ssh_config(5)."""

    options: dict[str, str] = field(default_factory=dict)

    def take(self, text: str) -> None:
        """Add the arguments in ``text``, which is cut into words as a shell does.

        Raises ValueError saying what can't be taken.
        """
        try:
            words = shlex.split(text)
        except ValueError as error:
            raise ValueError(f"{text!r} is no valid list of arguments: {str(error).lower()}") from None
        if not "".join(words).isprintable():
            raise ValueError(f"{text!r} holds line breaks or control characters, which no option of ssh has")
        waiting = iter(words)
        for word in waiting:
            if not word.startswith("-") or word == "-":
                raise ValueError(f"{word!r} is no option of ssh; quote values that hold spaces")
            self._cluster(word[1:], waiting)

    def _cluster(self, letters: str, waiting: Iterator[str]) -> None:
        """Take one word of options: flags may stand together, a value may follow at once or as the next word."""
        for position, letter in enumerate(letters):
            if letter == "o" or letter in _WITH_VALUE:
                value = letters[position + 1 :] or next(waiting, None)
                if value is None:
                    raise ValueError(f"the option -{letter} lacks its value")
                self._with_value(letter, value)
                return
            if letter == "F":
                raise ValueError(
                    "the option -F FILE is not supported: put its content into ~/.ssh/config, or say it with -o"
                )
            if letter in _FLAGS:
                self._set(*_FLAGS[letter])
            elif letter not in _IDLE_FLAGS:
                raise ValueError(f"the option -{letter} of ssh is not supported; -J, -i, -o Key=Value and -p are")

    def _with_value(self, letter: str, value: str) -> None:
        if letter != "o":
            self._set(_WITH_VALUE[letter], value)
            return
        match = _KEYWORD.fullmatch(value)
        if not match:
            raise ValueError(f"-o {value!r} is no Key=Value")
        text = match[2].strip()
        if len(text) > 1 and text[0] == text[-1] == '"' and '"' not in text[1:-1]:
            text = text[1:-1]
        self._set(match[1].lower(), text)

    def _set(self, keyword: str, value: str) -> None:
        # ssh_config(5): whichever of ProxyJump and ProxyCommand is specified first disables the other.
        rival = {"proxyjump": "proxycommand", "proxycommand": "proxyjump"}.get(keyword)
        if rival not in self.options:
            self.options.setdefault(keyword, value)
