"""A pool of a Ceph cluster: made with its settings, raised to them, never deleted and never made smaller."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from mountwright.ceph.scripts import POOL
from mountwright.ceph.state import read_state
from mountwright.errors import HostError
from mountwright.resources.base import Change, Remark
from mountwright.resources.ceph_cluster import refuse_when_broken

if TYPE_CHECKING:
    from mountwright.ceph.state import ClusterState, LivePool
    from mountwright.resources.base import Observed, OperatingSystem
    from mountwright.resources.ceph_cluster import CephCluster
    from mountwright.shell import Script, Value

    Settings: TypeAlias = "dict[str, str | int]"

_MOST_NAMES = 10


@dataclass(frozen=True)
class CephPool:
    """A pool that the cluster must have. None: the cluster's own default, or whatever the pool has.

    ``pg_num`` counts for a new pool, and where the autoscaler is not on. ``size`` and ``pg_num`` are raised only:
    lowering them gives up copies, or moves data about; the operator is told the command.
    """

    name: str
    application: str
    cluster: CephCluster
    pg_num: int | None = None
    autoscale: str | None = None
    size: int | None = None
    min_size: int | None = None

    @property
    def id(self) -> str:
        """The pool's name."""
        return f"ceph-pool:{self.name}"

    def probe(self) -> Script:
        """The look that all resources of the cluster share."""
        return self.cluster.probe

    def plan(self, observed: Observed, os: OperatingSystem) -> Change | Remark | None:
        """Compare the live pool with the declared one.

        Raises HostError when the pool serves another application, or when the cluster is in an error.
        """
        del os
        state = read_state(observed.stdout)
        live = state.pools.get(self.name)
        if live is None:
            refuse_when_broken(state, f"the new pool {self.name}")
            return self._create()
        needs_application = self._needs_application(live)
        settings = self._raised(live)
        kept = self._not_lowered(live)
        if not settings and not needs_application:
            return Remark(kept) if kept else None
        refuse_when_broken(state, f"the pool {self.name}")
        now = {setting: _now(live)[setting] for setting in settings}
        changed = {setting: value for setting, value in settings.items() if value != now[setting]}
        words = [f"{setting} {now[setting]} -> {value}" for setting, value in changed.items()]
        if needs_application:
            words.append(f"application {self.application}")
        return self._change(
            f"change the pool {self.name}: {', '.join(words)}",
            settings,
            before=_text({**now, "application": ", ".join(live.applications) or "none"}),
            after=_text({**settings, "application": self.application}),
            application=self.application if needs_application else "",
            notes=kept,
        )

    def _create(self) -> Change:
        wanted = {"pg_num": self.pg_num, "pg_autoscale_mode": self.autoscale, "size": self.size}
        settings: Settings = {key: value for key, value in wanted.items() if value is not None}
        if self.min_size is not None:
            settings["min_size"] = self.min_size
        after = _text({**settings, "application": self.application})
        pg_num = settings.pop("pg_num", "")
        return self._change(
            f"create the pool {self.name} for {self.application}",
            settings,
            after=after,
            application=self.application,
            create=True,
            pg_num=pg_num,
        )

    def _change(
        self,
        summary: str,
        settings: Settings,
        *,
        before: str | None = None,
        after: str,
        application: str,
        create: bool = False,
        pg_num: str | int = "",
        notes: tuple[str, ...] = (),
    ) -> Change:
        values: dict[str, Value] = {
            "pool": self.name,
            "create": create,
            "pg_num": pg_num,
            "application": application,
        }
        arguments: list[Value] = [part for pair in settings.items() for part in pair]
        return self.cluster.change(
            summary, POOL, values, arguments, calls=len(settings) + 2, before=before, after=after, notes=notes
        )

    def _needs_application(self, live: LivePool) -> bool:
        if self.application in live.applications:
            return False
        if live.applications:
            raise HostError(
                f"the pool {self.name} is there already, for {', '.join(live.applications)}, and storage.yml "
                f"declares it for {self.application}: declare another name; or, when it is meant to serve both, run "
                f"`ceph osd pool application enable {self.name} {self.application} --yes-i-really-mean-it`"
            )
        return True

    def _autoscaled(self, live: LivePool) -> bool:
        return (self.autoscale or live.autoscale) == "on"

    def _raised(self, live: LivePool) -> Settings:
        """The settings that are to change, in the order in which they can."""
        settings: Settings = {}
        if self.autoscale is not None and self.autoscale != live.autoscale:
            settings["pg_autoscale_mode"] = self.autoscale
        if self.pg_num is not None and self.pg_num > live.pg_num and not self._autoscaled(live):
            settings["pg_num"] = self.pg_num
        if self.size is not None and self.size > live.size:
            settings["size"] = self.size
        # Ceph changes min_size along with size
        if self.min_size is not None and (self.min_size != live.min_size or "size" in settings):
            settings["min_size"] = self.min_size
        return settings

    def _not_lowered(self, live: LivePool) -> tuple[str, ...]:
        """What is declared lower than it is, and stays."""
        lines = []
        if self.size is not None and self.size < live.size:
            lines.append(
                f"the pool {self.name} keeps {live.size} copies, though storage.yml says {self.size}: to give up the "
                f"others, run `ceph osd pool set {self.name} size {self.size}`"
            )
        if self.pg_num is not None and self.pg_num < live.pg_num and not self._autoscaled(live):
            lines.append(
                f"the pool {self.name} keeps {live.pg_num} placement groups, though storage.yml says {self.pg_num}: "
                f"to merge them, which moves data, run `ceph osd pool set {self.name} pg_num {self.pg_num}`"
            )
        return tuple(lines)


@dataclass(frozen=True)
class ExistingCephPool:
    """A pool that others made and look after: it must be there, and is left as it is."""

    name: str
    cluster: CephCluster

    @property
    def id(self) -> str:
        """The pool's name."""
        return f"ceph-pool:{self.name}"

    def probe(self) -> Script:
        """The look that all resources of the cluster share."""
        return self.cluster.probe

    def plan(self, observed: Observed, os: OperatingSystem) -> None:
        """See that it is there; raises HostError when it is not, with the name that was probably meant."""
        del os
        refuse_missing("pool", self.name, tuple(read_state(observed.stdout).pools))


def refuse_missing(kind: str, name: str, there: tuple[str, ...]) -> None:
    """Raise HostError when ``name`` is not among the names that are ``there``."""
    if name in there:
        return
    near = difflib.get_close_matches(name, there, n=1)
    more = f" and {len(there) - _MOST_NAMES} more" if len(there) > _MOST_NAMES else ""
    known = f"there are {', '.join(sorted(there)[:_MOST_NAMES])}{more}" if there else "it has none"
    hint = f"did you mean {near[0]}?" if near else known
    raise HostError(f"the cluster has no {kind} {name}; {hint}")


def refuse_foreign_application(state: ClusterState, pool: str) -> None:
    """Raise HostError when a pool is there for something else than RBD images."""
    live = state.pools.get(pool)
    if live is not None and live.applications and "rbd" not in live.applications:
        raise HostError(f"the pool {pool} is for {', '.join(live.applications)}, not for RBD images")


def _now(live: LivePool) -> Settings:
    return {
        "pg_autoscale_mode": live.autoscale,
        "pg_num": live.pg_num,
        "size": live.size,
        "min_size": live.min_size,
    }


def _text(settings: Settings) -> str:
    return "".join(f"{setting}: {value}\n" for setting, value in settings.items())
