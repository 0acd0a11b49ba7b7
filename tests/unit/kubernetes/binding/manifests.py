"""Short ways to write a volume, a claim and a class."""

from __future__ import annotations

import json


def volume(name, size="1Gi", modes="ReadWriteOnce", *, meta=None, **spec):
    """A PersistentVolume; ``modes`` is a list with commas."""
    return _object(
        "v1",
        "PersistentVolume",
        {"name": name, **(meta or {})},
        spec={
            "capacity": {"storage": size},
            "accessModes": modes.split(","),
            "nfs": {"server": "s", "path": "/p"},
            **spec,
        },
    )


def claim(name="data", size="1Gi", modes="ReadWriteOnce", *, meta=None, **spec):
    """A PersistentVolumeClaim."""
    return _object(
        "v1", "PersistentVolumeClaim", {"name": name, **(meta or {})}, spec=claim_spec(size, modes, **spec)
    )


def claim_spec(size="1Gi", modes="ReadWriteOnce", **spec):
    """The spec of a claim, as a StatefulSet's template has it too."""
    return {"accessModes": modes.split(","), "resources": {"requests": {"storage": size}}, **spec}


def storage_class(
    name, provisioner="kubernetes.io/no-provisioner", binding="Immediate", *, default=False, **metadata
):
    """A StorageClass."""
    annotations = {"storageclass.kubernetes.io/is-default-class": "true"} if default else {}
    return _object(
        "storage.k8s.io/v1",
        "StorageClass",
        {"name": name, "annotations": annotations, **metadata},
        provisioner=provisioner,
        volumeBindingMode=binding,
    )


def _object(version, kind, metadata, **rest):
    # JSON is YAML, and the quoting is taken care of.
    return json.dumps({"apiVersion": version, "kind": kind, "metadata": metadata, **rest}) + "\n"
