"""Debian packages as files: verified by apt, taken apart without installing, and the box's own apt left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab.builder import run_builder
from tests.lab.errors import LabError
from tests.lab.packages import download, extract


def state_of_apt():
    places = (Path("/var/lib/apt/lists"), Path("/var/cache/apt/archives"), Path("/etc/apt"))
    return {path: path.stat().st_mtime_ns for place in places for path in [place, *place.rglob("*")]}


def test_a_package_and_a_source_come_as_files_and_nothing_else_changes(tmp_path):
    """The package's program is in it, the source has its description, and this box's apt knows nothing of it."""
    before = state_of_apt()
    download(tmp_path, "bookworm", ["hostname"], sources=["hostname"])
    assert state_of_apt() == before
    (package,) = tmp_path.glob("hostname_*.deb")
    extract(package, tmp_path / "unpacked")
    assert (tmp_path / "unpacked/bin/hostname").stat().st_mode & 0o111
    assert len(list(tmp_path.glob("hostname_*.dsc"))) == 1


def test_a_package_that_does_not_exist_is_told_in_apts_words(tmp_path):
    """Whoever misspells a package sees its name."""
    with pytest.raises(LabError, match="no-such-package-mountwright"):
        download(tmp_path, "bookworm", ["no-such-package-mountwright"])
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_package_is_told(tmp_path):
    """dpkg's words are in the error."""
    (tmp_path / "broken.deb").write_text("x")
    with pytest.raises(LabError, match="dpkg-deb"):
        extract(tmp_path / "broken.deb", tmp_path / "unpacked")


def test_a_builder_that_fails_shows_its_last_lines(tmp_path):
    """Of a long log only the end, where the reason is; and the code."""
    script = "i=0; while [ $i -lt 99 ]; do i=$((i + 1)); echo line $i; done; pwd; exit 7"
    with pytest.raises(LabError) as told:
        run_builder(["sh", "-c", script], log=tmp_path / "log", folder=tmp_path)
    lines = str(told.value).splitlines()
    assert "code 7" in lines[0]
    assert lines[-2:] == ["line 99", str(tmp_path)]
    assert "line 1" not in lines
