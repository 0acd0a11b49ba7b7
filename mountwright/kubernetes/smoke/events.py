"""The cluster's events, as far as they are about the objects of a trial."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mountwright.kubernetes.manifests import mapping

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


@dataclass(frozen=True)
class Event:
    """What a component of the cluster says of an object. ``time`` is when it said so last, as RFC 3339 text."""

    type: str
    reason: str
    kind: str
    name: str
    message: str
    count: int
    time: str

    @property
    def object(self) -> str:
        """The object as messages name it: ``Pod/web-0``."""
        return f"{self.kind}/{self.name}"

    def as_json(self) -> dict[str, Any]:
        """The event as data."""
        return {
            "type": self.type,
            "reason": self.reason,
            "object": self.object,
            "message": self.message,
            "count": self.count,
        }


def read_events(items: Iterable[dict[str, Any]], owns: Callable[[str], bool]) -> tuple[Event, ...]:
    """The events about objects whose names are ``owns``, the newest last; of v1 or of events.k8s.io.

    Those that say the same of the same object are one, with their counts added.
    """
    found = sorted((event for item in items if owns((event := _read(item)).name)), key=lambda event: event.time)
    counts: Counter[Event] = Counter()
    last: dict[Event, Event] = {}
    for event in found:
        same = replace(event, count=0, time="")
        counts[same] += event.count
        last.pop(same, None)
        last[same] = event
    return tuple(replace(event, count=counts[same]) for same, event in last.items())


def of_object(events: Iterable[Event], kind: str, name: str) -> tuple[Event, ...]:
    """The events about one object."""
    return tuple(event for event in events if (event.kind, event.name) == (kind, name))


def newest(events: Sequence[Event], reasons: Sequence[str]) -> Event | None:
    """The last event with one of these reasons; None when there is none."""
    return next((event for event in reversed(events) if event.reason in reasons), None)


def _read(item: dict[str, Any]) -> Event:
    about = mapping(item.get("involvedObject") or item.get("regarding"))
    series = mapping(item.get("series"))
    made = mapping(item.get("metadata")).get("creationTimestamp")
    times = (series.get("lastObservedTime"), item.get("lastTimestamp"), item.get("eventTime"), made)
    return Event(
        type=str(item.get("type") or ""),
        reason=str(item.get("reason") or ""),
        kind=str(about.get("kind") or ""),
        name=str(about.get("name") or ""),
        message=" ".join(str(item.get("message") or item.get("note") or "").split()),
        count=int(series.get("count") or item.get("count") or 1),
        time=str(next((time for time in times if time), "")),
    )
