"""Programs that the lab starts and finds again."""

from __future__ import annotations

import os
import secrets
import subprocess
import time

import pytest

from tests.lab import daemons
from tests.lab.processes import MARKER, marked, wait_until_marked

pytestmark = pytest.mark.lab


@pytest.fixture
def group():
    """A name for the programs of one test, which are ended."""
    name = f"test-{os.getpid()}-{secrets.token_hex(3)}"
    yield name
    daemons.end(name)


def test_a_program_that_is_slow_to_begin_is_waited_for(group):
    """Between fork and the new program's environment time may pass, in which nobody would find it."""
    marker = f"{group}/slow"
    script = f"sleep 0.5; {MARKER}={marker} exec sleep 100"
    process = subprocess.Popen(["sh", "-c", script])
    try:
        assert marked(marker) == {}
        wait_until_marked(process.pid)
        assert [found.pid for found in marked(marker)[marker]] == [process.pid]
    finally:
        process.kill()
        process.wait()


def test_a_program_that_ends_at_once_is_not_waited_for():
    """There is nothing to wait for."""
    process = subprocess.Popen(["true"])
    begun = time.monotonic()
    wait_until_marked(process.pid)
    process.wait()
    assert time.monotonic() - begun < 5


def test_a_program_just_started_is_found_at_once(group, tmp_path):
    """Whoever ends a lab right after its start misses nothing: fifty times."""
    for number in range(50):
        marker = f"{group}/{number}"
        pid = daemons.start(["sleep", "100"], folder=tmp_path, marker=marker, log=tmp_path / "log")
        assert [found.pid for found in marked(marker)[marker]] == [pid]
    assert daemons.end(group) == 50
    assert marked(f"{group}/") == {}
