"""Resources that share a look or a rehearsal, and remarks, on a real sh."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mountwright.converge import converge
from mountwright.outcome import Status
from mountwright.resources.base import Change, Remark
from mountwright.secret import Secret
from mountwright.shell import Script
from tests.unit.engine.machine import Ear, ShellTransport, Word


@dataclass(frozen=True)
class Line:
    """A line that a file must have; all lines of the file are looked at in one go."""

    word: str
    look: Script
    rehearsal: Script | None = None
    apply: Script = field(default_factory=lambda: Script('echo "$word" >>"$path"'))
    remark: str = ""
    batch: str = ""

    @property
    def id(self):
        return f"line:{self.word}"

    def probe(self):
        return self.look

    def plan(self, observed, os):
        assert os.family
        if self.word in observed.text.split():
            return Remark((self.remark,)) if self.remark else None
        values = {"word": self.word, "path": self.look.values["path"]}
        script = Script(self.apply.body, values, [self.word], self.apply.holds)
        return Change(f"add {self.word}", script, batch=self.batch, item=self.word, rehearsal=self.rehearsal)


@pytest.fixture
def machine(tmp_path):
    return ShellTransport(tmp_path)


@pytest.fixture
def ear():
    return Ear()


@pytest.fixture
def look(tmp_path):
    """Looks at the file, and notes each time that it was looked at."""
    return Script(
        'echo looked >>"$path.looks"; if [ -e "$path" ]; then cat "$path"; fi', {"path": tmp_path / "lines"}
    )


def go(machine, ear, *resources, check=False):
    return converge("h", resources, lambda: machine, ear, check=check, before_changes=lambda: None)


def test_resources_with_the_same_script_look_once(machine, ear, look, tmp_path):
    """However many they are; each sees all that was printed. A script of its own is run by itself."""
    outcome = go(machine, ear, *[Line(f"w{number}", look) for number in range(50)], Word(tmp_path / "a", "x"))
    assert (outcome.status, len(outcome.changes)) == (Status.CHANGED, 51)
    assert Path(f"{tmp_path}/lines.looks").read_text() == "looked\nlooked\n"


def test_a_shared_look_that_fails_is_said_once(machine, ear):
    """With the first resource's name; another's own failure is there too, if it says anything else."""
    broken = Script("echo the wire is cut >&2; exit 3", {"path": "/x"})
    again = Script("echo the wire is cut >&2; echo twice >&2; exit 3", {"path": "/x"})
    outcome = go(machine, ear, Line("a", broken), Line("b", broken), Line("c", again))
    assert outcome.error is not None
    assert outcome.error.resource == "line:a"
    assert outcome.error.output == ("the wire is cut", "line:c: twice")


def test_all_is_rehearsed_before_the_first_change(machine, ear, look, tmp_path):
    """One run with what each change has to be rehearsed; one that fails leaves nothing half-done."""
    refuse_b = Script('printf "%s\n" "$@"; case " $* " in *" b "*) echo b is refused; exit 4 ;; esac')
    outcome = go(machine, ear, Word(tmp_path / "first", "x"), Line("a", look, refuse_b), Line("b", look, refuse_b))
    assert outcome.status is Status.FAILED
    assert outcome.changes == ()
    assert outcome.error is not None
    assert outcome.error.message == "a rehearsal of the changes failed with exit code 4; nothing was changed"
    assert outcome.error.output == ("a", "b", "b is refused")
    assert not (tmp_path / "first").exists()
    assert not (tmp_path / "lines").exists()


def test_what_is_as_declared_is_not_rehearsed(machine, ear, look, tmp_path):
    """A rehearsal gets the changes alone, and none is run where nothing changes."""
    (tmp_path / "lines").write_text("b\n")
    note = Script(f'printf "%s\n" "$@" >>{tmp_path}/rehearsed')
    assert go(machine, ear, Line("a", look, note), Line("b", look, note), Line("c", look, note)).error is None
    assert (tmp_path / "rehearsed").read_text() == "a\nc\n"
    assert go(machine, ear, Line("a", look, note), Line("b", look, note)).status is Status.UNCHANGED
    assert (tmp_path / "rehearsed").read_text() == "a\nc\n"


def test_check_mode_rehearses_nothing(machine, ear, look, tmp_path):
    """It is the probe alone."""
    fails = Script("exit 1")
    assert go(machine, ear, Line("a", look, fails), check=True).status is Status.PLANNED
    assert not (tmp_path / "lines").exists()


def test_a_remark_is_no_change(machine, ear, look, tmp_path):
    """The host is unchanged, and what was remarked is in its outcome, in check mode too."""
    (tmp_path / "lines").write_text("a\n")
    for check in (False, True):
        outcome = go(machine, ear, Line("a", look, remark="a is old"), check=check)
        assert (outcome.status, outcome.remarks) == (Status.UNCHANGED, ("a is old",))


def test_secrets_inside_of_values_are_masked(machine, ear, look):
    """A step prints a part of a text that is no secret as a whole."""
    step = Script('echo "refused: hunter22 is too short"; exit 1', holds=(Secret("hunter22"),))
    outcome = go(machine, ear, Line("a", look, apply=step))
    assert outcome.error is not None
    assert outcome.error.output == ("refused: ******** is too short",)


ADD_ALL = Script(r"""
for word; do
    case $word in
        bad*) echo "$word is refused"; code=1 ;;
        *) echo "$word" >>"$path"; item_done "$word" ;;
    esac
done
echo run >>"$path.runs"
exit "${code-0}"
""")


def test_a_batch_is_one_run_and_a_change_each(machine, ear, look, tmp_path):
    """Those that follow one another with the same word; what stands between them keeps its place."""
    lines = [Line(word, look, apply=ADD_ALL, batch="x") for word in ("a", "b", "c'", "d")]
    outcome = go(machine, ear, *lines[:3], Word(tmp_path / "between", "w"), lines[3])
    assert outcome.error is None
    summaries = [change.summary for change in outcome.changes]
    assert summaries == ["add a", "add b", "add c'", "write w", "add d"]
    assert Path(f"{tmp_path}/lines.runs").read_text() == "run\nrun\n"
    assert (tmp_path / "lines").read_text() == "a\nb\nc'\nd\n"
    assert ("activity", "h", "add a and 2 more") in ear.heard


def test_a_batch_that_fails_in_part_tells_what_was_done(machine, ear, look, tmp_path):
    """The error is that of the first that was not; those that were are changes, and nothing comes after it."""
    words = ("a", "bad1", "c", "bad2")
    lines = [Line(word, look, apply=ADD_ALL, batch="x") for word in words]
    outcome = go(machine, ear, *lines, Word(tmp_path / "after", "w"))
    assert [change.summary for change in outcome.changes] == ["add a", "add c"]
    assert outcome.error is not None
    assert outcome.error.resource == "line:bad1"
    assert outcome.error.message == "add bad1 (and 1 more of its batch): failed with exit code 1"
    assert outcome.error.output == ("bad1 is refused", "bad2 is refused")
    assert not (tmp_path / "after").exists()


def test_a_batch_that_says_nothing_is_done_when_it_ends_well(machine, ear, look):
    """Its exit code is enough."""
    silent = Script('for word; do echo "$word" >>"$path"; done')
    outcome = go(machine, ear, *[Line(word, look, apply=silent, batch="x") for word in "ab"])
    assert (outcome.status, len(outcome.changes)) == (Status.CHANGED, 2)
