"""Debian packages as files, for what the lab takes out of them without installing it here."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab.builder import run_builder
from tests.lab.sources import debian_sources

if TYPE_CHECKING:
    from collections.abc import Sequence

_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


def download(folder: Path, release: str, packages: Sequence[str], *, sources: Sequence[str] = ()) -> None:
    """Put packages of a Debian release (by code name) and the files of ``sources`` packages into ``folder``.

    apt verifies them, with lists of its own: neither this box's lists nor its sources are touched, and root is not
    needed. Raises LabError with apt's own words when a package can't be had.
    """
    with tempfile.TemporaryDirectory(prefix="mountwright-apt-") as scratch:
        apt = _private_apt(Path(scratch), release)
        log = Path(scratch) / "apt.log"
        run_builder([*apt, "update"], log=log)
        if packages:
            run_builder([*apt, "download", *packages], log=log, folder=folder)
        if sources:
            run_builder([*apt, "--download-only", "source", *sources], log=log, folder=folder)


def extract(package: Path, folder: Path) -> None:
    """Unpack a package's files into ``folder``, without running anything of it; LabError when that fails."""
    with tempfile.NamedTemporaryFile(prefix="mountwright-", suffix=".log") as log:
        run_builder(["dpkg-deb", "--extract", str(package), str(folder)], log=Path(log.name))


def _private_apt(scratch: Path, release: str) -> list[str]:
    """The call of an apt-get that keeps its state in ``scratch`` and knows the release's binaries and sources."""
    signed = [line.replace("deb ", f"deb [signed-by={_KEYRING}] ", 1) for line in debian_sources(release)]
    sources_list = scratch / "sources.list"
    sources_list.write_text("".join(f"{line}\ndeb-src{line.removeprefix('deb')}\n" for line in signed))
    for name in ("lists/partial", "cache/archives/partial"):
        (scratch / name).mkdir(parents=True)
    settings = {
        "Dir::State::lists": scratch / "lists",
        "Dir::Cache": scratch / "cache",
        "Dir::Etc::sourcelist": sources_list,
        "Dir::Etc::sourceparts": "/dev/null",
        "APT::Update::Error-Mode": "any",  # else a mirror that can't be reached is only a warning
        "APT::Sandbox::User": "root",  # its user for downloads may not write here
        "Acquire::Retries": "3",
        "Acquire::Languages": "none",
    }
    return ["apt-get", "-q", *(word for key, value in settings.items() for word in ("-o", f"{key}={value}"))]
