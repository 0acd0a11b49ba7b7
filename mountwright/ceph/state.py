"""What a cluster has, as the one look at it prints it (:data:`mountwright.ceph.scripts.LOOK`)."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mountwright.errors import ProbeError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class LivePool:
    """A pool. ``pg_num`` is the number that it has or is on its way to; ``autoscale`` is on, warn or off."""

    name: str
    size: int
    min_size: int
    pg_num: int
    autoscale: str
    applications: tuple[str, ...]


@dataclass(frozen=True)
class ClusterState:
    """What was seen. ``health`` is HEALTH_OK, HEALTH_WARN or HEALTH_ERR; ``ailments`` says why, worst first.

    ``users`` holds the capabilities of each user by the kind of daemon. ``namespaces`` and ``groups`` hold what was
    asked for: the rados namespaces by pool, the subvolume groups by file system.
    """

    health: str
    ailments: tuple[str, ...] = ()
    pools: Mapping[str, LivePool] = field(default_factory=dict)
    users: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    filesystems: tuple[str, ...] = ()
    namespaces: Mapping[str, frozenset[str]] = field(default_factory=dict)
    groups: Mapping[str, frozenset[str]] = field(default_factory=dict)


@functools.lru_cache(maxsize=4)
def read_state(output: bytes) -> ClusterState:
    """Read what the look printed. Raises ProbeError for what is not as Ceph answers."""
    sections = _sections(output.decode("utf-8", "surrogateescape"))
    try:
        health = sections[("health",)]
        return ClusterState(
            health=str(health["status"]),
            ailments=_ailments(health.get("checks", {})),
            pools={pool.name: pool for pool in map(_pool, sections[("pools",)])},
            users={
                user["entity"]: {service: str(text) for service, text in user.get("caps", {}).items()}
                for user in sections.get(("users",), {"auth_dump": []})["auth_dump"]
            },
            filesystems=tuple(each["name"] for each in sections.get(("filesystems",), [])),
            namespaces=_names(sections, "namespaces"),
            groups=_names(sections, "groups"),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ProbeError(
            f"Ceph's answer is not as expected ({type(error).__name__}: {error}); Mountwright knows Ceph 14 and later"
        ) from None


def _sections(text: str) -> dict[tuple[str, ...], Any]:
    """The JSON documents behind their headings; a document's own lines never begin with an @."""
    found: dict[tuple[str, ...], Any] = {}
    for part in ("\n" + text).split("\n@")[1:]:
        heading, _, body = part.partition("\n")
        try:
            found[tuple(heading.split())] = json.loads(body)
        except ValueError:
            raise ProbeError(f"the answer about {heading} is no JSON") from None
    return found


def _ailments(checks: Mapping[str, Any]) -> tuple[str, ...]:
    ordered = sorted(checks.items(), key=lambda item: (item[1]["severity"] != "HEALTH_ERR", item[0]))
    return tuple(f"{name}: {check['summary']['message']}" for name, check in ordered)


def _pool(data: Mapping[str, Any]) -> LivePool:
    return LivePool(
        name=str(data["pool_name"]),
        size=int(data["size"]),
        min_size=int(data["min_size"]),
        pg_num=int(data.get("pg_num_target", data["pg_num"])),
        autoscale=str(data.get("pg_autoscale_mode", "off")),
        applications=tuple(data.get("application_metadata", {})),
    )


def _names(sections: Mapping[tuple[str, ...], Any], kind: str) -> dict[str, frozenset[str]]:
    return {
        heading[1]: frozenset(str(each["name"]) for each in answer or ())
        for heading, answer in sections.items()
        if heading[0] == kind
    }
