"""A Kubernetes object as a resource: it is as declared once the API server has what we declare, and more if it likes.

It is applied server-side, so the API server knows which fields are ours: what we no longer declare goes, what others
declare stays, and a field that another field manager owns with another value is a conflict that is said and not won.
"""

from __future__ import annotations

import base64
import binascii
import copy
import dataclasses
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from mountwright.errors import HostError
from mountwright.kubernetes import immutable
from mountwright.kubernetes.comparison import (
    MISSING,
    Difference,
    Missing,
    differences,
    find_item,
    normalised,
    project,
)
from mountwright.kubernetes.field_owners import FIELD_MANAGER, forgotten, owners
from mountwright.kubernetes.live import DEFAULT_NAMESPACE, look, read_live, resource_type
from mountwright.kubernetes.manifests import mapping
from mountwright.resources.base import Change
from mountwright.secret import MASK, Secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mountwright.kubernetes.kubectl import Access
    from mountwright.kubernetes.live import LiveObjects
    from mountwright.kubernetes.manifests import Manifest
    from mountwright.resources.base import Observed, OperatingSystem
    from mountwright.shell import Script, Value

_NAMESPACED = {
    *("PersistentVolumeClaim", "Secret", "ConfigMap", "Pod", "Service", "ServiceAccount", "Deployment"),
    *("StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Role", "RoleBinding"),
}
_SHOWN = 3
_LONGEST = 60
_SECONDS_EACH = 0.5  # what the rehearsal of one object may take, on top of the time that any step has

# The arguments are manifests; JSON documents that follow one another need no separator. kubectl names each that it
# has applied, and goes on after one that it could not.
APPLY = r"""
options="--server-side --field-manager=$manager --filename=-"
[ -z "$force" ] || options="$options --force-conflicts"
code=0
# shellcheck disable=SC2086 # options without special characters
applied=$(printf '%s\n' "$@" | kubectl_ apply $options --output=name) || code=$?
printf '%s\n' "$applied" | while IFS= read -r name; do item_done "${name##*/}"; done
exit "$code"
"""

REHEARSE = r"""
options="--dry-run=server --server-side --field-manager=$manager --filename=-"
[ -z "$force" ] || options="$options --force-conflicts"
# shellcheck disable=SC2086 # options without special characters
printf '%s\n' "$@" | kubectl_ apply $options >/dev/null
"""


@dataclass(frozen=True, eq=False)
class Cluster:
    """What all objects of one run share: how they are looked at, tried and applied.

    ``force``: take fields over that another field manager owns.
    """

    access: Access
    probe: Script = field(repr=False)
    rehearsal: Script = field(repr=False)
    namespaces: frozenset[str] = frozenset()
    """Those that are declared too, and so made before what lies in them."""
    count: int = 0
    force: bool = False

    def script(self, manifest: Secret | str, holds: Sequence[Secret]) -> Script:
        """The script that applies one manifest, or those of a batch."""
        values: dict[str, Value] = {"manager": FIELD_MANAGER, "force": self.force}
        return dataclasses.replace(self.access.script(APPLY, values, [manifest]), holds=tuple(holds))


@dataclass(frozen=True)
class KubernetesObject:
    """One object that the cluster must have."""

    manifest: Manifest
    cluster: Cluster = field(repr=False)

    @property
    def id(self) -> str:
        """The object's kind, namespace and name."""
        return f"kubernetes:{self.manifest.object}"

    def probe(self) -> Script:
        """Print all declared objects; one script, and so one run, for all of them."""
        return self.cluster.probe

    def plan(self, observed: Observed, os: OperatingSystem) -> Change | None:
        """Compare the live object with the declared one.

        Raises HostError for a field that can't be changed, one that another field manager owns, and for a namespace
        that neither exists nor is declared.
        """
        del os  # whatever runs kubectl
        live_objects = read_live(observed.stdout)
        live = live_objects.find(self.manifest)
        declared = normalised(self.manifest.data)
        namespace_is_there = self._namespace_is_there(live_objects)
        if live is None:
            summary = f"create {self.manifest.object}"
            return self._change(summary, declared, texts(None, declared), rehearse=namespace_is_there)
        if mapping(live.get("metadata")).get("deletionTimestamp"):
            raise self._error(
                "is being deleted and not gone yet: something still uses it, or waits with a finalizer; "
                f"see `kubectl describe {self.manifest.kind.lower()} {self.manifest.name}`, then run again"
            )
        if kept := immutable.reserved_claim(live, declared):
            declared = {**declared, "spec": {**mapping(declared.get("spec")), "claimRef": kept}}
        found = [*differences(declared, live), *forgotten(live, declared)]
        if not found:
            return None
        self._refuse(live, found)
        notes = self._conflicts(live, found)
        return self._change(
            f"change {self.manifest.object}: {_summary(found, secret=self._is_secret)}",
            declared,
            texts(_with_forgotten(project(declared, live), found), declared),
            notes=notes,
        )

    def _namespace_is_there(self, live: LiveObjects) -> bool:
        name = self.manifest.namespace
        there = live.namespace(name) if name else {}
        if there is None and name not in self.cluster.namespaces:
            raise self._error(
                f"the namespace {name} does not exist; declare it in storage.yml (kubernetes.namespaces), or create "
                f"it with `kubectl create namespace {name}`"
            )
        if there and mapping(there.get("status")).get("phase") == "Terminating":
            raise self._error(f"the namespace {name} is being deleted; wait until it is gone, then run again")
        return there is not None

    def _refuse(self, live: dict[str, Any], found: Sequence[Difference]) -> None:
        sentences = list(immutable.refusals(live, found))
        if sentences:
            raise self._error("; ".join(sentences), output=_each(found, secret=self._is_secret))

    def _conflicts(self, live: dict[str, Any], found: Sequence[Difference]) -> tuple[str, ...]:
        """Notes about fields that are taken from others; HostError where that was not asked for."""
        conflicts = [
            (difference, managers)
            for difference in found
            if difference.before is not MISSING
            and difference.after is not MISSING
            and (managers := owners(live, difference.path))
        ]
        if conflicts and not self.cluster.force:
            fields = "; ".join(f"{each.field} is {' and '.join(names)}'s" for each, names in conflicts)
            raise self._error(
                f"another field manager has set what is declared here: {fields}; leave it out of the declaration, "
                "set it there as it is declared, or take it over with --force-conflicts",
                output=_each([each for each, _ in conflicts], secret=self._is_secret),
            )
        return tuple(f"{each.field} is taken over from {' and '.join(names)}" for each, names in conflicts)

    def _change(
        self,
        summary: str,
        declared: dict[str, Any],
        shown: tuple[str | None, str],
        *,
        notes: tuple[str, ...] = (),
        rehearse: bool = True,
    ) -> Change:
        text = json.dumps(declared)
        secrets = self.manifest.secrets
        if self._is_secret and not self.manifest.rendered:
            secrets = _values(declared)  # nobody has said which of its values are to be hidden
        manifest = Secret(text) if secrets or self._is_secret else text
        return Change(
            summary,
            self.cluster.script(manifest, secrets),
            before=shown[0],
            after=shown[1],
            notes=notes,
            silence=120.0 + _SECONDS_EACH * self.cluster.count,
            batch=f"{resource_type(self.manifest)} {self.manifest.namespace}",
            item=self.manifest.name,
            rehearsal=self.cluster.rehearsal if rehearse else None,
        )

    def _error(self, message: str, *, output: Sequence[str] = ()) -> HostError:
        line = self.manifest.line()
        place = f"{self.manifest.source}:{line}" if line else self.manifest.source
        return HostError(f"{message} (declared in {place})", output=output)

    @property
    def _is_secret(self) -> bool:
        return self.manifest.kind == "Secret"


def objects(manifests: Sequence[Manifest], access: Access, *, force: bool = False) -> tuple[KubernetesObject, ...]:
    """The manifests as resources that share one look at the cluster; namespaces come first.

    ``force``: take fields over that another field manager owns.
    """
    ordered = sorted(map(_placed, manifests), key=lambda manifest: manifest.kind != "Namespace")
    cluster = Cluster(
        access=access,
        probe=look(ordered, access),
        rehearsal=access.script(REHEARSE, {"manager": FIELD_MANAGER, "force": force}),
        namespaces=frozenset(manifest.name for manifest in manifests if manifest.kind == "Namespace"),
        count=len(manifests),
        force=force,
    )
    return tuple(KubernetesObject(manifest, cluster) for manifest in ordered)


def _placed(manifest: Manifest) -> Manifest:
    """The manifest with its namespace said, so that the current one of somebody's kubeconfig doesn't count."""
    if manifest.namespace or manifest.kind not in _NAMESPACED:
        return manifest
    metadata = {**manifest.metadata, "namespace": DEFAULT_NAMESPACE}
    return dataclasses.replace(manifest, data={**manifest.data, "metadata": metadata})


def _values(data: dict[str, Any]) -> tuple[Secret, ...]:
    """What a Secret keeps, as the mask has to know it."""
    found = []
    for value in mapping(data.get("data")).values():
        try:
            found.append(Secret(base64.b64decode(str(value), validate=True).decode()))
        except (binascii.Error, UnicodeDecodeError):
            found.append(Secret(str(value)))
    return tuple(found)


def texts(before: dict[str, Any] | None, after: dict[str, Any]) -> tuple[str | None, str]:
    """The two sides of a diff as YAML. Of a Secret's values it is only shown which of them differ."""
    if after.get("kind") == "Secret":
        old, new = mapping(mapping(before).get("data")), mapping(after.get("data"))
        changed = {key for key in new if key in old and old[key] != new[key]}
        hidden = {key: f"{MASK} (another value)" if key in changed else MASK for key in new}
        after = {**after, "data": hidden} if "data" in after else after
        if before is not None and "data" in before:
            before = {**before, "data": dict.fromkeys(old, MASK)}
    return None if before is None else _yaml(before), _yaml(after)


def _yaml(data: dict[str, Any]) -> str:
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=10_000)


def _with_forgotten(shown: Any, found: Iterable[Difference]) -> Any:
    """The live side of a diff with the fields that are to go, which the declared side does not have."""
    shown = copy.deepcopy(shown)
    for each in found:
        if each.after is not MISSING:
            continue
        place = shown
        for part in each.path[:-1]:
            if isinstance(place, dict):
                place = place.setdefault(part, {})
            elif isinstance(place, list):
                place = find_item(place, dict(pair.split("=", 1) for pair in part.split(",") if "=" in pair))
        if isinstance(place, dict):
            place[each.path[-1]] = each.before
        elif isinstance(place, list):
            place.append(each.before)
    return shown


def _summary(found: Sequence[Difference], *, secret: bool = False) -> str:
    """What differs, in one line."""
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return ", ".join(_each(found[:_SHOWN], secret=secret)) + more


def _each(found: Iterable[Difference], *, secret: bool) -> list[str]:
    return [_words(each, hidden=secret and each.path[:1] == ("data",)) for each in found]


def _words(difference: Difference, *, hidden: bool) -> str:
    if difference.after is MISSING:
        return f"remove {difference.field}"
    if hidden:
        return (
            f"{difference.field} (another value)" if difference.before is not MISSING else f"add {difference.field}"
        )
    before, after = _short(difference.before), _short(difference.after)
    if difference.before is MISSING:
        return f"add {difference.field} {after}".rstrip()
    return f"{difference.field} {before} -> {after}" if before and after else difference.field


def _short(value: Any) -> str:
    """A value where it is short enough for a line, else nothing."""
    if isinstance(value, str):
        text = value if value.isprintable() and value else repr(value)
    elif isinstance(value, (dict, Missing)):
        return ""
    else:
        text = json.dumps(value)
    return text if len(text) <= _LONGEST else ""
