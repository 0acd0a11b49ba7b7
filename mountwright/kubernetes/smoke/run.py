"""A run of trials against the cluster, through kubectl: create, wait, look, clean up.

Whatever happens, a failure, a broken connection or the operator's Ctrl-C, what the run made is deleted, and nothing
else: its objects are known by a label with the run's id.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mountwright.errors import ConnectionLostError, HostError
from mountwright.kubernetes.manifests import mapping
from mountwright.kubernetes.smoke import remedies
from mountwright.kubernetes.smoke.choice import KINDS, target_of
from mountwright.kubernetes.smoke.cleanup import Cleaner
from mountwright.kubernetes.smoke.events import read_events
from mountwright.kubernetes.smoke.judgement import Standing, State, judge
from mountwright.kubernetes.smoke.objects import (
    STEP_LABEL,
    TRIAL_LABEL,
    Trial,
    namespace_text,
    step_text,
    storage_text,
)
from mountwright.kubernetes.smoke.outcome import SmokeReport, StepOutcome, TrialOutcome
from mountwright.kubernetes.smoke.target import NotTriedError
from mountwright.kubernetes.smoke.unfit import why_unfit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mountwright.kubernetes.kubectl import Kubectl
    from mountwright.kubernetes.smoke.choice import Wish
    from mountwright.kubernetes.smoke.events import Event
    from mountwright.kubernetes.smoke.objects import Run
    from mountwright.kubernetes.smoke.target import Target

FIELD_MANAGER = "mountwright-smoke"
_POLL = 1.0  # seconds between two looks at the cluster
_EVENTS_SHOWN = 10
_ACCOUNT_SECONDS = 30.0
_INTERRUPTED = "the run was interrupted"


class _FailedError(Exception):
    """A trial has failed; carries why."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class SmokeRun:
    """Tries storage in a cluster, one piece after the other.

    ``connect`` opens kubectl's place; it is called again when the connection breaks. ``say`` is told, in one line,
    what is going on.
    """

    def __init__(self, connect: Callable[[], Kubectl], run: Run, say: Callable[[str], None]) -> None:
        self._connect = connect
        self._kubectl = connect()
        self._run = run
        self._say = say
        self._over = ""
        self._last = Standing(State.WAITING, "")

    def trials(self, wishes: Sequence[Wish]) -> SmokeReport:
        """Try all of them and clean up. What goes wrong with one, or an interruption, is in the report.

        Raises HostError when the run can't even begin.
        """
        targets, outcomes = self._resolve(wishes)
        left: tuple[str, ...] = ()
        try:
            if targets:
                self._begin(tuple(targets.values()))
            for number, (index, target) in enumerate(targets.items(), 1):
                if not self._over:
                    outcomes[index] = self._try(Trial(self._run, target, number))
        except KeyboardInterrupt:
            self._over = _INTERRUPTED
        finally:
            left = self._end() if targets else ()
        for index, target in targets.items():
            outcomes.setdefault(index, TrialOutcome(target.name, ok=None, message=self._over))
        return SmokeReport(
            tuple(outcomes[index] for index in sorted(outcomes)),
            notes=left,
            interrupted=bool(self._over),
            clean=not left or self._run.keep,
        )

    def _resolve(self, wishes: Sequence[Wish]) -> tuple[dict[int, Target], dict[int, TrialOutcome]]:
        """The target of each wish as the cluster has it, and the outcome of those that are not tried."""
        targets: dict[int, Target] = {}
        outcomes: dict[int, TrialOutcome] = {}
        self._require_node()
        volumes = self._kubectl.items("persistentvolumes") if any(wish.kind == "class" for wish in wishes) else []
        for index, wish in enumerate(wishes):
            try:
                targets[index] = wish.target or self._target(wish, volumes)
            except NotTriedError as error:
                ok = None if error.harmless and not wish.named else False
                outcomes[index] = TrialOutcome(wish.title, ok=ok, message=error.reason, remedy=error.remedy)
        return targets, outcomes

    def _require_node(self) -> None:
        node = self._run.node
        if node and self._kubectl.get_json("node", node, "--ignore-not-found") is None:
            names = [str(mapping(item.get("metadata")).get("name")) for item in self._kubectl.items("nodes")]
            there = f"it has {', '.join(names)}" if names else "it has none"
            raise HostError(f"the cluster has no node {node}: {there}")

    def _target(self, wish: Wish, volumes: Sequence[dict[str, Any]]) -> Target:
        data = self._kubectl.get_json(KINDS[wish.kind].lower(), wish.name, "--ignore-not-found")
        if data is None:
            raise NotTriedError(
                f"the cluster has no {KINDS[wish.kind]} of this name",
                "inv k8s.apply brings what storage.yml declares",
            )
        return target_of(wish, data, self._run.settings.capacity, volumes)

    def _begin(self, targets: tuple[Target, ...]) -> None:
        """Make the namespace, unless one was given, and wait until pods can be made in it."""
        run = self._run
        if run.given_namespace:
            if self._kubectl.get_json("namespace", run.namespace, "--ignore-not-found") is None:
                raise HostError(f"there is no namespace {run.namespace}: make it, or leave --namespace out")
            return
        self._say(f"making the namespace {run.namespace}")
        self._kubectl.run("create", "-f", "-", stdin=namespace_text(run, targets))
        deadline = time.monotonic() + _ACCOUNT_SECONDS
        while self._kubectl.get_json("serviceaccount", "default", "-n", run.namespace, "--ignore-not-found") is None:
            if time.monotonic() > deadline:
                raise HostError(
                    f"the namespace {run.namespace} got no service account within {_ACCOUNT_SECONDS:g} s: see "
                    "whether kube-controller-manager runs"
                )
            time.sleep(_POLL)

    def _try(self, trial: Trial) -> TrialOutcome:
        begun = time.monotonic()
        steps: list[StepOutcome] = []
        message = remedy = ""
        events: tuple[Event, ...] = ()
        notes: tuple[str, ...] = ()
        try:
            try:
                self._steps(trial, steps)
            except _FailedError as error:
                message, remedy = error.message, error.remedy
            except KeyboardInterrupt:
                message = self._over = _INTERRUPTED
            except ConnectionLostError:
                raise
            except HostError as error:  # the cluster can still be asked to clean up
                message = "; ".join((error.message, *error.output))
            events, volumes = self._facts(trial)
            if not self._run.keep:
                cleaned, notes = Cleaner(self._kubectl, self._run, self._say).clean_trial(trial, volumes)
                steps.append(cleaned)
                message = message or cleaned.message
        except HostError as error:
            message = message or "; ".join((error.message, *error.output))
            if isinstance(error, ConnectionLostError):
                self._over = "the connection was lost"
        return TrialOutcome(
            trial.target.name,
            ok=not message,
            seconds=time.monotonic() - begun,
            steps=tuple(steps),
            events=events[-_EVENTS_SHOWN:],
            message=message,
            remedy=remedy,
            notes=(*_notes(trial, steps), *notes),
        )

    def _steps(self, trial: Trial, steps: list[StepOutcome]) -> None:
        """Take the trial's steps one after the other. Raises _FailedError at the first that fails."""
        self._apply(storage_text(trial))
        node = ""
        for step in trial.target.steps:
            begun = time.monotonic()
            self._say(f"{trial.target.name}: {step}")
            self._apply(step_text(trial, step, after=node))
            try:
                standing = self._wait(trial, step)
            except (HostError, KeyboardInterrupt):
                last, seconds = self._last, time.monotonic() - begun
                steps.append(StepOutcome(step, False, seconds, last.message, last.node, cut_off=bool(last.node)))
                raise
            done, seconds = standing.state is State.DONE, time.monotonic() - begun
            steps.append(StepOutcome(step, done, seconds, standing.message, standing.node, cut_off=standing.running))
            if not done:
                raise _FailedError(standing.message, standing.remedy)
            node = standing.node

    def _apply(self, text: str) -> None:
        if not text:
            return
        arguments = ("apply", "--server-side", f"--field-manager={FIELD_MANAGER}", "-f", "-")
        done = self._kubectl.run(*arguments, stdin=text, check=False)
        if done.exit_code:
            said = " ".join(done.stderr.decode("utf-8", "backslashreplace").split())
            raise _FailedError(f"the API server does not take it: {said}", remedies.for_creation(said))

    def _wait(self, trial: Trial, step: str) -> Standing:
        """Wait until the step is done or has failed; a step that takes too long has failed."""
        deadline = time.monotonic() + self._run.timeout
        said = ""
        self._last = Standing(State.WAITING, "")
        while True:
            last = time.monotonic() > deadline
            self._last = standing = self._look(trial, step, thorough=last)
            if standing.state is not State.WAITING:
                return standing
            if last:
                message = f"not done after {self._run.timeout} s: {standing.message}"
                return replace(standing, state=State.FAILED, message=message)
            if standing.message != said:
                said = standing.message
                self._say(f"{trial.target.name}: {step}: {said.splitlines()[0]}")
            time.sleep(_POLL)

    def _look(self, trial: Trial, step: str, *, thorough: bool) -> Standing:
        """How the step stands now; ``thorough``: find out, too, why no existing volume fits a pending claim."""
        items = self._items("pods,persistentvolumeclaims", trial)
        pods = [
            item
            for item in items
            if item["kind"] == "Pod" and mapping(item["metadata"].get("labels")).get(STEP_LABEL) == step
        ]
        claim = next((item for item in items if item["kind"] == "PersistentVolumeClaim"), None)
        unfit = ""
        if thorough and claim is not None and mapping(claim.get("status")).get("phase") == "Pending":
            unfit = why_unfit(self._kubectl, f"{self._run.namespace}/{trial.claim}")
        return judge(pods, claim, self._events(trial), unfit=unfit)

    def _items(self, kinds: str, trial: Trial) -> list[dict[str, Any]]:
        return self._kubectl.items(kinds, "-n", self._run.namespace, "-l", f"{TRIAL_LABEL}={trial.name}")

    def _events(self, trial: Trial) -> tuple[Event, ...]:
        return read_events(self._kubectl.items("events", "-n", self._run.namespace), trial.owns)

    def _facts(self, trial: Trial) -> tuple[tuple[Event, ...], tuple[str, ...]]:
        """What the report says at the end: the events, and the volumes that the trial's claims are bound to."""
        claims = self._items("persistentvolumeclaims", trial)
        names = [str(mapping(item.get("spec")).get("volumeName") or "") for item in claims]
        return self._events(trial), tuple(name for name in names if name)

    def _end(self) -> tuple[str, ...]:
        """Delete what is left of the run; return notes on what could not be deleted, or was to be kept."""
        if self._run.keep:
            return (f"all was kept: {Cleaner.by_hand(self._run)} deletes it",)
        try:
            return Cleaner(self._kubectl, self._run, self._say).clean_run(half_done=bool(self._over))
        except ConnectionLostError:
            self._say("the connection is lost: connecting again, to clean up")
        except KeyboardInterrupt:
            return (f"interrupted while cleaning up: {Cleaner.by_hand(self._run)} does the rest",)
        except HostError as error:
            return (f"{error.message}; {Cleaner.by_hand(self._run)} does the rest",)
        try:
            self._kubectl = self._connect()
            return Cleaner(self._kubectl, self._run, self._say).clean_run(half_done=True)
        except (HostError, KeyboardInterrupt):
            return (f"could not be cleaned up: {Cleaner.by_hand(self._run)} does it",)


def _notes(trial: Trial, steps: Sequence[StepOutcome]) -> tuple[str, ...]:
    """What stays on the storage itself: a write that failed has left nothing, one that was cut off may have."""
    tried = {step.name: step for step in steps}
    write, read = tried.get("write"), tried.get("read")
    written = write is not None and (write.ok or write.cut_off)
    removed = read is not None and read.ok and not trial.run.keep
    if trial.target.fresh or not written or removed:
        return ()
    return (f"the file {trial.file} may be left at the top of the storage",)
