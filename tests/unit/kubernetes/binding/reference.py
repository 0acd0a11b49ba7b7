"""The controller's search, written down as plainly as its source: over raw objects, all volumes for every claim.

It shares nothing with the product. Where the controller walks over a Go map, whose order is chance, all that it may
come to is returned.
"""

from __future__ import annotations

from fractions import Fraction

BETA = "volume.beta.kubernetes.io/storage-class"
UNITS = {"Mi": 2**20, "Gi": 2**30, "M": 10**6, "G": 10**9, "": 1}


def size(text):
    number = text.rstrip("MGi")
    return Fraction(number) * UNITS[text[len(number) :]]


def class_of(item):
    annotations = item["metadata"].get("annotations") or {}
    return annotations.get(BETA, item["spec"].get("storageClassName") or "")


def meets(selector, labels):
    for key, value in (selector.get("matchLabels") or {}).items():
        if labels.get(key) != value:
            return False
    for expression in selector.get("matchExpressions") or []:
        key, values = expression["key"], expression.get("values")
        fine = {
            "In": lambda key=key, values=values: key in labels and labels[key] in values,
            "NotIn": lambda key=key, values=values: key not in labels or labels[key] not in values,
            "Exists": lambda key=key: key in labels,
            "DoesNotExist": lambda key=key: key not in labels,
        }[expression["operator"]]()
        if not fine:
            return False
    return True


def bound_to(volume, claim):
    reference = volume["spec"].get("claimRef")
    if not reference:
        return False
    metadata = claim["metadata"]
    if (reference.get("namespace"), reference["name"]) != (metadata.get("namespace", "default"), metadata["name"]):
        return False
    return not reference.get("uid") or reference["uid"] == metadata.get("uid")


def same_shape(volume, claim):
    """What counts for reserved volumes as well, except the access modes."""
    mine, wanted = volume["spec"], claim["spec"]
    return (
        size(mine["capacity"]["storage"]) >= size(wanted["resources"]["requests"]["storage"])
        and mine.get("volumeMode", "Filesystem") == wanted.get("volumeMode", "Filesystem")
        and mine.get("volumeAttributesClassName", "") == wanted.get("volumeAttributesClassName", "")
        and "deletionTimestamp" not in volume["metadata"]
    )


def with_default_class(claim, classes):
    """The claim as the API server writes it down."""
    defaults = [
        each["metadata"]["name"]
        for each in classes
        if (each["metadata"].get("annotations") or {}).get("storageclass.kubernetes.io/is-default-class") == "true"
    ]
    if "storageClassName" in claim["spec"] or BETA in (claim["metadata"].get("annotations") or {}) or not defaults:
        return claim
    return {**claim, "spec": {**claim["spec"], "storageClassName": min(defaults)}}


def possible(claim, volumes, classes):
    """The names of all volumes that the controller may bind to a new claim; none: it stays pending."""
    claim = with_default_class(claim, classes)
    modes = set(claim["spec"]["accessModes"])
    named = claim["spec"].get("volumeName")
    if named:
        return {
            volume["metadata"]["name"]
            for volume in volumes
            if volume["metadata"]["name"] == named and may_be_named(volume, claim, modes)
        }
    waits = any(
        each["metadata"]["name"] == class_of(claim) and each.get("volumeBindingMode") == "WaitForFirstConsumer"
        for each in classes
    )
    levels = sorted({len(set(volume["spec"]["accessModes"])) for volume in volumes})
    for level in levels:
        found = set()
        groups = {frozenset(volume["spec"]["accessModes"]) for volume in volumes}
        for group in groups:
            if len(group) == level and modes <= group:
                members = [volume for volume in volumes if set(volume["spec"]["accessModes"]) == group]
                found |= of_group(claim, members, waits=waits)
        if found:
            return found
    return set()


def may_be_named(volume, claim, modes):
    if volume["spec"].get("claimRef"):
        return bound_to(volume, claim)
    return (
        same_shape(volume, claim)
        and class_of(volume) == class_of(claim)
        and modes <= set(volume["spec"]["accessModes"])
    )


def of_group(claim, volumes, *, waits):
    reserved, free = set(), []
    for volume in volumes:
        if volume["spec"].get("claimRef") and not bound_to(volume, claim):
            continue
        if not same_shape(volume, claim):
            continue
        if bound_to(volume, claim):
            reserved.add(volume["metadata"]["name"])
        elif (
            not waits
            and meets(claim["spec"].get("selector") or {}, volume["metadata"].get("labels") or {})
            and class_of(volume) == class_of(claim)
        ):
            free.append(volume)
    if reserved:
        return reserved
    smallest = min((size(each["spec"]["capacity"]["storage"]) for each in free), default=None)
    return {each["metadata"]["name"] for each in free if size(each["spec"]["capacity"]["storage"]) == smallest}
