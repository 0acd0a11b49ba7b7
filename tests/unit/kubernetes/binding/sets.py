"""Random sets of volumes, claims and classes, small and close enough to each other for every rule to matter."""

from __future__ import annotations

from hypothesis import strategies as st

SIZES = ["1Gi", "1G", "1024Mi", "2Gi", "5Gi"]
CLASSES = ["fast", "fast", "fast", "fast", "", "slow", "late"]  # most shall meet
NAMED_CLASSES = ["fast", "slow", "late"]
MODES = ["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany"]
KEYS, VALUES = ["tier", "site"], ["a", "b"]
BETA = "volume.beta.kubernetes.io/storage-class"

usually = st.sampled_from([True, True, True, False])
seldom = st.sampled_from([False, False, False, False, False, True])
labels = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES), max_size=2)
sizes = st.sampled_from(SIZES)
volume_modes = st.sampled_from(["Filesystem"] * 7 + ["Block"])


@st.composite
def expressions(draw):
    operator = draw(st.sampled_from(["In", "NotIn", "Exists", "DoesNotExist"]))
    values = draw(st.lists(st.sampled_from(VALUES), min_size=1, max_size=2, unique=True))
    key = draw(st.sampled_from(KEYS))
    return {"key": key, "operator": operator, **({"values": values} if operator in ("In", "NotIn") else {})}


@st.composite
def selectors(draw):
    return {"matchLabels": draw(labels), "matchExpressions": draw(st.lists(expressions(), max_size=1))}


def access_modes(modes, *, most=3):
    # The first is the commonest.
    return st.lists(st.sampled_from([modes[0], *modes]), min_size=1, max_size=most, unique=True)


@st.composite
def volumes(draw, name, claims, modes, *, recent):
    """``claims`` are the names of claims that it may be reserved for."""
    spec = {
        "capacity": {"storage": draw(sizes)},
        "accessModes": draw(access_modes(modes)),
        "volumeMode": draw(volume_modes),
        "persistentVolumeReclaimPolicy": "Retain",
        "nfs": {"server": "192.0.2.1", "path": f"/srv/{name}"},
    }
    if draw(usually):
        spec["storageClassName"] = draw(st.sampled_from(CLASSES))
    if draw(seldom):
        spec["claimRef"] = {"namespace": "default", "name": draw(st.sampled_from(claims))}
    if recent and draw(seldom):
        spec["volumeAttributesClassName"] = "gold"
    metadata = {"name": name, "labels": draw(labels)}
    if recent and draw(seldom):
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    if draw(seldom):
        metadata["annotations"] = {BETA: draw(st.sampled_from(NAMED_CLASSES))}
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": metadata, "spec": spec}


@st.composite
def claims(draw, name, volumes, modes, *, recent):
    """Most of what it asks for is what one of the volumes is like: else hardly any would be bound."""
    like = draw(st.sampled_from(volumes))

    def same(key, otherwise):
        return draw(otherwise) if draw(seldom) else like["spec"].get(key)

    wanted = same("accessModes", access_modes(modes, most=2))
    spec = {
        "accessModes": wanted[: draw(st.integers(1, 2))],
        "volumeMode": same("volumeMode", volume_modes),
        "resources": {"requests": {"storage": draw(st.sampled_from(["1M", "1M", "1M", *SIZES]))}},
        "storageClassName": same("storageClassName", st.sampled_from([None, *CLASSES])),
    }
    if spec["storageClassName"] is None:
        del spec["storageClassName"]
    if draw(seldom) or draw(seldom):
        spec["selector"] = draw(selectors())
    if draw(seldom):
        spec["volumeName"] = draw(st.sampled_from([like["metadata"]["name"], f"{name}-nowhere"]))
    if recent and (draw(seldom) or "volumeAttributesClassName" in like["spec"]):
        spec["volumeAttributesClassName"] = "gold"
    metadata = {"name": name, "namespace": "default"}
    if draw(seldom):
        metadata["annotations"] = {BETA: draw(st.sampled_from(NAMED_CLASSES))}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec}


@st.composite
def sets(draw, *, prefix="", most=6, recent=True):
    """Volumes, claims, classes. ``recent``: with what can't be created in Kubernetes 1.20."""
    modes = [*MODES, "ReadWriteOncePod"] if recent else MODES
    volume_names = [f"{prefix}pv{number}" for number in range(draw(st.integers(1, most)))]
    claim_names = [f"{prefix}claim{number}" for number in range(draw(st.integers(1, most)))]
    pool = [draw(volumes(name, claim_names, modes, recent=recent)) for name in volume_names]
    asking = [draw(claims(name, pool, modes, recent=recent)) for name in claim_names]
    return pool, asking, draw(classes())


@st.composite
def classes(draw):
    default = draw(st.sampled_from(["", "", "fast", "slow"]))
    return [storage_class(name, default=name == default) for name in ("fast", "slow", "late")]


def storage_class(name, *, default=False):
    annotations = {"storageclass.kubernetes.io/is-default-class": "true"} if default else {}
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": name, "annotations": annotations},
        "provisioner": "kubernetes.io/no-provisioner",
        "volumeBindingMode": "WaitForFirstConsumer" if name == "late" else "Immediate",
    }
