"""Objects that we applied and storage.yml no longer declares, as one resource: listed, removed only when asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mountwright.kubernetes.leftovers import KINDS, judge, listed, read_surroundings
from mountwright.kubernetes.live import DEFAULT_NAMESPACE
from mountwright.kubernetes.ownership import selector
from mountwright.resources.base import Change, Remark

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mountwright.kubernetes.kubectl import Access
    from mountwright.kubernetes.leftovers import Leftover, Verdict
    from mountwright.kubernetes.manifests import Manifest
    from mountwright.resources.base import Observed, OperatingSystem
    from mountwright.shell import Script

_SECONDS_EACH = 60

# Everything in a pod that names a Secret or a ConfigMap, for kubectl's jsonpath.
_CONTAINERS = (".spec.containers[*]", ".spec.initContainers[*]")
_POD_SECRETS = (
    *(".spec.volumes[*].secret.secretName", ".spec.volumes[*].projected.sources[*].secret.name"),
    *(f".spec.volumes[*].{source}.secretRef.name" for source in ("rbd", "cephfs", "iscsi", "flexVolume", "scaleIO")),
    *(".spec.volumes[*].csi.nodePublishSecretRef.name", ".spec.imagePullSecrets[*].name"),
    *(f"{each}.env[*].valueFrom.secretKeyRef.name" for each in _CONTAINERS),
    *(f"{each}.envFrom[*].secretRef.name" for each in _CONTAINERS),
)
_POD_CONFIG_MAPS = (
    *(".spec.volumes[*].configMap.name", ".spec.volumes[*].projected.sources[*].configMap.name"),
    *(f"{each}.env[*].valueFrom.configMapKeyRef.name" for each in _CONTAINERS),
    *(f"{each}.envFrom[*].configMapRef.name" for each in _CONTAINERS),
)


def _pod_template() -> str:
    def words(paths: Iterable[str]) -> str:
        return '{" "}'.join(f"{{{path}}}" for path in paths)

    columns = (
        "{.metadata.namespace}",
        "{.metadata.name}",
        "{.spec.volumes[*].persistentVolumeClaim.claimName}",
        words(_POD_SECRETS),
        words(_POD_CONFIG_MAPS),
    )
    tab = '{"\\t"}'
    return f'{{range .items[*]}}{tab.join(columns)}{{"\\n"}}{{end}}'


# Names alone are asked for first: no value of a Secret is read, and where nothing is left over, that was all.
# A declared line stands twice in what is sorted, so that only those that are not declared are unique.
PROBE = r"""
found=$(kubectl_ get "$kinds" --all-namespaces --selector="$selector" --output=jsonpath="$line") || exit 1
left=$({ printf '%s\n%s\n' "$declared" "$declared"; printf '%s\n' "$found" | sed -n 's/ $//p'; } | sort | uniq -u |
    grep -v '^$')
[ -n "$left" ] || exit 0
printf '## left\n%s\n' "$left"
echo '## volumes'; kubectl_ get persistentvolumes --output=json || exit 1
echo '## claims'; kubectl_ get persistentvolumeclaims --all-namespaces --output=json || exit 1
echo '## classes'; kubectl_ get storageclasses.storage.k8s.io --output=json || exit 1
echo '## pods'; kubectl_ get pods --all-namespaces --output=jsonpath="$pods" || exit 1
types=
printf '%s\n' "$left" | sed -n 's,^Namespace//,,p' | while read -r name; do
    printf '## namespace %s\n' "$name"
    if [ -z "$types" ]; then
        types=$(kubectl_ api-resources --verbs=list --namespaced --output=name) || echo '?'
        types=$(printf '%s' "$types" | tr '\n' ,)
    fi
    kubectl_ get "$types" --namespace="$name" --ignore-not-found --output=name || echo '?'
done
"""

# Arguments, in threes: type, namespace, name. The selector is asked again: what lost our labels meanwhile stays.
REMOVE = r"""
while [ "$#" -gt 0 ]; do
    kubectl_ delete "$1" --namespace="$2" --selector="$selector" --field-selector="metadata.name=$3" \
        --timeout="${seconds}s"
    shift 3
done
"""


@dataclass(frozen=True)
class Leftovers:
    """What carries the labels of this inventory, and is declared no longer.

    It is listed as a remark. With ``prune`` it is removed, but for what is still in use; what would take data with it
    counts as in use.
    """

    inventory: str
    declared: tuple[Manifest, ...] = field(repr=False)
    access: Access = field(repr=False)
    prune: bool = False

    @property
    def id(self) -> str:
        """The inventory whose objects they are."""
        return f"kubernetes_leftovers:{self.inventory}"

    def probe(self) -> Script:
        """Print what is left over and, where something is, all that might use it."""
        return self.access.script(
            PROBE,
            {
                "kinds": ",".join(KINDS.values()),
                "selector": selector(self.inventory),
                "line": "{range .items[*]}{.kind}/{.metadata.namespace}/{.metadata.name}"
                ' {.metadata.deletionTimestamp}{"\\n"}{end}',
                "pods": _pod_template(),
                "declared": "\n".join(sorted({_line(manifest) for manifest in self.declared})),
            },
        )

    def plan(self, observed: Observed, os: OperatingSystem) -> Change | Remark | None:
        """Return a remark that lists the leftovers, or with ``prune`` the change that removes them."""
        del os  # whatever runs kubectl
        around = read_surroundings(observed.text)
        if not around.leftovers:
            return None
        verdict = judge(around)
        if not self.prune:
            return Remark(tuple(_asked(verdict)))
        kept = tuple(f"{each.object} is no longer declared, but kept: {reason}" for each, reason in verdict.kept)
        if not verdict.removable:
            return Remark(kept)
        return Change(
            f"remove what is no longer declared: {listed(verdict.removable)}",
            self._script(verdict.removable),
            before="".join(f"{each.object}\n" for each in verdict.removable),
            after="",
            notes=(*_data_notes(verdict), *kept),
            silence=120.0 + _SECONDS_EACH * len(verdict.removable),
        )

    def _script(self, removable: Iterable[Leftover]) -> Script:
        arguments = [
            word for each in removable for word in (KINDS[each.kind], each.namespace or DEFAULT_NAMESPACE, each.name)
        ]
        return self.access.script(REMOVE, {"selector": selector(self.inventory), "seconds": _SECONDS_EACH}, arguments)


def _line(manifest: Manifest) -> str:
    return f"{manifest.kind}/{manifest.namespace}/{manifest.name}"


def _asked(verdict: Verdict) -> Iterable[str]:
    for each in verdict.removable:
        yield f"{each.object} is no longer declared; k8s.apply --prune would remove it"
    for each, reason in verdict.kept:
        yield f"{each.object} is no longer declared; k8s.apply --prune would keep it: {reason}"


def _data_notes(verdict: Verdict) -> tuple[str, ...]:
    volumes = [each for each in verdict.removable if each.kind == "PersistentVolume"]
    return (f"{listed(volumes)}: only the object goes, the data stays where it is",) if volumes else ()
