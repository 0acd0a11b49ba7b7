"""What is shown of a run."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from mountwright.errors import StepError, UnreachableError
from mountwright.outcome import ChangeRecord, HostOutcome, Status
from mountwright.report import document, text
from mountwright.report.console import Progress
from mountwright.report.names import compress

DIFF = "--- x (now)\n+++ x (declared)\n@@ -1 +1 @@\n-a\n+b\n"
CHANGE = ChangeRecord("file:/etc/x", "write 3 lines", DIFF, ("kept a backup",))
FAILED = HostOutcome(
    "node2",
    Status.FAILED,
    (CHANGE,),
    StepError(
        "install nfs-common: failed with exit code 100", resource="package:nfs-common", output=("E: no", "E: way")
    ),
    61.2,
)


def planned(name):
    return HostOutcome(name, Status.PLANNED, (CHANGE,), seconds=0.4)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], ""),
        (["b", "a"], "b, a"),
        (["node1", "node2"], "node1, node2"),
        (["node08", "node09", "node10", "node12"], "node[08:10], node12"),
        (["r1n1.lan", "r1n2.lan", "r1n3.lan", "x"], "r1n[1:3].lan, x"),
    ],
)
def test_names_are_compressed(names, expected):
    """Three numbers in a row or more become a range."""
    assert compress(names) == expected


@given(st.lists(st.integers(0, 120), unique=True, max_size=40).map(sorted))
def test_compressed_names_mean_the_same_hosts(numbers):
    """Expanded again, the ranges are the names that went in."""
    names = [f"n{number:03d}" for number in numbers]
    expanded = []
    for part in filter(None, compress(names).split(", ")):
        if "[" in part:
            first, last = part[part.index("[") + 1 : part.index("]")].split(":")
            expanded += [f"n{number:03d}" for number in range(int(first), int(last) + 1)]
        else:
            expanded.append(part)
    assert expanded == names


def test_hosts_with_the_same_plan_are_shown_together():
    """A thousand nodes that lack the same package are one entry."""
    outcomes = [planned(f"node{number}") for number in range(1, 1001)]
    assert text.lines(text.planned_text(outcomes, diff=True)) == (
        "node[1:9], node[10:99], node[100:999], node1000 (1000 hosts) would change:\n"
        "  file:/etc/x  write 3 lines\n"
        "      kept a backup\n"
        "    --- x (now)\n    +++ x (declared)\n    @@ -1 +1 @@\n    -a\n    +b\n"
        "\n"
    )


def test_a_failure_says_where_what_and_the_last_lines():
    """Host, step, exit code, and output as real lines."""
    assert text.lines(text.failure_text(FAILED)) == (
        "node2 failed at package:nfs-common\n"
        "  install nfs-common: failed with exit code 100\n"
        "  | E: no\n"
        "  | E: way\n"
        "\n"
    )


def test_the_recap_lists_each_host_and_counts():
    """A small fleet has a line a host."""
    outcomes = [HostOutcome("node1", Status.UNCHANGED, seconds=0.31), FAILED]
    assert text.lines(text.recap_text(outcomes, 61.9)) == (
        "Recap\n"
        "  node1  unchanged    0 changes       0.3 s\n"
        "  node2  failed       1 change      1 min 01 s\n"
        "2 hosts: 1 unchanged, 1 failed in 1 min 02 s\n"
    )


def test_the_recap_of_a_large_fleet_is_short_but_names_trouble():
    """Hosts that ended alike share a line, those in trouble stand alone."""
    outcomes = [HostOutcome(f"n{number:02d}", Status.UNCHANGED, seconds=1) for number in range(40)]
    outcomes[7] = HostOutcome("n07", Status.UNREACHABLE, error=UnreachableError("gone"), seconds=15)
    assert text.lines(text.recap_text(outcomes, 16)) == (
        "Recap\n"
        "  n[00:06], n[08:39]  unchanged    0 changes       1.0 s\n"
        "  n07                 unreachable  0 changes        15 s\n"
        "40 hosts: 39 unchanged, 1 unreachable in 16 s\n"
    )


def test_what_hosts_say_can_not_steer_the_terminal():
    """Escape sequences and lone surrogates are shown as escapes."""
    assert text.printable("a\x1b]0;x\x07b\udcff\r\tc") == "a\\x1b]0;x\\x07b\\udcff\\r\tc"


def test_the_document_is_the_contract():
    """The keys and values of the JSON report, as documented."""
    assert document.hosts_document([FAILED, planned("node1")]) == {
        "hosts": {
            "node2": {
                "status": "failed",
                "changes": [
                    {"resource": "file:/etc/x", "summary": "write 3 lines", "diff": DIFF, "notes": ["kept a backup"]}
                ],
                "error": {
                    "resource": "package:nfs-common",
                    "message": "install nfs-common: failed with exit code 100",
                    "output": ["E: no", "E: way"],
                },
                "seconds": 61.2,
            },
            "node1": {
                "status": "planned",
                "changes": [
                    {"resource": "file:/etc/x", "summary": "write 3 lines", "diff": DIFF, "notes": ["kept a backup"]}
                ],
                "error": None,
                "seconds": 0.4,
            },
        },
        "summary": {"unchanged": 0, "planned": 1, "changed": 0, "failed": 1, "unreachable": 0, "skipped": 0},
    }


def test_json_survives_bytes_that_are_no_text(capsys):
    """A lone surrogate is escaped, not an encoding error."""
    document.write_json({"x": "caf\udce9"})
    assert json.loads(capsys.readouterr().out) == {"x": "caf\udce9"}


class TestProgress:
    def events(self, progress):
        with progress:
            progress.host_started("node2")
            progress.host_activity("node2", "looking")
            progress.host_activity("node2", "write 3 lines")
            progress.change_done("node2", CHANGE)
            progress.host_finished(FAILED)

    def test_without_a_terminal_each_event_is_a_plain_line(self):
        """Nothing moves, nothing is coloured."""
        out = io.StringIO()
        self.events(Progress(Console(file=out, width=200, highlight=False), 1, diff=False))
        assert out.getvalue() == (
            "node2: write 3 lines ...\n"
            "node2: done file:/etc/x  write 3 lines\n"
            "      kept a backup\n"
            "node2: failed: install nfs-common: failed with exit code 100\n"
        )

    def test_on_a_terminal_the_view_is_live_and_gone_at_the_end(self):
        """The hosts at work are shown while they are; what happened stays."""
        out = io.StringIO()
        progress = Progress(Console(file=out, width=80, force_terminal=True, color_system=None), 1)
        with progress:
            progress.host_started("node2")
            progress.host_activity("node2", "install nfs-common")
            view = Console(file=io.StringIO(), width=80)
            view.print(progress._view())
            shown = view.file.getvalue()
            progress.host_finished(FAILED)
        assert "node2" in shown
        assert "install nfs-common" in shown
        assert "0 of 1 hosts done" in shown
        assert "node2: failed: install nfs-common: failed with exit code 100" in out.getvalue()


def test_remarks_are_shown_and_written():
    """What the operator should know though nothing changes; a host without any has no such key."""
    remarked = HostOutcome("cp1", Status.UNCHANGED, remarks=("pv2 is left over", "so is pv3\x1b[31m"))
    assert text.lines(text.remarks_text([remarked, planned("n")])) == (
        "cp1: note: pv2 is left over\ncp1: note: so is pv3\\x1b[31m\n"
    )
    hosts = document.hosts_document([remarked, planned("n")])["hosts"]
    assert hosts["cp1"]["remarks"] == ["pv2 is left over", "so is pv3\x1b[31m"]
    assert "remarks" not in hosts["n"]
