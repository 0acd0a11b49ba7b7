"""Every leaf of storage.yml with values that mean harm: refused in plain words, or known for where they arrive."""

from __future__ import annotations

import pytest

from mountwright.errors import InputError
from mountwright.spec import StorageSpec
from tests.hostile.declaration import documents, places
from tests.hostile.storage import LEAVES, REACHES_HOSTS, load, on_hosts, trials

DOCUMENTS = documents()


def test_the_declaration_says_every_leaf():
    """A new key has to be added to tests/hostile/everything.yml: without, nobody would try it with hostile values."""
    assert set(LEAVES) == {leaf for document in DOCUMENTS for leaf, _ in places(StorageSpec, document)}


@pytest.mark.parametrize("document", DOCUMENTS, ids=range(len(DOCUMENTS)))
def test_the_declaration_is_valid(document, tmp_path):
    """What hostile values are planted into is legal itself, or everything would be refused for another reason."""
    load(document, tmp_path)


@pytest.mark.parametrize("leaf", sorted(LEAVES))
def test_hostile_values(leaf, tmp_path):
    """A value is refused in one printable line with a place, or it is taken.

    Then no script that runs on a host depends on it, unless the leaf is listed as one that reaches hosts: those are
    run for real in tests/lab/test_hostile_values.py.
    """
    reached = False
    for known, value, outcome in trials(leaf, tmp_path):
        if isinstance(outcome, InputError):
            assert all(problem.line >= 1 for problem in outcome.problems), value
            assert str(outcome.problems[0]).isprintable(), value
        else:
            reached |= not on_hosts(outcome) <= known
    assert reached == (leaf in REACHES_HOSTS)
