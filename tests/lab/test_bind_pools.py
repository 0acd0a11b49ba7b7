"""The classic pools, written as people write them: `k8s.bind` on the files, then the real controller on the same."""

from __future__ import annotations

import pytest

from tests.lab.command import mountwright
from tests.lab.kubernetes.cluster import wait_until

pytestmark = pytest.mark.lab

POOL = """\
apiVersion: v1
kind: PersistentVolume
metadata: {name: pv0001}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
  nfs: {server: 192.0.2.10, path: /srv/nfs/pv1}
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: pv0002}
spec:
  capacity: {storage: 2Gi}
  accessModes: [ReadOnlyMany]
  nfs: {server: 192.0.2.10, path: /srv/nfs/pv2}
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: pv0003}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteMany, ReadWriteOnce]
  nfs: {server: 192.0.2.10, path: /srv/nfs/pv3}
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: pv0004}
spec:
  capacity: {storage: 3Gi}
  accessModes: [ReadWriteOnce]
  nfs: {server: 192.0.2.10, path: /srv/nfs/pv4}
"""
WEB = """\
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  serviceName: web
  replicas: 4
  podManagementPolicy: Parallel
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: nginx}]}
  volumeClaimTemplates:
  - metadata: {name: www}
    spec:
      accessModes: [ReadWriteOnce]
      resources: {requests: {storage: 1Gi}}
"""
MANY_RULES = """\
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: standard, annotations: {storageclass.kubernetes.io/is-default-class: "true"}}
provisioner: kubernetes.io/no-provisioner
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: local}
provisioner: kubernetes.io/no-provisioner
volumeBindingMode: WaitForFirstConsumer
---
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: PersistentVolume, metadata: {name: gold, labels: {tier: gold}}, spec: &shape
    {capacity: {storage: 5Gi}, accessModes: [ReadWriteOnce], storageClassName: standard,
     nfs: {server: 192.0.2.10, path: /srv/nfs/a}}}
- {apiVersion: v1, kind: PersistentVolume, metadata: {name: iron, labels: {tier: iron}}, spec: *shape}
- {apiVersion: v1, kind: PersistentVolume, metadata: {name: named}, spec: {<<: *shape, capacity: {storage: 50Gi}}}
- {apiVersion: v1, kind: PersistentVolume, metadata: {name: reserved}, spec:
    {<<: *shape, storageClassName: other, claimRef: {namespace: default, name: owner}}}
- {apiVersion: v1, kind: PersistentVolume, metadata: {name: raw}, spec:
    {capacity: {storage: 5Gi}, accessModes: [ReadWriteOnce], storageClassName: standard, volumeMode: Block,
     fc: {targetWWNs: ["50060e801049cfd1"], lun: 0}}}
- {apiVersion: v1, kind: PersistentVolume, metadata: {name: unclassed}, spec: {<<: *shape, storageClassName: ""}}
- {apiVersion: v1, kind: PersistentVolume, metadata: {name: disk}, spec: {<<: *shape, storageClassName: local}}
- {apiVersion: v1, kind: PersistentVolume, metadata: {name: shared}, spec:
    {<<: *shape, capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce, ReadWriteMany]}}
"""
CLAIMS = """\
- {name: by-label, selector: {matchLabels: {tier: gold}}}
- {name: by-name, volumeName: named}
- {name: owner, storageClassName: standard}
- {name: block, volumeMode: Block}
- {name: no-class, storageClassName: ""}
- {name: waits, storageClassName: local}
- {name: fewest-modes}
- {name: more-modes}
- {name: nothing-left}
- {name: misspelt, volumeName: nmaed}
- {name: not-mine, volumeName: reserved}
"""


def claim(line):
    """A claim of 1Gi with the fields of a line of CLAIMS."""
    name, _, fields = line.removeprefix("- {name: ").removesuffix("}").partition(", ")
    more = f", {fields}" if fields else ""
    shape = "accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}"
    return f"apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: {name}}}\nspec: {{{shape}{more}}}\n"


def foretold(tmp_path, *texts):
    """What k8s.bind says of files, by the names of the claims: the volume, and those as good."""
    for number, text in enumerate(texts):
        (tmp_path / f"{number:02}.yaml").write_text(text)
    ran = mountwright("k8s.bind", "--path", tmp_path, "-f", "json")
    assert ran.code == 0, ran
    return {
        each["claim"].partition("/")[2]: {each["volume"], *(each["reasons"] if each["volume"] else ())}
        for each in ran.document["claims"]
    }


def bound(api):
    """What the controller has done, by the names of the claims."""
    return {
        each["metadata"]["name"]: each["spec"].get("volumeName") if each["status"]["phase"] == "Bound" else None
        for each in api.get("pvc")["items"]
    }


def volumes_there(api, texts):
    """Create volumes and classes, and wait until the controller has taken note of them."""
    api.apply(texts)
    assert wait_until(lambda: {each["status"].get("phase") for each in api.get("pv")["items"]} == {"Available"}, 30)


def settled(api, count):
    """Wait until all claims are there and the controller has come to an end with them: a later one is bound."""
    assert wait_until(lambda: len(api.get("pvc")["items"]) == count, 30)
    api.apply(
        POOL.partition("---")[0]
        .replace("pv0001", "last")
        .replace("accessModes", "storageClassName: last\n  accessModes")
    )
    api.wait_for_phase("pv", "last", "Available")
    last = claim("- {name: last, storageClassName: last}")
    api.apply(last)
    api.wait_for_phase("pvc", "last", "Bound")
    api.kubectl("delete", "pvc", "last")


def test_four_nfs_volumes_and_a_stateful_set(api, tmp_path):
    """Of pv0001 to pv0004 the claims of four pods take all but the read-only one; the last stays pending."""
    told = foretold(tmp_path, POOL, WEB)
    assert told == {
        "www-web-0": {"pv0001"},
        "www-web-1": {"pv0004"},
        "www-web-2": {"pv0003"},
        "www-web-3": {None},
    }
    volumes_there(api, POOL)
    api.apply(WEB)
    settled(api, 4)
    assert {name: {volume} for name, volume in bound(api).items()} == told


def test_every_rule_once(api, tmp_path):
    """Labels, names, reservations, volumeMode, classes, modes and equal sizes: each claim gets what was foretold."""
    claims = [claim(line) for line in CLAIMS.splitlines()]
    told = foretold(tmp_path, MANY_RULES, *claims)
    assert told == {
        "by-label": {"gold"},
        "by-name": {"named"},
        "owner": {"reserved"},
        "block": {"raw"},
        "no-class": {"unclassed"},
        "waits": {None},
        "fewest-modes": {"iron"},
        "more-modes": {"shared"},
        "nothing-left": {None},
        "misspelt": {None},
        "not-mine": {None},
    }
    volumes_there(api, MANY_RULES)
    for text in claims:
        api.apply(text)
    settled(api, len(claims))
    assert {name: {volume} for name, volume in bound(api).items()} == told


def test_equal_sizes(api, tmp_path):
    """The controller takes the volume that is named or one of those told as its equals."""
    pool = "---\n".join(
        POOL.partition("---")[0].replace("pv0001", f"pv{number}").replace("1Gi", "5Gi") for number in range(4)
    )
    told = foretold(tmp_path, pool, claim("- {name: data}"))
    assert told == {"data": {"pv0", "pv1", "pv2", "pv3"}}
    volumes_there(api, pool)
    api.apply(claim("- {name: data}"))
    settled(api, 1)
    assert bound(api)["data"] in told["data"]
