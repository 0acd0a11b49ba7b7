"""Ten thousand volumes and ten thousand claims."""

from __future__ import annotations

import pytest

from mountwright.kubernetes.binding.forecast import foretell
from mountwright.kubernetes.binding.objects import Claim, Objects, Operator, Requirement, Volume
from mountwright.report.binding import binding_document

MANY = 10_000
RWO = frozenset({"ReadWriteOnce"})
GI = 1 << 30


def volumes(**more):
    return tuple(
        Volume(
            f"pv{number}", (number % 997 + 1) * GI, f"{number % 997 + 1}Gi", RWO, labels={"id": str(number)}, **more
        )
        for number in range(MANY)
    )


def claims(size, *, selector=None):
    made = []
    for number in range(MANY):
        gibibytes = size(number)
        made.append(
            Claim(
                "default",
                f"data{number}",
                gibibytes * GI,
                f"{gibibytes}Gi",
                RWO,
                storage_class="",
                selector=selector(number) if selector else None,
            )
        )
    return tuple(made)


def by_its_label(number):
    return (Requirement("id", Operator.IN, frozenset({str(number)})),)


def without_a_label(_):
    return (Requirement("id", Operator.DOES_NOT_EXIST),)


@pytest.mark.parametrize(
    ("size", "selector", "bound"),
    [
        (lambda number: number % 997 + 1, None, MANY),
        (lambda number: 5000 if number % 2 else 1, None, MANY // 2),
        (lambda number: 5000 + number, None, 0),
        (lambda _: 1, by_its_label, MANY),
        (lambda _: 1, without_a_label, 0),
    ],
    ids=["all", "half", "none", "each by its label", "none by label"],
)
def test_so_many_are_bound_and_explained(size, selector, bound):
    """Whatever is asked for, as many claims are bound as can be; a search through all pairs would not end today."""
    document = binding_document(foretell(Objects(volumes(), claims(size, selector=selector))))
    assert len(document["claims"]) == MANY
    assert sum(each["volume"] is not None for each in document["claims"]) == bound
