"""Which of a box's apt sources the lab's images are built from."""

from __future__ import annotations

import pytest

from tests.lab.errors import LabError
from tests.lab.sources import debian_sources

DEB822 = """\
Types: deb deb-src
# a comment in between
URIs: http://mirror.example/debian
Suites: bookworm
 bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://other.example/apt
Suites: bookworm
Components: main
Signed-By: /etc/apt/keyrings/other.gpg

Types: deb
Enabled: no
URIs: http://off.example/debian
Suites: bookworm
Components: main
"""


@pytest.fixture
def box(tmp_path):
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "os-release").write_text('ID=debian\nVERSION_CODENAME="bookworm"\n')
    return tmp_path


def sources(box, release="bookworm"):
    return debian_sources(release, apt=box, os_release=box / "os-release")


def test_deb822_gives_debians_own_sources_only(box):
    """Two suites of one stanza; what is switched off or has a third party's keys is left out."""
    (box / "sources.list.d" / "debian.sources").write_text(DEB822)
    assert sources(box) == (
        "deb http://mirror.example/debian bookworm main",
        "deb http://mirror.example/debian bookworm-updates main",
    )


def test_one_line_style_with_options_and_comments(box):
    """Options in brackets, with spaces too, are stepped over; backports and sources are no base of an image."""
    (box / "sources.list").write_text(
        "# deb http://no.example/debian bookworm main\n"
        "deb [ arch=amd64 signed-by=/k/debian-archive-keyring.gpg ] http://a.example/debian bookworm main # c\n"
        "deb http://a.example/security bookworm-security main\n"
        "deb http://a.example/debian bookworm-backports main\n"
        "deb-src http://a.example/debian bookworm main\n"
    )
    assert sources(box) == (
        "deb http://a.example/debian bookworm main",
        "deb http://a.example/security bookworm-security main",
    )


def test_another_release_comes_from_the_same_mirrors(box):
    """The box's own code name is replaced, its pockets stay."""
    (box / "sources.list").write_text(
        "deb http://a.example/debian bookworm main\ndeb http://s.example bookworm-security main\n"
    )
    assert sources(box, "trixie") == (
        "deb http://a.example/debian trixie main",
        "deb http://s.example trixie-security main",
    )


def test_a_box_without_debian_mirrors_is_told(box):
    """The message names where was looked."""
    with pytest.raises(LabError, match=r"found no mirror of Debian bookworm in .*/sources\.list and "):
        sources(box)
