"""What the suite expects of writing to an export."""

from __future__ import annotations

import pytest

from mountwright.verify import mounting


@pytest.mark.parametrize(
    ("user", "groups", "directory", "expected"),
    [
        (0, (), (1000, 1000, 0o000), True),
        (65534, (65534,), (65534, 65534, 0o755), True),
        (65534, (65534,), (0, 0, 0o755), False),
        (65534, (65534,), (0, 0, 0o777), True),
        (65534, (65534,), (0, 0, 0o1777), True),
        (65534, (65534,), (0, 65534, 0o775), True),
        (65534, (65534,), (0, 65534, 0o705), False),
        (65534, (65534,), (65534, 0, 0o577), False),
        (65534, (65534,), (0, 0, 0o772), False),
    ],
)
def test_who_may_create_files(user, groups, directory, expected):
    """The first class that fits decides, and creating needs write and search permission."""
    assert mounting.may_write(user, groups, directory) is expected


def test_source():
    """An IPv6 address stands in brackets."""
    assert mounting.source("10.0.0.1", "/srv/a b") == "10.0.0.1:/srv/a b"
    assert mounting.source("fd00::1", "/srv") == "[fd00::1]:/srv"


def test_hints():
    """What mount says is kept, and what to think of it is added where that is known."""
    said = "mount.nfs: access denied by server while mounting 10.0.0.1:/srv"
    assert mounting.plain_mount_error(said) == f"{said} (the server exports it to others only, or not at all)"
    assert mounting.plain_mount_error("no idea") == "no idea"
