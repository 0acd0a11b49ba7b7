"""The ConfigMap ``ceph-csi-config``: which clusters the drivers of ceph-csi know.

Source: ceph-csi internal/util/csiconfig.go: a JSON list, of which each entry has a clusterID and monitors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mountwright import yaml_lines
from mountwright.errors import InputError
from mountwright.kubernetes.lint.sources import is_ceph_csi

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mountwright.kubernetes.lint.context import Context
    from mountwright.kubernetes.lint.parts import Fault, Part

_NAME, _ENTRY = "ceph-csi-config", "config.json"


def check_ceph_config(context: Context) -> Iterator[Fault]:
    """Yield faults of the configuration, and classes and volumes of a cluster that it does not know."""
    known: set[str] = set()
    configured = False
    for part in context.objects.of("ConfigMap"):
        text = part.get("data", _ENTRY)
        if part.manifest.name != _NAME or not isinstance(text, str):
            continue
        try:
            value = yaml_lines.parse_first_json(text, _ENTRY)[0].value
        except InputError as error:
            problem = error.problems[0]
            where = f"line {problem.line} of {_ENTRY}" if problem.line else _ENTRY
            yield part.fault("ceph-csi-config", ("data", _ENTRY), f"{where} {problem.message}")
            continue
        faults = list(_check_config(part, value))
        yield from faults
        # Rook's operator fills an empty list by itself.
        configured = configured or (not faults and bool(value))
        known |= {item["clusterID"] for item in value if not faults} if isinstance(value, list) else set()
    if configured:
        yield from _check_users(context, known)


def _check_config(part: Part, value: Any) -> Iterator[Fault]:
    path = ("data", _ENTRY)
    if not isinstance(value, list):
        yield part.fault("ceph-csi-config", path, f"{_ENTRY} is no list")
        return
    for number, item in enumerate(value, 1):
        cluster = item.get("clusterID") if isinstance(item, dict) else None
        monitors = item.get("monitors") if isinstance(item, dict) else None
        if not isinstance(cluster, str) or not cluster:
            yield part.fault("ceph-csi-config", path, f"cluster {number} of {_ENTRY} has no clusterID")
        if not isinstance(monitors, list) or not monitors or not all(isinstance(each, str) for each in monitors):
            yield part.fault("ceph-csi-config", path, f"cluster {number} of {_ENTRY} has no list of monitors")


def _check_users(context: Context, known: set[str]) -> Iterator[Fault]:
    users = [(part, part.text("provisioner"), ("parameters", "clusterID")) for part in context.objects.classes]
    users += [
        (part, part.text("spec", "csi", "driver"), ("spec", "csi", "volumeAttributes", "clusterID"))  # type: ignore[misc]
        for part in context.objects.volumes
    ]
    for part, driver, path in users:
        cluster = part.text(*path)
        if cluster and is_ceph_csi(driver) and cluster not in known:
            names = ", ".join(sorted(known))
            yield part.fault("unknown-cluster", path, f"the cluster '{cluster}' is not in {_NAME}, which has {names}")
