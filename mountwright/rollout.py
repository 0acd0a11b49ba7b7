"""Many hosts: stages, a thread a host, and one report."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from mountwright.converge import converge
from mountwright.errors import ConnectionLostError
from mountwright.outcome import HostOutcome, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mountwright.inventory import Host
    from mountwright.inventory.connection import ConnectionSettings
    from mountwright.outcome import Listener
    from mountwright.resources.base import Resource
    from mountwright.transport import Transport

DEFAULT_FORKS = 32


class Connects(Protocol):
    """What opens connections to hosts."""

    def connect(self, name: str, settings: ConnectionSettings) -> Transport:
        """Open one; raises UnreachableError."""


@dataclass(frozen=True)
class Work:
    """One host, its stage (0 is first) and all its resources in the order in which they are brought about."""

    host: Host
    stage: int
    resources: tuple[Resource, ...]


@dataclass(frozen=True)
class Report:
    """What came of all hosts, in the order of the works. ``interrupted``: the operator stopped the run."""

    outcomes: tuple[HostOutcome, ...]
    interrupted: bool = False

    def count(self, status: Status) -> int:
        """How many hosts ended so."""
        return sum(outcome.status is status for outcome in self.outcomes)

    @property
    def failed(self) -> bool:
        """Whether any host failed or could not be reached, or the run was interrupted."""
        return self.interrupted or bool(self.count(Status.FAILED) + self.count(Status.UNREACHABLE))

    @property
    def exit_code(self) -> int:
        """0 all well, 1 an error, 2 (check mode) something would change."""
        if self.failed:
            return 1
        return 2 if self.count(Status.PLANNED) else 0


class _Stages:
    """Lets a host wait until every host of the earlier stages is done."""

    def __init__(self, stages: Iterable[int]) -> None:
        self._left = Counter(stages)
        self._changed = threading.Condition()
        self.cancelled = False

    def earlier_done(self, stage: int) -> bool:
        return self.cancelled or not any(left for other, left in self._left.items() if other < stage)

    def wait_for_earlier(self, stage: int) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self.earlier_done(stage))

    def done(self, stage: int) -> None:
        with self._changed:
            self._left[stage] -= 1
            self._changed.notify_all()

    def cancel(self) -> None:
        with self._changed:
            self.cancelled = True
            self._changed.notify_all()


class _Rollout:
    """The state of one run over many hosts."""

    def __init__(self, works: Sequence[Work], connector: Connects, listener: Listener, *, check: bool) -> None:
        self.stages = _Stages(work.stage for work in works)
        self.connector = connector
        self.listener = listener
        self.check = check
        self.open: dict[str, Transport] = {}
        self.lock = threading.Lock()

    def one(self, work: Work) -> HostOutcome:
        """Take one host through its journey; never raises."""
        name = work.host.name

        def connect() -> Transport:
            transport = self.connector.connect(name, work.host.connection)
            with self.lock:
                self.open[name] = transport
            return transport

        try:
            self.refuse_when_cancelled()
            outcome = converge(
                name,
                work.resources,
                connect,
                self.listener,
                check=self.check,
                before_changes=lambda: self.wait_for_turn(work),
            )
        except _CancelledError:
            outcome = HostOutcome(name, Status.SKIPPED, reason="the run was interrupted before its turn")
        finally:
            with self.lock:
                self.open.pop(name, None)
            self.stages.done(work.stage)
        if self.stages.cancelled and isinstance(outcome.error, ConnectionLostError):
            outcome.error.message = "interrupted; the host finishes the step that it was at and begins no other"
        self.listener.host_finished(outcome)
        return outcome

    def wait_for_turn(self, work: Work) -> None:
        """Return when the hosts of earlier stages are done."""
        if not self.stages.earlier_done(work.stage):
            self.listener.host_activity(work.host.name, "waiting for earlier stages")
            self.stages.wait_for_earlier(work.stage)
        self.refuse_when_cancelled()

    def refuse_when_cancelled(self) -> None:
        """Leave this host alone when the operator has stopped the run."""
        if self.stages.cancelled:
            raise _CancelledError

    def cancel(self) -> None:
        """Let no host begin anything more, and stop listening to those that are at it."""
        self.stages.cancel()
        with self.lock:
            transports = list(self.open.values())
        for transport in transports:
            transport.close()


def rollout(
    works: Sequence[Work],
    connector: Connects,
    listener: Listener,
    *,
    check: bool = False,
    forks: int = DEFAULT_FORKS,
) -> Report:
    """Converge every host, ``forks`` at a time, and return what came of each.

    All hosts are looked at without any order; a host's first change waits until the hosts of earlier stages are
    done (well or badly: their failures never stop others). On Ctrl-C no further step is begun anywhere: a step
    that is running on a host is finished by the host, hosts whose turn had not come are reported as skipped.
    """
    run = _Rollout(works, connector, listener, check=check)
    # A host that waits for earlier stages holds a thread. Submitted in stage order, those it waits for have had
    # their thread before it, so the wait always ends.
    ordered = sorted(works, key=lambda work: work.stage)
    interrupted = False
    with ThreadPoolExecutor(max_workers=max(1, min(forks, len(works))), thread_name_prefix="host") as pool:
        futures: dict[str, Future[HostOutcome]] = {}
        try:
            for work in ordered:
                futures[work.host.name] = pool.submit(run.one, work)
            for future in futures.values():
                future.result()
        except KeyboardInterrupt:
            interrupted = True
            run.cancel()
            # Those whose submission the interruption cut off are skipped like those whose turn had not come.
            for work in ordered:
                if work.host.name not in futures:
                    futures[work.host.name] = pool.submit(run.one, work)
    return Report(tuple(futures[work.host.name].result() for work in works), interrupted)


class _CancelledError(BaseException):
    """The operator stopped the run before this host's first change; no Exception, so that nothing reports it."""
