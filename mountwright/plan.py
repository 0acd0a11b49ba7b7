"""Desired against observed: what would have to change on one host. Pure, no I/O."""

from __future__ import annotations

import dataclasses
import difflib
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mountwright.errors import HostError
from mountwright.outcome import ChangeRecord
from mountwright.resources.base import Remark
from mountwright.secret import mask

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mountwright.resources.base import Change, Observed, OperatingSystem, Resource
    from mountwright.secret import Secret
    from mountwright.shell import Script


@dataclass(frozen=True)
class PlannedChange:
    """One resource's change."""

    resource: str
    change: Change

    def diff(self) -> str:
        """A unified diff of before and after, or "" where the change has no texts."""
        before, after = self.change.before, self.change.after
        if before is None and after is None:
            return ""
        name = self.resource.partition(":")[2]
        lines = difflib.unified_diff(
            (before or "").splitlines(keepends=True),
            (after or "").splitlines(keepends=True),
            "/dev/null" if before is None else f"{name} (now)",
            "/dev/null" if after is None else f"{name} (declared)",
        )
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)

    def record(self) -> ChangeRecord:
        """The change as the report shows it; the secrets that its script carries are masked."""
        return masked_record(
            ChangeRecord(self.resource, self.change.summary, self.diff(), self.change.notes),
            self.change.script.secrets,
        )


@dataclass(frozen=True)
class Step:
    """What one run of one script brings about: one change, or a batch of them."""

    changes: tuple[PlannedChange, ...]

    @property
    def is_batch(self) -> bool:
        """Whether its script tells of each change that it is done."""
        return bool(self.changes[0].change.batch)

    @property
    def script(self) -> Script:
        """The script of the first, with the arguments of all."""
        return with_arguments(self.changes[0].change.script, (planned.change for planned in self.changes))

    @property
    def summary(self) -> str:
        """What is being done, in one line."""
        more = f" and {len(self.changes) - 1} more" if len(self.changes) > 1 else ""
        return self.changes[0].record().summary + more


def with_arguments(script: Script, changes: Iterable[Change]) -> Script:
    """The script with the arguments of the scripts of all these changes; it holds their secrets too."""
    scripts = [change.script for change in changes]
    return dataclasses.replace(
        script,
        arguments=tuple(argument for each in scripts for argument in each.arguments),
        holds=tuple(secret for each in scripts for secret in each.holds),
    )


@dataclass(frozen=True)
class Plan:
    """A host's changes, in the order in which they are to be made, and what else there is to say of it."""

    changes: tuple[PlannedChange, ...]
    remarks: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changes)

    def steps(self) -> list[Step]:
        """The changes as what runs one after the other."""
        found: list[list[PlannedChange]] = []
        for planned in self.changes:
            if found and planned.change.batch and found[-1][0].change.batch == planned.change.batch:
                found[-1].append(planned)
            else:
                found.append([planned])
        return [Step(tuple(each)) for each in found]

    def rehearsals(self) -> list[Script]:
        """Each rehearsal once, with the arguments of all the changes that share it."""
        shared: dict[int, tuple[Script, list[Change]]] = {}
        for planned in self.changes:
            rehearsal = planned.change.rehearsal
            if rehearsal is not None:
                shared.setdefault(id(rehearsal), (rehearsal, []))[1].append(planned.change)
        return [with_arguments(script, changes) for script, changes in shared.values()]

    def diff(self) -> str:
        """The diffs of all changes, one after the other."""
        return "".join(planned.record().diff for planned in self.changes)

    def next_round(self) -> Plan:
        """The changes that may be made from this one look at the host.

        All up to and including the first run of changes after which the host must be looked at again; the whole
        plan where there is none.
        """
        settled = itertools.takewhile(lambda planned: not planned.change.settle_first, self.changes)
        head = tuple(settled)
        unsettling = itertools.takewhile(lambda planned: planned.change.settle_first, self.changes[len(head) :])
        return Plan(head + tuple(unsettling), self.remarks)


def masked_record(record: ChangeRecord, secrets: Iterable[Secret]) -> ChangeRecord:
    """Return the record with every secret masked."""
    secrets = tuple(secrets)
    if not secrets:
        return record
    return ChangeRecord(
        record.resource,
        mask(record.summary, secrets),
        mask(record.diff, secrets),
        tuple(mask(note, secrets) for note in record.notes),
    )


def make_plan(resources: Iterable[Resource], observed: Mapping[str, Observed], os: OperatingSystem) -> Plan:
    """Compare what is wished with what was seen.

    Raises HostError when a wish can't or must not be fulfilled. Every resource is asked, so that one run shows all
    such reasons: the first is the error, the others are in its output.
    """
    changes: list[PlannedChange] = []
    remarks: list[str] = []
    refusals: list[HostError] = []
    for resource in resources:
        try:
            change = resource.plan(observed[resource.id], os)
        except HostError as error:
            error.resource = error.resource or resource.id
            refusals.append(error)
            continue
        if isinstance(change, Remark):
            remarks += change.lines
        elif change is not None:
            changes.append(PlannedChange(resource.id, change))
    if refusals:
        first, *others = refusals
        for other in others:
            first.output += (f"also {other.resource}: {other.message}", *other.output)
        raise first
    return Plan(tuple(changes), tuple(remarks))
