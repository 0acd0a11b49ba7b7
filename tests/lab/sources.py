"""Where Debian's packages come from: the mirrors of this box's own apt, for this or another release."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Iterator

_APT = Path("/etc/apt")


@dataclass(frozen=True)
class Source:
    """One archive and suite of sources.list(5)."""

    uri: str
    suite: str
    components: tuple[str, ...]
    signed_by: str = ""

    def line(self, suite: str) -> str:
        """As a line of sources.list for main of that suite. Its keys are those that the builder trusts."""
        return f"deb {self.uri} {suite} main"


def debian_sources(release: str, *, apt: Path = _APT, os_release: Path = Path("/etc/os-release")) -> tuple[str, ...]:
    """The sources.list lines for a Debian release by code name, from the mirrors that this box uses.

    Raises LabError when this box's apt knows no mirror of Debian.
    """
    own = _code_name(os_release)
    lines = []
    for source in _sources(apt):
        base, _, pocket = source.suite.partition("-")
        # A third party may use Debian's suite names, but has keys of its own.
        foreign = source.signed_by and "debian-archive" not in source.signed_by
        if base == own and pocket in {"", "updates", "security"} and "main" in source.components and not foreign:
            lines.append(source.line(release + ("-" + pocket if pocket else "")))
    if not lines:
        raise LabError(
            f"found no mirror of Debian {own or '(no code name)'} in {apt}/sources.list and {apt}/sources.list.d:"
            " the lab builds its images from the mirrors of a Debian box"
        )
    return tuple(dict.fromkeys(lines))


def apt_proxy() -> str:
    """The HTTP proxy that this box's apt is configured with; empty when there is none."""
    done = subprocess.run(
        ["apt-config", "shell", "proxy", "Acquire::http::Proxy"], capture_output=True, text=True, check=False
    )
    return done.stdout.strip().removeprefix("proxy=").strip("'")


def _code_name(os_release: Path) -> str:
    for line in os_release.read_text().splitlines():
        key, _, value = line.partition("=")
        if key == "VERSION_CODENAME":
            return value.strip('"')
    return ""


def _sources(apt: Path) -> Iterator[Source]:
    for file in [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*"))]:
        if not file.is_file():
            continue
        text = file.read_text(errors="replace")
        if file.suffix == ".list":
            yield from _one_line_style(text)
        elif file.suffix == ".sources":
            yield from _deb822_style(text)


def _one_line_style(text: str) -> Iterator[Source]:
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if words[:1] != ["deb"]:
            continue
        del words[0]
        signed_by = ""
        if words and words[0].startswith("["):
            end = next((i for i, word in enumerate(words) if word.endswith("]")), len(words) - 1)
            options = " ".join(words[: end + 1]).strip("[] ").split()
            signed_by = next((option.partition("=")[2] for option in options if option.startswith("signed-by=")), "")
            del words[: end + 1]
        if len(words) > 2:
            yield Source(words[0], words[1], tuple(words[2:]), signed_by)


def _deb822_style(text: str) -> Iterator[Source]:
    stanza: dict[str, str] = {}
    key = ""
    for line in [*text.splitlines(), ""]:
        if line.startswith("#"):
            continue
        if not line.strip():
            yield from _stanza(stanza)
            stanza = {}
        elif line[0].isspace():
            stanza[key] += f" {line.strip()}"
        else:
            key, _, value = line.partition(":")
            key = key.strip().lower()
            stanza[key] = value.strip()


def _stanza(stanza: dict[str, str]) -> Iterator[Source]:
    if "deb" not in stanza.get("types", "").split() or stanza.get("enabled", "yes").lower() in {"no", "false"}:
        return
    for uri in stanza.get("uris", "").split():
        for suite in stanza.get("suites", "").split():
            yield Source(uri, suite, tuple(stanza.get("components", "").split()), stanza.get("signed-by", ""))
