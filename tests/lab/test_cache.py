"""The cache: a thing is built once, and never seen half-built."""

from __future__ import annotations

import os
import threading
import time

import pytest

from tests.lab import cache


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MOUNTWRIGHT_CACHE", str(tmp_path))


def test_an_entry_is_built_once_for_a_key():
    """The same key gives the same folder without building, another key another."""
    built = []

    def build(folder):
        built.append(folder)
        (folder / "made").write_text("x")

    first = cache.entry("thing", ["a"], build)
    assert cache.entry("thing", ["a"], build) == first
    assert (first / "made").read_text() == "x"
    assert cache.entry("thing", ["b"], build) != first
    assert len(built) == 2


def test_keys_are_told_apart_by_their_parts():
    """Parts that read the same when joined are still two keys."""
    one = cache.entry("thing", ["ab", "c"], lambda _: None)
    assert cache.entry("thing", ["a", "bc"], lambda _: None) != one


def test_a_build_that_fails_leaves_nothing_and_is_tried_again():
    """Neither an error nor Ctrl-C leaves an entry or a part of one."""

    def interrupted(folder):
        (folder / "half").write_text("x")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.entry("thing", ["a"], interrupted)
    assert [path.name for path in (cache.cache_folder() / "images").iterdir() if path.is_dir()] == []
    assert list(cache.entry("thing", ["a"], lambda _: None).iterdir()) == []


def test_what_a_killed_build_has_left_is_not_built_upon(tmp_path):
    """A folder under construction whose builder is gone is thrown away first."""
    done = cache.entry("thing", ["a"], lambda _: None)
    left = done.with_name(f".{done.name}.building")
    done.rename(left)
    (left / "half").write_text("x")
    assert list(cache.entry("thing", ["a"], lambda _: None).iterdir()) == []
    assert not left.exists()
    assert tmp_path in done.parents


def test_of_two_at_once_one_builds():
    """The second waits for the first and gets its entry."""
    built = []

    def build(folder):
        time.sleep(0.05)
        built.append(folder)

    threads = [threading.Thread(target=cache.entry, args=("thing", ["a"], build)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(built) == 1


def test_entries_of_old_keys_go_when_nobody_uses_them():
    """A month without use ends an entry when its successor is built; one used since then stays, other names too."""
    old, used, other = (cache.entry(*each, lambda _: None) for each in (("a", ["1"]), ("a", ["2"]), ("a-b", ["1"])))
    for path in (old, used, other):
        os.utime(path, (0, 0))
    assert cache.entry("a", ["2"], lambda _: None) == used
    cache.entry("a", ["3"], lambda _: None)
    assert [path.exists() for path in (old, used, other)] == [False, True, True]
