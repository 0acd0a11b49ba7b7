"""Trials of storage as text."""

from __future__ import annotations

from mountwright.kubernetes.smoke.events import Event
from mountwright.kubernetes.smoke.outcome import SmokeReport, StepOutcome, TrialOutcome
from mountwright.report.smokes import smokes_text
from mountwright.report.text import lines

WRITE = StepOutcome("write", True, 3.0, node="node1")
MOUNT = Event("Warning", "FailedMount", "Pod", "smoke-a-2-write", "mount.nfs: Connection timed out", 4, "")
GOOD = TrialOutcome("class nfs-csi", True, 9.2, (WRITE, StepOutcome("read", True, 2.0, node="node2")))
BAD = TrialOutcome(
    "volume pv0001",
    ok=False,
    seconds=182.0,
    steps=(StepOutcome("write", False, 180.0, node="node1"),),
    events=(MOUNT,),
    message="not done after 180 s: its claim is Pending\npv2: too small",
    remedy="see the firewall",
    notes=("the file x may be left",),
)
SKIPPED = TrialOutcome("volume pv0002", ok=None, message="it is in use: bound to the claim shop/db")


def test_a_report():
    """First what went wrong with its reason, remedy and events, then what stays, then a line a trial."""
    report = SmokeReport((GOOD, BAD, SKIPPED), notes=("still being deleted: Pod/x",))
    assert lines(smokes_text(report, 200)).splitlines() == [
        "volume pv0001 failed",
        "  not done after 180 s: its claim is Pending",
        "    pv2: too small",
        "  -> see the firewall",
        "  | Warning FailedMount Pod/smoke-a-2-write: mount.nfs: Connection timed out (x4)",
        "",
        "volume pv0002 skipped",
        "  it is in use: bound to the claim shop/db",
        "",
        "note: volume pv0001: the file x may be left",
        "note: still being deleted: Pod/x",
        "Recap",
        "  class nfs-csi  ok         9.2 s  write on node1, read on node2",
        "  volume pv0001  failed   3 min 02 s",
        "  volume pv0002  skipped    0.0 s",
        "3 trials: 1 ok, 1 failed, 1 skipped in 3 min 20 s",
    ]


def test_one_node_is_named_once():
    """In a cluster of one node both steps are there."""
    step = StepOutcome("read", True, 2.0, node="node1")
    text = lines(smokes_text(SmokeReport((TrialOutcome("class a", True, 5.0, (WRITE, step)),)), 5))
    assert "  class a  ok         5.0 s  write and read on node1" in text.splitlines()
    assert "1 trial: 1 ok in 5.0 s" in text


def test_what_the_cluster_says_can_not_move_the_cursor():
    """Control characters of an event or a message are shown as escapes."""
    evil = TrialOutcome(
        "volume \x1b[2J", ok=False, message="a\x1b[31mb", events=(Event("W", "R", "P", "n", "\x07", 1, ""),)
    )
    assert "\x1b" not in lines(smokes_text(SmokeReport((evil,)), 1))
    assert "\x07" not in lines(smokes_text(SmokeReport((evil,)), 1))


def test_exit_codes_and_the_document():
    """A failure, an interruption and what could not be deleted are errors; a trial that was left out is none."""
    assert SmokeReport((GOOD, SKIPPED)).exit_code == 0
    assert SmokeReport((GOOD, BAD)).exit_code == 1
    assert SmokeReport((GOOD,), interrupted=True).exit_code == 1
    assert SmokeReport((GOOD,), clean=False).exit_code == 1
    document = SmokeReport((GOOD, BAD, SKIPPED)).as_json()
    assert document["summary"] == {"ok": 1, "failed": 1, "skipped": 1}
    assert list(document["smokes"][0]) == [
        *("name", "ok", "seconds", "steps", "events", "message", "remedy", "notes")
    ]
    assert document["smokes"][1]["events"][0]["object"] == "Pod/smoke-a-2-write"
