"""The benchmark's part about Kubernetes objects: thousands of them rendered, linted and bound, without a cluster."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from mountwright.kubernetes.binding.forecast import foretell
from mountwright.kubernetes.binding.reading import read_objects
from mountwright.kubernetes.manifests import Manifest
from mountwright.report.binding import binding_document
from mountwright.yaml_lines import Document
from tests.lab.bench_cost import Row, cost_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VOLUMES = 10_000
_MOUNTWRIGHT = [sys.executable, "-m", "mountwright"]
_HOSTS = (
    "all: {children: {nfs_servers: {hosts: {nfs1: {ansible_host: 192.0.2.1}}}, kube_node: {hosts: {node1: {}}}}}\n"
)
_STORAGE = f"""\
kubernetes: {{version: "1.33"}}
nfs:
  servers: nfs_servers
  clients: kube_node
  exports:
    - path: /srv/nfs
      clients: {{192.0.2.0/24: [rw, sync, no_subtree_check]}}
  volumes:
    - name: pv{{:05}}
      count: {VOLUMES}
      export: /srv/nfs
      subdir: volume-{{:05}}
      capacity: 10Gi
      access_modes: [ReadWriteMany]
      storage_class: nfs
"""
_MODES = ("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany")


def measure_lint(folder: Path) -> Row:
    """Render and lint the volumes of one storage.yml, as a whole process."""
    folder.mkdir()
    (folder / "hosts.yml").write_text(_HOSTS)
    (folder / "storage.yml").write_text(_STORAGE)
    wall = cost_of([*_MOUNTWRIGHT, "k8s.lint", "-i", str(folder), "-f", "json"]).wall
    return Row(f"{VOLUMES} PersistentVolumes rendered and linted", f"{wall:.1f} s", "<= 10 s", wall <= 10)


def measure_bind(folder: Path) -> Iterator[Row]:
    """Bind as many claims as volumes, of mixed sizes, modes and classes: the simulator, then a whole process."""
    folder.mkdir()
    objects = list(_objects(random.Random(1)))  # noqa: S311 - the same set each time
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    document = Document("bench", objects)
    manifests = [Manifest(data, document, (index,)) for index, data in enumerate(objects)]
    begun = time.monotonic()
    forecast = foretell(read_objects(manifests))
    seconds = time.monotonic() - begun
    bound = sum(outcome.volume is not None for outcome in forecast.outcomes)
    what = f"{VOLUMES} claims on {VOLUMES} volumes"
    yield Row(f"{what}, {bound} bound", f"{seconds:.1f} s", "<= 5 s", seconds <= 5)
    for claim in objects[VOLUMES:]:
        claim["spec"]["resources"]["requests"]["storage"] = "1Ti"
    begun = time.monotonic()
    binding_document(foretell(read_objects(manifests)))
    seconds = time.monotonic() - begun
    yield Row(f"{what}, none bound, with the reasons", f"{seconds:.1f} s", "<= 5 s", seconds <= 5)
    file = folder / "all.json"
    file.write_text(text)
    begun = time.monotonic()
    done = subprocess.run(
        [*_MOUNTWRIGHT, "k8s.bind", "--path", str(file), "-f", "json"], capture_output=True, check=True
    )
    wall = time.monotonic() - begun
    count = sum(claim["volume"] is not None for claim in json.loads(done.stdout)["claims"])
    yield Row(f"{what}, {count} bound: `inv k8s.bind` on a file", f"{wall:.1f} s", "<= 5 s", wall <= 5)


def _objects(chance: random.Random) -> Iterator[dict[str, Any]]:
    for kind, number in [(kind, number) for kind in ("volume", "claim") for number in range(VOLUMES)]:
        spec: dict[str, Any] = {
            "accessModes": chance.sample(_MODES, chance.randint(1, 3 if kind == "volume" else 1)),
            "storageClassName": chance.choice(("nfs", "fast", "slow")),
        }
        size = f"{chance.randint(1, 100)}Gi"
        if kind == "volume":
            spec |= {"capacity": {"storage": size}, "nfs": {"server": "192.0.2.1", "path": f"/srv/{number}"}}
            yield _object("PersistentVolume", {"name": f"pv{number:05}"}, spec)
        else:
            spec |= {"resources": {"requests": {"storage": size}}}
            yield _object("PersistentVolumeClaim", {"name": f"data-{number:05}", "namespace": "default"}, spec)


def _object(kind: str, metadata: dict[str, Any], spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": spec}
