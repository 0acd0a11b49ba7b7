"""One host's journey, on a real sh."""

from __future__ import annotations

import pytest

from mountwright import frames
from mountwright.converge import converge, last_lines
from mountwright.errors import UnreachableError
from mountwright.outcome import Status
from mountwright.secret import Secret
from tests.unit.engine.machine import Ear, ShellTransport, Word


@pytest.fixture
def ear():
    return Ear()


@pytest.fixture
def machine(tmp_path):
    return ShellTransport(tmp_path)


def go(machine, ear, *resources, check=False, before_changes=lambda: None):
    return converge("h", resources, lambda: machine, ear, check=check, before_changes=before_changes)


def test_what_is_declared_is_made_and_then_left_alone(machine, ear, tmp_path):
    """The first run changes, the second changes nothing and costs one exec."""
    words = [Word(tmp_path / "a", "one"), Word(tmp_path / "b", "two")]
    first = go(machine, ear, *words)
    assert (first.status, [change.resource for change in first.changes]) == (Status.CHANGED, ["word:a", "word:b"])
    assert (tmp_path / "b").read_text() == "two"
    assert len(machine.programs) == 3
    machine.programs.clear()
    second = go(machine, ear, *words)
    assert (second.status, second.changes, len(machine.programs)) == (Status.UNCHANGED, (), 1)
    assert machine.closed


def test_check_mode_shows_the_plan_and_runs_the_probe_only(machine, ear, tmp_path):
    """Nothing is written, not even the lock; the diff is there."""
    (tmp_path / "a").write_text("old\n")
    outcome = go(
        machine, ear, Word(tmp_path / "a", "new\n"), check=True, before_changes=lambda: pytest.fail("called")
    )
    assert outcome.status is Status.PLANNED
    assert outcome.changes[0].diff == "--- a (now)\n+++ a (declared)\n@@ -1 +1 @@\n-old\n+new\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a"]
    assert len(machine.programs) == 1


def test_steps_are_reported_as_they_end(machine, ear, tmp_path):
    """The listener hears of each change in order, and of the end once."""
    go(machine, ear, Word(tmp_path / "a", "1"), Word(tmp_path / "b", "2"))
    assert list(ear.of("done")) == [("done", "h", "word:a"), ("done", "h", "word:b")]


def test_a_failing_step_ends_the_host_and_keeps_what_was_done(machine, ear, tmp_path):
    """The error names the resource, the exit code and the last lines; later steps don't run."""
    outcome = go(
        machine,
        ear,
        Word(tmp_path / "a", "1"),
        Word(tmp_path / "b", "2", also="echo no room left >&2; exit 28"),
        Word(tmp_path / "c", "3"),
    )
    assert outcome.status is Status.FAILED
    assert [change.resource for change in outcome.changes] == ["word:a"]
    assert outcome.error is not None
    assert outcome.error.resource == "word:b"
    assert outcome.error.message == "write 2: failed with exit code 28"
    assert outcome.error.output == ("no room left",)
    assert not (tmp_path / "c").exists()


def test_after_an_unsettling_change_the_host_is_looked_at_again(machine, ear, tmp_path):
    """What a package's installation does to a later resource's ground is seen before that one is planned."""
    package = Word(tmp_path / "package", "installed", settle_first=True, also='printf default >"${path%/*}/conf"')
    conf = Word(tmp_path / "conf", "default")
    outcome = go(machine, ear, package, conf)
    assert [change.resource for change in outcome.changes] == ["word:package"]
    assert len(machine.programs) == 3


def test_a_resource_that_never_settles_is_a_failure(machine, ear, tmp_path):
    """A change that doesn't take effect is said, not repeated for ever."""
    outcome = go(machine, ear, Word(tmp_path / "a", "1", also='printf other >"$path"'))
    assert outcome.status is Status.FAILED
    assert outcome.error is not None
    assert "still is not as declared" in outcome.error.message
    assert outcome.error.resource == "word:a"


def test_an_unknown_state_is_a_failure_before_any_change(machine, ear, tmp_path):
    """A probe that can't tell stops the host; nothing is assumed."""
    outcome = go(machine, ear, Word(tmp_path / "a", "1"), Word(tmp_path / "b", "2", probe_fails=True))
    assert outcome.status is Status.FAILED
    assert outcome.error is not None
    assert (outcome.error.resource, outcome.error.output) == ("word:b", ("the disk is on fire",))
    assert not (tmp_path / "a").exists()


def test_all_refusals_are_said_at_once(machine, ear, tmp_path):
    """Two wishes that can't be fulfilled are both in the report, and nothing is changed."""
    outcome = go(
        machine,
        ear,
        Word(tmp_path / "a", "1"),
        Word(tmp_path / "b", "2", refusal="b is taken"),
        Word(tmp_path / "c", "3", refusal="c is taken"),
    )
    assert outcome.error is not None
    assert (outcome.error.message, outcome.error.resource) == ("b is taken", "word:b")
    assert outcome.error.output == ("also word:c: c is taken",)
    assert not (tmp_path / "a").exists()


def test_an_unreachable_host_is_data(ear):
    """What connecting raises becomes the outcome."""

    def connect():
        raise UnreachableError("no route to 192.0.2.1")

    outcome = converge("h", [], connect, ear, check=False, before_changes=lambda: None)
    assert (outcome.status, outcome.error and outcome.error.message) == (Status.UNREACHABLE, "no route to 192.0.2.1")


def test_a_fault_of_ours_is_data_too(ear):
    """A bug on one host becomes that host's failure, with where it happened."""

    def connect():
        raise RuntimeError("a bug")

    outcome = converge("h", [], connect, ear, check=False, before_changes=lambda: None)
    assert outcome.status is Status.FAILED
    assert outcome.error is not None
    assert "fault in mountwright itself" in outcome.error.message
    assert any("in connect" in line for line in outcome.error.output)


def test_a_plan_made_stale_by_another_operator_is_made_anew(machine, ear, tmp_path):
    """Between our look and our change another run changed the host: we look again before we change."""

    def other_operator():
        other = ShellTransport(tmp_path)
        go(other, Ear(), Word(tmp_path / "a", "1"), Word(tmp_path / "theirs", "x"))

    outcome = go(machine, ear, Word(tmp_path / "a", "1"), before_changes=other_operator)
    assert (outcome.status, outcome.changes) == (Status.UNCHANGED, ())
    assert len(machine.programs) == 3


def test_secrets_are_masked_in_whatever_is_said(machine, ear, tmp_path):
    """A key that a step prints, plain or in base64, reaches no report."""
    key = Secret("AQBhunter22==")
    step = 'echo "bad key $word"; printf %s "$word" | base64; exit 1'
    outcome = go(machine, ear, Word(tmp_path / "a", key, also=step))
    assert outcome.error is not None
    assert outcome.error.output == ("bad key ********", "********")
    assert "hunter" not in repr(outcome)


def test_a_cut_answer_is_a_lost_connection(ear, tmp_path):
    """A probe whose end never came is no state of the host."""

    class Cut(ShellTransport):
        def run(self, program, *, on_stdout=None, silence=120.0):
            done = super().run(program, on_stdout=on_stdout, silence=silence)
            return type(done)(-1, done.stdout[:60], b"")

    outcome = go(Cut(tmp_path), ear, Word(tmp_path / "a", "1"))
    assert outcome.error is not None
    assert outcome.error.message == "the host's answer is not complete (exit code -1)"


def test_last_lines_are_fit_for_a_terminal():
    """Escape codes, carriage returns and bytes that are no text can't do harm."""
    assert last_lines(b"10%\r100%\r\n\n\x1b[31mred\xff\n") == ("10%", "100%", "?[31mred\\xff")


def test_a_wish_of_hostile_bytes_arrives(machine, ear, tmp_path):
    """The engine pastes nothing into code."""
    hostile = "'; touch " + str(tmp_path / "pwned") + "; echo $(id) `id` \\\n"
    assert go(machine, ear, Word(tmp_path / "a", hostile)).status is Status.CHANGED
    assert (tmp_path / "a").read_text() == hostile
    assert not (tmp_path / "pwned").exists()


def test_frames_agree_on_the_lock_name():
    """The probe reads the file that the apply locks."""
    program = frames.apply_program("n", {}, generation="")
    assert program.count("mountwright.lock") == 1
