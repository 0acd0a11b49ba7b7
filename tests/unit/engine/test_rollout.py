"""Many hosts: order, independence, interruption."""

from __future__ import annotations

import signal
import threading
from dataclasses import dataclass

import pytest

from mountwright.errors import UnreachableError
from mountwright.outcome import Status
from mountwright.rollout import Report, Work, rollout
from tests.unit.engine.machine import Ear, ShellTransport, Word


@dataclass(frozen=True)
class FakeHost:
    """As much of an inventory's host as the rollout needs."""

    name: str
    connection: object = None


class Machines:
    """Opens connections to folders; hosts called "dead..." can't be reached."""

    def __init__(self, folder):
        self.folder = folder
        self.connected: list[str] = []

    def connect(self, name, settings):
        assert settings is None
        self.connected.append(name)
        if name.startswith("dead"):
            raise UnreachableError(f"{name} is down")
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return ShellTransport(folder)


def work(tmp_path, name, stage=0, **kind):
    return Work(FakeHost(name), stage, (Word(tmp_path / name / "a", "1", **kind),))


def statuses(report: Report) -> dict[str, str]:
    return {outcome.host: outcome.status.value for outcome in report.outcomes}


def test_a_failure_neither_stops_nor_hides_another(tmp_path):
    """Every host has its outcome, in the order of the works, whatever came of the others."""
    works = [
        work(tmp_path, "b"),
        work(tmp_path, "dead1"),
        work(tmp_path, "c", also="exit 1"),
        work(tmp_path, "a", refusal="no"),
    ]
    report = rollout(works, Machines(tmp_path), Ear(), forks=2)
    assert statuses(report) == {"b": "changed", "dead1": "unreachable", "c": "failed", "a": "failed"}
    assert list(statuses(report)) == ["b", "dead1", "c", "a"]
    assert report.exit_code == 1


@pytest.mark.parametrize("forks", [1, 2, 10])
def test_later_stages_change_nothing_before_earlier_ones_are_done(tmp_path, forks):
    """The first change of stage 1 comes after the last of stage 0, with any number of threads."""
    ear = Ear()
    works = [work(tmp_path, f"node{n}", 1) for n in range(4)] + [
        work(tmp_path, f"server{n}", also="sleep 0.2") for n in range(2)
    ]
    report = rollout(works, Machines(tmp_path), ear, forks=forks)
    assert set(statuses(report).values()) == {"changed"}
    order = [event[1] for event in ear.of("done")]
    assert {name[:6] for name in order[:2]} == {"server"}


def test_a_failed_server_does_not_stop_the_nodes(tmp_path):
    """Nodes wait for servers to be done, not for their success."""
    works = [work(tmp_path, "dead-server"), work(tmp_path, "node", 1)]
    assert statuses(rollout(works, Machines(tmp_path), Ear(), forks=1))["node"] == "changed"


@pytest.mark.parametrize(("check", "expected"), [(True, 2), (False, 0)])
def test_exit_codes(tmp_path, check, expected):
    """Check mode with something to change is 2, a run that changed it is 0; then both are 0."""
    works = [work(tmp_path, "a")]
    (tmp_path / "a").mkdir()
    assert rollout(works, Machines(tmp_path), Ear(), check=check).exit_code == expected
    rollout(works, Machines(tmp_path), Ear())
    assert rollout(works, Machines(tmp_path), Ear(), check=check).exit_code == 0


def test_check_mode_waits_for_no_stage(tmp_path):
    """Looking needs no order: a node is planned though its server hangs."""
    node_planned = threading.Event()

    class Watching(Ear):
        def host_finished(self, outcome):
            super().host_finished(outcome)
            if outcome.host == "node":
                node_planned.set()

    class Slow(Machines):
        def connect(self, name, settings):
            if name == "server":
                assert node_planned.wait(10)
            return super().connect(name, settings)

    works = [work(tmp_path, "server"), work(tmp_path, "node", 1)]
    assert statuses(rollout(works, Slow(tmp_path), Watching(), check=True)) == {
        "server": "planned",
        "node": "planned",
    }


def test_ctrl_c_begins_nothing_more_and_reports_all(tmp_path):
    """Hosts whose turn had not come are skipped, and the report is whole."""
    ear = Ear()

    class Interrupting(Machines):
        def connect(self, name, settings):
            if name == "server":
                signal_main()
            return super().connect(name, settings)

    def signal_main():
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        threading.Event().wait(0.3)

    works = [work(tmp_path, "server"), *(work(tmp_path, f"node{n}", 1) for n in range(3))]
    report = rollout(works, Interrupting(tmp_path), ear, forks=2)
    assert report.interrupted
    assert report.exit_code == 1
    assert {name: status for name, status in statuses(report).items() if name != "server"} == dict.fromkeys(
        ["node0", "node1", "node2"], "skipped"
    )
    assert not (tmp_path / "node0" / "a").exists()
    assert report.count(Status.SKIPPED) >= 3
