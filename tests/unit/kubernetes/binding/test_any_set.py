"""Any set of volumes and claims: the forecast against the plain reference, and what must hold of every forecast."""

from __future__ import annotations

import copy

from hypothesis import given, settings

from mountwright.kubernetes.binding.explain import Explainer
from mountwright.kubernetes.binding.forecast import State, foretell
from mountwright.kubernetes.binding.pool import EQUALS
from mountwright.kubernetes.binding.reading import read_objects
from mountwright.kubernetes.manifests import Manifest
from mountwright.yaml_lines import Document
from tests.unit.kubernetes.binding.reference import possible
from tests.unit.kubernetes.binding.sets import sets


def forecast_of(volumes, claims, classes):
    every = [*classes, *volumes, *claims]
    return foretell(read_objects(Manifest(each, Document("set", each)) for each in every))


@settings(deadline=None, max_examples=200)
@given(sets())
def test_each_choice_is_one_that_the_controller_may_make(made):
    """Claim after claim the named volume, and those told as equals, are just what a search of everything gives."""
    volumes, claims, classes = copy.deepcopy(made)
    for claim, outcome in zip(claims, forecast_of(*made).outcomes, strict=True):
        expected = possible(claim, volumes, classes)
        told = {outcome.volume, *outcome.equals} - {None}
        assert told == expected if len(expected) <= EQUALS else told <= expected
        for volume in volumes:
            if volume["metadata"]["name"] == outcome.volume:
                volume["spec"]["claimRef"] = {
                    "namespace": "default",
                    "name": claim["metadata"]["name"],
                    "uid": "taken",
                }


@settings(deadline=None, max_examples=200)
@given(sets())
def test_what_holds_of_every_forecast(made):
    """No volume is given twice; who goes without is told of every volume why; the report is one of plain data."""
    forecast = forecast_of(*made)
    bound = [outcome.volume for outcome in forecast.outcomes if outcome.volume]
    assert len(bound) == len(set(bound)) == len(forecast.holders)
    explainer = Explainer(forecast)
    names = {volume["metadata"]["name"] for volume in made[0]}
    for outcome in forecast.outcomes:
        explanation = explainer.explain(outcome)
        assert (outcome.volume is None) is (outcome.state is not State.BOUND)
        if outcome.volume is None:
            assert names <= explanation.reasons.keys()
            assert explanation.left_out == 0
            assert all(explanation.text(volume) for volume in explanation.reasons)
        else:
            assert outcome.volume not in explanation.reasons


@settings(deadline=None, max_examples=50)
@given(sets())
def test_the_order_of_volumes_changes_nothing_but_ties(made):
    """Turned round, the first claim gets the same volume or one that was told as an equal of it."""
    volumes, claims, classes = made
    one = forecast_of(volumes, claims[:1], classes).outcomes[0]
    other = forecast_of(volumes[::-1], claims[:1], classes).outcomes[0]
    assert {one.volume, *one.equals} == {other.volume, *other.equals}
