"""One host's journey: connect, look, plan, change, look again."""

from __future__ import annotations

import time
import traceback
from typing import TYPE_CHECKING

from mountwright import frames
from mountwright.errors import ConnectionLostError, HostError, ProbeError, StepError, UnreachableError
from mountwright.outcome import ChangeRecord, HostOutcome, Status
from mountwright.plan import make_plan
from mountwright.resources.base import ABSENT, Observed, OperatingSystem
from mountwright.secret import mask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mountwright.outcome import Listener
    from mountwright.plan import Plan, PlannedChange, Step
    from mountwright.resources.base import Resource
    from mountwright.secret import Secret
    from mountwright.transport import Completed, Transport

_FACTS = "facts"
_OUTPUT_LINES = 20
_STALE_TRIES = 5
_APPLICATIONS = 2  # a package installed later in the same run may undo a resource once


def converge(
    host: str,
    resources: Sequence[Resource],
    connect: Callable[[], Transport],
    listener: Listener,
    *,
    check: bool,
    before_changes: Callable[[], None],
) -> HostOutcome:
    """Make the host have the resources, in their order, and return what came of it; never raises for the host.

    ``connect`` opens the one connection. ``before_changes`` is called once when the plan is not empty and its first
    step is about to run (it waits for earlier stages). In check mode the plan is the outcome.
    """
    listener.host_started(host)
    begun = time.monotonic()
    journey = _Journey(host, resources, listener)
    try:
        transport = connect()
        try:
            status = journey.travel(transport, check=check, before_changes=before_changes)
        finally:
            transport.close()
        seconds = time.monotonic() - begun
        return HostOutcome(host, status, tuple(journey.records), seconds=seconds, remarks=journey.remarks)
    except Exception as problem:  # noqa: BLE001 - a fault of ours on one host must not end the others
        error = problem if isinstance(problem, HostError) else internal_error(problem)
        error = journey.masked(error)
        status = Status.UNREACHABLE if isinstance(error, UnreachableError) else Status.FAILED
        seconds = time.monotonic() - begun
        return HostOutcome(host, status, tuple(journey.records), error, seconds, remarks=journey.remarks)


class _Journey:
    """The state of one host's run: what has been changed so far, and the secrets that passed through."""

    def __init__(self, host: str, resources: Sequence[Resource], listener: Listener) -> None:
        self.host = host
        self.resources = resources
        self.listener = listener
        self.records: list[ChangeRecord] = []
        self.remarks: tuple[str, ...] = ()
        self.applications: dict[str, int] = {}
        self.secrets: set[Secret] = set()
        for resource in resources:
            self.secrets.update(resource.probe().secrets)

    def travel(self, transport: Transport, *, check: bool, before_changes: Callable[[], None]) -> Status:
        stale = 0
        while True:
            self.listener.host_activity(self.host, "looking" if not self.applications else "looking again")
            plan, generation = self.look(transport)
            if check:
                self.records = [planned.record() for planned in plan.changes]
                return Status.PLANNED if plan else Status.UNCHANGED
            if not plan:
                return Status.CHANGED if self.applications else Status.UNCHANGED
            self.refuse_endless(plan)
            if not self.applications and not stale:
                before_changes()
            if self.change(transport, plan.next_round(), generation):
                continue
            stale += 1
            if stale == _STALE_TRIES:
                raise HostError(
                    f"other runs have changed this host {stale} times between our look and our change; "
                    "wait until they are done and run again"
                )

    def look(self, transport: Transport) -> tuple[Plan, str]:
        """Run the one probe program; return the plan and the lock's generation."""
        observed, os, generation = probe(transport, self.resources)
        plan = make_plan(self.resources, observed, os)
        for planned in plan.changes:
            self.secrets.update(planned.change.script.secrets)
        self.remarks = tuple(mask(line, self.secrets) for line in plan.remarks)
        return plan, generation

    def refuse_endless(self, plan: Plan) -> None:
        for planned in plan.changes:
            if self.applications.get(planned.resource, 0) >= _APPLICATIONS:
                raise StepError(
                    f"{planned.change.summary}: was done, and the host still is not as declared; something else "
                    "changes it back, or it can't take effect here",
                    resource=planned.resource,
                    output=planned.diff().splitlines(),
                )

    def change(self, transport: Transport, plan: Plan, generation: str) -> bool:
        """Run one apply program. Return False when the plan was stale and nothing was run."""
        nonce = frames.new_nonce()
        steps = {str(number): step for number, step in enumerate(plan.steps())}
        rehearsals = {f"rehearsal {number}": script for number, script in enumerate(plan.rehearsals())}
        program = frames.apply_program(
            nonce,
            {**rehearsals, **{key: step.script for key, step in steps.items()}},
            generation=generation,
            batches=[key for key, step in steps.items() if step.is_batch],
        )
        run = _ApplyRun(self, steps)
        reader = frames.FrameReader(nonce, run.on_frame)
        silence = max(planned.change.silence for planned in plan.changes) + frames.LOCK_WAIT
        completed = transport.run(program, on_stdout=reader.feed, silence=silence)
        if run.stale:
            return False
        run.raise_unless_finished(completed, reader.rest())
        return True

    def masked(self, error: HostError) -> HostError:
        """Return the same error with every secret of this host masked in what it says."""
        error.message = mask(error.message, self.secrets)
        error.output = tuple(mask(line, self.secrets) for line in error.output)
        return error


class _ApplyRun:
    """Listens to the frames of one apply program."""

    def __init__(self, journey: _Journey, steps: Mapping[str, Step]) -> None:
        self.journey = journey
        self.steps = steps
        self.stale = False
        self.open: dict[str, list[PlannedChange]] = {key: list(step.changes) for key, step in steps.items()}
        """The changes of each step that are not done yet."""
        self.at = ""
        self.failed: frames.Frame | None = None

    def on_frame(self, frame: frames.Frame) -> None:
        tell = self.journey.listener.host_activity
        if frame.kind == "note" and frame.key == "stale":
            self.stale = True
        elif frame.kind == "note":
            tell(self.journey.host, frame.key)
        elif frame.kind == "item":
            self.done(planned for planned in self.open[self.at] if planned.change.item == frame.key)
        elif frame.kind == "begin":
            self.at = frame.key
            step = self.steps.get(frame.key)
            tell(self.journey.host, step.summary if step else "rehearsing the changes")
        elif frame.exit_code:
            self.failed = frame
        elif frame.key in self.open:
            self.done(self.open[frame.key])

    def done(self, changes: Iterable[PlannedChange]) -> None:
        journey = self.journey
        for planned in tuple(changes):
            self.open[self.at].remove(planned)
            first_time = planned.resource not in journey.applications
            journey.applications[planned.resource] = journey.applications.get(planned.resource, 0) + 1
            if first_time:
                record = planned.record()
                journey.records.append(record)
                journey.listener.change_done(journey.host, record)

    def raise_unless_finished(self, completed: Completed, outside: bytes) -> None:
        if self.failed:
            raise self.failure(self.failed)
        if any(self.open.values()):
            raise StepError(
                f"the changes ended too early with exit code {completed.exit_code}",
                output=last_lines(outside + completed.stderr),
            )

    def failure(self, frame: frames.Frame) -> StepError:
        output = last_lines(frame.output)
        if frame.key not in self.steps:
            done = "nothing more" if self.journey.applications else "nothing"
            message = f"a rehearsal of the changes failed with exit code {frame.exit_code}; {done} was changed"
            return StepError(message, output=output)
        # A batch whose every item was done may fail all the same; then it is said of the last.
        first, *others = self.open[frame.key] or self.steps[frame.key].changes[-1:]
        more = f" (and {len(others)} more of its batch)" if others else ""
        return StepError(
            f"{first.change.summary}{more}: failed with exit code {frame.exit_code}",
            resource=first.resource,
            output=output,
        )


def probe(transport: Transport, resources: Iterable[Resource]) -> tuple[dict[str, Observed], OperatingSystem, str]:
    """Look at all resources in one exec.

    Returns what was seen by resource id, the operating system, and the lock's generation. Raises ProbeError for the
    first resource whose state could not be found out (others in its output).
    """
    nonce = frames.new_nonce()
    resources = tuple(resources)
    # Resources that look with one and the same script (the objects of a cluster) share its one run.
    scripts = {resource.id: resource.probe() for resource in resources}
    shared: dict[int, str] = {}
    for script in scripts.values():
        shared.setdefault(id(script), str(len(shared)))
    key_of = {name: shared[id(script)] for name, script in scripts.items()}
    programs = {_FACTS: frames.FACTS, **{shared[id(script)]: script for script in scripts.values()}}
    completed = transport.run(frames.probe_program(nonce, programs))
    seen, outside = frames.read_frames(nonce, completed.stdout)
    said, stray = frames.read_frames(nonce, completed.stderr)
    if any(key not in seen for key in programs):
        raise ConnectionLostError(
            f"the host's answer is not complete (exit code {completed.exit_code})",
            output=last_lines(stray + outside[-4096:]),
        )
    unknown = {key: name for name, key in reversed(key_of.items()) if seen[key].exit_code not in (0, ABSENT)}
    if unknown:
        first, *others = reversed(unknown)
        output = list(last_lines(said[first].output)) if first in said else []
        same = set(output)
        output += [
            f"{unknown[key]}: {line}"
            for key in others
            if key in said
            for line in last_lines(said[key].output)
            if line not in same
        ]
        raise ProbeError(
            f"its state could not be found out (exit code {seen[first].exit_code})",
            resource=unknown[first],
            output=output,
        )
    facts = Observed(present=True, stdout=seen[_FACTS].output).fields
    looks = {key: Observed(present=seen[key].exit_code == 0, stdout=seen[key].output) for key in shared.values()}
    return {name: looks[key] for name, key in key_of.items()}, operating_system(facts), facts["generation"]


def operating_system(facts: Mapping[str, str]) -> OperatingSystem:
    """What the host is, out of the fields that :data:`mountwright.frames.FACTS` printed."""
    return OperatingSystem(
        family=facts["family"],
        id=facts["id"],
        version=facts["version"],
        name=facts["name"],
        kernel=facts["kernel"],
        systemd=bool(facts["systemd"]),
    )


def last_lines(output: bytes, most: int = _OUTPUT_LINES) -> tuple[str, ...]:
    """The last lines of what a host printed, without blank ones, fit to be shown to a person."""
    text = output.decode("utf-8", "backslashreplace").replace("\r\n", "\n")
    lines = [line.rstrip() for line in text.replace("\r", "\n").split("\n")]
    printable = ("".join(char if char.isprintable() or char == "\t" else "?" for char in line) for line in lines)
    return tuple(line for line in printable if line)[-most:]


def internal_error(problem: Exception) -> HostError:
    """What is reported when the fault is ours: one host's outcome, with the traceback as its output."""
    lines = "".join(traceback.format_exception(problem)).splitlines()
    return HostError(f"a fault in mountwright itself: {problem!r}; please report it", output=lines[-_OUTPUT_LINES:])
