"""What `k8s.bind` foretells is what the real controller-manager does."""

from __future__ import annotations

import itertools
import json
import time

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from mountwright.kubernetes.binding.forecast import foretell
from mountwright.kubernetes.binding.reading import read_objects
from mountwright.kubernetes.manifests import Manifest
from mountwright.yaml_lines import Document
from tests.lab.kubernetes.cluster import wait_until
from tests.lab.kubernetes.rest import rest
from tests.unit.kubernetes.binding.sets import sets, storage_class

pytestmark = pytest.mark.lab

SETS = 200
DEFAULT = "storageclass.kubernetes.io/is-default-class"


@pytest.fixture
def server(api):
    with rest(api) as found:
        yield found


class Arena:
    """Random sets on a real API server, one after the other."""

    def __init__(self, server):
        self.server = server
        self.numbers = itertools.count()
        self.disagreements = []
        self.compared = {"claims": 0, "bound": 0, "whole sets": 0}
        self.default = ""
        for name in ("fast", "slow", "late", "sentinel"):
            server.create(storage_class(name))
        self._await_class_that_waits()

    def _await_class_that_waits(self):
        """Until the controller knows the classes: it says of a claim of class late that it waits for a pod."""
        self.server.create(plain_claim("probe", "late"))
        assert wait_until(
            lambda: any(each["reason"] == "WaitForFirstConsumer" for each in self.server.all("Event")), 90
        )
        self._sweep()

    def play(self, volumes, claims, classes):
        """Let the controller bind one set, and compare each of its choices with what is foretold of that moment."""
        prefix = f"s{next(self.numbers)}-"
        volumes, claims = json.loads(json.dumps([volumes, claims]).replace("set-", prefix))
        self._set_default(classes)
        for volume in volumes:
            self.server.create(volume)
        assert wait_until(lambda: all(each["status"]["phase"] == "Available" for each in self._volumes(prefix)), 90)
        whole = foretold([*classes, *volumes, *claims])
        for claim in claims:
            self._play_claim(prefix, claim)
        self._await_sentinel(prefix)
        real = {each["metadata"]["name"]: volume_of(each) for each in self._claims(prefix)}
        # Now all is settled, the state of the cluster and what is foretold of it must be one and the same.
        after = foretold([*self.server.all("StorageClass"), *self._volumes(prefix), *self._claims(prefix)])
        self._compare(prefix, {name: outcome.volume for name, outcome in after.items()}, real, "of the settled state")
        if not any(outcome.equals for outcome in whole.values()):
            self.compared["whole sets"] += 1
            self._compare(prefix, {name: each.volume for name, each in whole.items()}, real, "of the whole set")
        self._sweep()

    def _play_claim(self, prefix, claim):
        name = claim["metadata"]["name"]
        there = [*self.server.all("StorageClass"), *self._volumes(prefix), *self._claims(prefix)]
        outcome = foretold([*there, claim])[name]
        self.server.create(claim)
        # That a claim stays pending nothing tells at once; who binds after all is found out when all is settled.
        if outcome.volume:
            bound = wait_until(lambda: self._settled(name), 60)
            chosen = volume_of(self.server.one("PersistentVolumeClaim", name)) if bound else None
            if chosen not in {outcome.volume, *outcome.equals}:
                self.disagreements.append((prefix, name, f"foretold {outcome.volume}, got {chosen}"))
            self.compared["bound"] += 1
        self.compared["claims"] += 1

    def _settled(self, name):
        """Both sides of the binding are there: only then does the controller see the next claim as we do."""
        claim = self.server.one("PersistentVolumeClaim", name)
        if claim["status"].get("phase") != "Bound":
            return False
        return self.server.one("PersistentVolume", volume_of(claim))["status"].get("phase") == "Bound"

    def _await_sentinel(self, prefix):
        """Until the controller, which looks at one claim after the other, has looked at all of the set."""
        name = f"{prefix}sentinel"
        volume = {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": name},
            "spec": {
                "capacity": {"storage": "1Mi"},
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": "sentinel",
                "hostPath": {"path": "/nonexistent"},
            },
        }
        self.server.create(volume)
        assert wait_until(lambda: self.server.one("PersistentVolume", name).get("status", {}).get("phase"), 90)
        self.server.create(plain_claim(name, "sentinel"))
        assert wait_until(
            lambda: self.server.one("PersistentVolumeClaim", name)["status"].get("phase") == "Bound", 90
        )

    def _compare(self, prefix, expected, real, what):
        if expected != real:
            self.disagreements.append((prefix, what, f"foretold {expected}, got {real}"))

    def _set_default(self, classes):
        wanted = next((each["metadata"]["name"] for each in classes if each["metadata"]["annotations"]), "")
        if wanted == self.default:
            return
        for name in ("fast", "slow"):
            change = {"metadata": {"annotations": {DEFAULT: "true" if name == wanted else None}}}
            self.server.merge("StorageClass", name, change)
        # The admission plugin hears of it a little later: it is asked until it has.
        assert wait_until(lambda: self._default_given() == wanted, 90)
        self.default = wanted

    def _default_given(self):
        claim = plain_claim("asks", None)
        return self.server.create(claim, dry_run=True)["spec"].get("storageClassName", "")

    def _volumes(self, prefix):
        return [each for each in self.server.all("PersistentVolume") if is_of(prefix, each)]

    def _claims(self, prefix):
        return [each for each in self.server.all("PersistentVolumeClaim") if is_of(prefix, each)]

    def _sweep(self):
        for kind in ("PersistentVolumeClaim", "PersistentVolume", "Event"):
            self.server.delete_all(kind)


def is_of(prefix, item):
    name = item["metadata"]["name"]
    return name.startswith(prefix) and not name.endswith("sentinel")


def plain_claim(name, storage_class):
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}
    if storage_class is not None:
        spec["storageClassName"] = storage_class
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": spec}


def volume_of(claim):
    """The volume of a claim that is bound, None of one that is not (it may name one all the same)."""
    return claim["spec"].get("volumeName") if claim["status"].get("phase") == "Bound" else None


def foretold(items):
    """What is foretold of objects, by the names of the claims."""
    forecast = foretell(read_objects(Manifest(each, Document("the set", each)) for each in items))
    return {outcome.claim.name: outcome for outcome in forecast.outcomes}


def test_two_hundred_random_sets(server):
    """The real controller binds each claim of each set to the volume foretold, or to one told as its equal."""
    arena = Arena(server)

    @settings(
        max_examples=SETS,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(sets(prefix="set-", most=5, recent=False))
    def play(made):
        arena.play(*made)

    begun = time.monotonic()
    play()
    print(f"{arena.compared} in {time.monotonic() - begun:.0f} s")
    assert arena.disagreements == []
    assert next(arena.numbers) >= SETS
    assert arena.compared["bound"] > SETS / 2
    assert arena.compared["whole sets"] > SETS / 4
