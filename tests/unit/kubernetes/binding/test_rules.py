"""Each rule of static binding, and the words in which a claim is told that it was not met."""

from __future__ import annotations

import json

import pytest

from tests.unit.kubernetes.binding.manifests import claim, claim_spec, storage_class, volume

RWO, ROX, RWX, RWOP = "ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"


def test_a_volume_that_meets_all_is_bound(bind):
    """The plainest case: one volume, one claim."""
    done = bind(volume("pv1"), claim())
    assert (done.volume(), done.state(), done.reasons()) == ("pv1", "bound", {})


@pytest.mark.parametrize(
    ("unfit", "wanted", "reason"),
    [
        (volume("pv1", modes=ROX), claim(), "access modes ROX don't contain RWO"),
        (volume("pv1", modes=f"{ROX},{RWO}"), claim(modes=f"{RWO},{RWX}"), "access modes RWO,ROX don't contain RWX"),
        (volume("pv1", modes=RWO), claim(modes=RWOP), "access modes RWO don't contain RWOP"),
        (volume("pv1", modes=RWOP), claim(modes=RWO), "access modes RWOP don't contain RWO"),
        (volume("pv1", "1Gi"), claim(size="1025Mi"), "capacity 1Gi is smaller than 1025Mi"),
        (volume("pv1", "1G"), claim(size="1Gi"), "capacity 1G is smaller than 1Gi"),
        (volume("pv1", volumeMode="Block"), claim(), "volumeMode Block, not Filesystem"),
        (volume("pv1"), claim(volumeMode="Block"), "volumeMode Filesystem, not Block"),
        (volume("pv1", storageClassName="nfs"), claim(), "storageClassName nfs, not (none)"),
        (volume("pv1"), claim(storageClassName="nfs"), "storageClassName (none), not nfs"),
        (volume("pv1", storageClassName="a"), claim(storageClassName="b"), "storageClassName a, not b"),
        (
            volume("pv1", volumeAttributesClassName="gold"),
            claim(),
            "volumeAttributesClassName gold, not (none)",
        ),
        (
            volume("pv1", meta={"labels": {"tier": "iron"}}),
            claim(selector={"matchLabels": {"tier": "gold"}}),
            "labels don't match the selector: tier=gold",
        ),
        (
            volume("pv1", meta={"deletionTimestamp": "2026-01-01T00:00:00Z"}),
            claim(),
            "is being deleted",
        ),
        (
            volume("pv1", claimRef={"namespace": "default", "name": "other"}),
            claim(),
            "is reserved for default/other",
        ),
        (
            volume("pv1", claimRef={"namespace": "other", "name": "data"}),
            claim(),
            "is reserved for other/data",
        ),
        (
            volume("pv1", claimRef={"name": "data"}),
            claim(),
            "is reserved for no claim at all: its claimRef has no namespace",
        ),
        (
            volume("pv1", claimRef={"namespace": "default", "name": "data", "uid": "old"}),
            claim(),
            "is Released: its claim default/data is gone, and claimRef still has the uid of it",
        ),
    ],
)
def test_what_keeps_a_volume_from_a_claim_is_said(bind, unfit, wanted, reason):
    """The claim stays pending, and the reason names what the volume has and what the claim wants."""
    done = bind(unfit, wanted)
    assert (done.volume(), done.state()) == (None, "pending")
    assert done.reasons() == {"pv1": reason}


def test_all_reasons_of_a_volume_are_said(bind):
    """Mending one fault after the other would take as many runs."""
    done = bind(volume("pv1", "1Gi", ROX, storageClassName="a"), claim(size="5Gi", storageClassName="b"))
    assert done.reasons() == {
        "pv1": "access modes ROX don't contain RWO; capacity 1Gi is smaller than 5Gi; storageClassName a, not b"
    }


def test_the_smallest_that_is_large_enough_is_taken(bind):
    """Whatever the order of the files."""
    assert bind(volume("a", "10Gi"), volume("b", "1Gi"), volume("c", "5Gi"), claim(size="2Gi")).volume() == "c"


def test_of_equal_sizes_the_first_is_named_and_the_others_told(bind):
    """The controller takes any of them; who reads the forecast must know."""
    done = bind(volume("b", "5Gi"), volume("a", "5Gi"), volume("c", "6Gi"), claim())
    assert done.volume() == "b"
    assert done.reasons() == {"a": "as good as b: the controller takes either"}


def test_the_fewest_access_modes_go_before_the_smallest_size(bind):
    """The controller's index is searched by the number of modes first."""
    assert bind(volume("small", "1Gi", f"{RWO},{RWX}"), volume("large", "9Gi"), claim()).volume() == "large"


def test_groups_of_equally_many_modes_are_equals(bind):
    """RWO,ROX and RWO,RWX come in no order: the larger volume may be the one that is taken."""
    done = bind(volume("a", "9Gi", f"{RWO},{ROX}"), volume("b", "2Gi", f"{RWO},{RWX}"), claim())
    assert (done.volume(), done.outcomes["data"].equals) == ("b", ("a",))


def test_each_volume_is_given_once(bind):
    """The second claim takes what is left, the third nothing."""
    done = bind(volume("a", "1Gi"), volume("b", "2Gi"), claim("one"), claim("two"), claim("three"))
    assert [done.volume(name) for name in ("one", "two", "three")] == ["a", "b", None]
    assert done.reasons("three") == {"a": "is bound to default/one", "b": "is bound to default/two"}


def test_claims_are_served_in_their_order(bind):
    """Who comes first takes the smallest, though it leaves nothing for who needs it."""
    done = bind(volume("a", "1Gi"), volume("b", "5Gi"), claim("large", "2Gi"), claim("huge", "5Gi"))
    assert (done.volume("large"), done.volume("huge")) == ("b", None)


@pytest.mark.parametrize(
    ("selector", "bound"),
    [
        ({}, "gold"),
        ({"matchLabels": {"tier": "iron"}}, "iron"),
        ({"matchLabels": {"tier": "iron", "site": "b"}}, None),
        ({"matchExpressions": [{"key": "tier", "operator": "In", "values": ["iron", "tin"]}]}, "iron"),
        ({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["gold"]}]}, "iron"),
        ({"matchExpressions": [{"key": "site", "operator": "NotIn", "values": ["a"]}]}, "iron"),
        ({"matchExpressions": [{"key": "site", "operator": "Exists"}]}, "gold"),
        ({"matchExpressions": [{"key": "site", "operator": "DoesNotExist"}]}, "iron"),
        (
            {"matchLabels": {"tier": "iron"}, "matchExpressions": [{"key": "site", "operator": "DoesNotExist"}]},
            "iron",
        ),
    ],
)
def test_selectors(bind, selector, bound):
    """All requirements must be met; NotIn also where the label is missing; an empty selector by all."""
    gold = volume("gold", "1Gi", meta={"labels": {"tier": "gold", "site": "a"}})
    iron = volume("iron", "2Gi", meta={"labels": {"tier": "iron"}})
    assert bind(gold, iron, claim(selector=selector)).volume() == bound


def test_a_selector_is_told_as_kubectl_takes_it(bind):
    """What is not met can be pasted into kubectl get pv -l."""
    expressions = [
        {"key": "a", "operator": "In", "values": ["2", "1"]},
        {"key": "b", "operator": "Exists"},
        {"key": "c", "operator": "DoesNotExist"},
        {"key": "d", "operator": "NotIn", "values": ["x"]},
    ]
    labels = {"c": "1", "d": "x"}
    done = bind(volume("pv1", meta={"labels": labels}), claim(selector={"matchExpressions": expressions}))
    assert done.reasons() == {"pv1": "labels don't match the selector: a in (1,2), b, !c, d notin (x)"}


def test_a_reservation_wins_in_its_group(bind):
    """A volume whose claimRef names the claim is taken though a smaller one fits; class and labels don't matter."""
    reserved = volume("mine", "9Gi", storageClassName="x", claimRef={"namespace": "default", "name": "data"})
    done = bind(volume("small"), reserved, claim(selector={"matchLabels": {"a": "b"}}))
    assert done.volume() == "mine"


def test_a_reservation_does_not_win_over_fewer_modes(bind):
    """The search ends at the first group of modes that has a volume: before the reserved one is even seen."""
    reserved = volume("mine", "1Gi", f"{RWO},{RWX}", claimRef={"namespace": "default", "name": "data"})
    assert bind(reserved, volume("other", "9Gi"), claim()).volume() == "other"


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ({"size": "1Gi"}, "capacity 1Gi is smaller than 2Gi"),
        ({"size": "2Gi", "volumeMode": "Block"}, "volumeMode Block, not Filesystem"),
        ({"size": "2Gi", "modes": ROX}, "access modes ROX don't contain RWO"),
        ({"size": "2Gi", "volumeAttributesClassName": "x"}, "volumeAttributesClassName x, not (none)"),
    ],
)
def test_a_reservation_must_fit_all_the_same(bind, spec, reason):
    """Size, volumeMode, access modes and attributes class count; the claim goes without it."""
    reserved = volume("mine", claimRef={"namespace": "default", "name": "data"}, **spec)
    done = bind(reserved, claim(size="2Gi"))
    assert done.reasons() == {"mine": reason}


def test_volume_name_takes_that_one_only(bind):
    """Neither a smaller one nor the selector counts, and the binding mode of the class doesn't either."""
    done = bind(
        storage_class("slow", binding="WaitForFirstConsumer"),
        volume("small", storageClassName="slow"),
        volume("large", "9Gi", storageClassName="slow"),
        claim(volumeName="large", storageClassName="slow", selector={"matchLabels": {"a": "b"}}),
    )
    assert done.volume() == "large"


def test_volume_name_of_a_volume_that_does_not_fit(bind):
    """The claim stays pending though others would fit, and is told about the one that it names."""
    done = bind(volume("small"), volume("large", "9Gi"), claim(size="2Gi", volumeName="small"))
    assert done.reasons() == {
        "small": "capacity 1Gi is smaller than 2Gi",
        "large": "is not the volume that the claim names (small)",
    }


def test_volume_name_of_a_volume_that_does_not_exist(bind):
    """A typing error is found out by the reason."""
    done = bind(volume("pv1"), claim(volumeName="pv2"))
    assert done.reasons() == {"pv2": "does not exist", "pv1": "is not the volume that the claim names (pv2)"}


def test_volume_name_and_reservation_together_ask_for_nothing_more(bind):
    """Two that name each other are bound as they are, though the volume is too small."""
    reserved = volume("pv1", modes=ROX, claimRef={"namespace": "default", "name": "data"})
    assert bind(reserved, claim(size="9Gi", volumeName="pv1")).volume() == "pv1"


def test_volume_name_of_a_volume_that_is_someone_elses(bind):
    """Reserved or bound: the claim that names it goes without."""
    done = bind(
        volume("pv1", claimRef={"namespace": "default", "name": "other"}),
        volume("pv2"),
        claim("first"),
        claim("data", volumeName="pv1"),
        claim("late", volumeName="pv2"),
    )
    assert done.reasons()["pv1"] == "is reserved for default/other"
    assert done.reasons("late")["pv2"] == "is bound to default/first"


def test_the_beta_annotation_goes_before_the_field(bind):
    """On both sides, and the empty text in it means no class."""
    beta = "volume.beta.kubernetes.io/storage-class"
    old = volume("old", storageClassName="new", meta={"annotations": {beta: "fast"}})
    assert bind(old, claim(storageClassName="fast")).volume() == "old"
    assert bind(old, claim(storageClassName="new", meta={"annotations": {beta: "fast"}})).volume() == "old"
    assert bind(volume("none"), claim(storageClassName="new", meta={"annotations": {beta: ""}})).volume() == "none"


def test_the_default_class_steals_a_claim_that_says_nothing(bind):
    """A claim without a class gets the default one, and then no volume without a class; "" asks for none."""
    fast = storage_class("fast", "csi.example.com", default=True)
    done = bind(fast, volume("pv1"), claim("says-nothing"), claim("says-none", storageClassName=""))
    assert (done.volume("says-nothing"), done.volume("says-none")) == (None, "pv1")
    outcome = done.outcomes["says-nothing"]
    assert (outcome.storage_class, outcome.defaulted, outcome.provisioner) == ("fast", True, "csi.example.com")


def test_of_several_default_classes_the_newest_counts(bind):
    """And of equally old ones the first by name."""
    old = storage_class("a", default=True, creationTimestamp="2024-01-01T00:00:00Z")
    new = [storage_class(name, default=True, creationTimestamp="2025-01-01T00:00:00Z") for name in ("c", "b")]
    assert bind(old, *new, claim()).outcomes["data"].storage_class == "b"


def test_a_claim_from_before_the_default_class(bind):
    """It takes a volume without a class where one fits, and gets the default class only when none does."""
    fast = storage_class("fast", default=True)
    there = claim(meta={"uid": "1"})
    plain, classed = volume("plain", "5Gi"), volume("classed", storageClassName="fast")
    assert bind(fast, plain, classed, there).volume() == "plain"
    assert bind(fast, classed, there).volume() == "classed"


def test_a_class_that_waits_binds_nothing_before_a_pod_comes(bind):
    """The volumes that would do are told from those that would not."""
    affinity = {"required": {"nodeSelectorTerms": []}}
    done = bind(
        storage_class("local", binding="WaitForFirstConsumer"),
        volume("fits", storageClassName="local"),
        volume("here", storageClassName="local", nodeAffinity=affinity),
        volume("other"),
        claim(storageClassName="local"),
    )
    assert (done.volume(), done.state()) == (None, "waiting")
    fits = "fits; class local binds it when a pod with this claim is scheduled"
    assert done.reasons() == {
        "fits": fits,
        "here": f"{fits} on a node that its nodeAffinity allows",
        "other": "storageClassName (none), not local",
    }


def test_a_class_that_waits_binds_a_reservation_at_once(bind):
    """For a volume that names the claim no pod is waited for."""
    done = bind(
        storage_class("local", binding="WaitForFirstConsumer"),
        volume("free", storageClassName="local"),
        volume("mine", "9Gi", storageClassName="local", claimRef={"namespace": "default", "name": "data"}),
        claim(storageClassName="local"),
    )
    assert done.volume() == "mine"


def test_a_class_with_a_provisioner_makes_what_is_not_there(bind):
    """A volume that fits goes first; else the provisioner is named."""
    nfs = storage_class("nfs-csi", "nfs.csi.k8s.io")
    assert bind(nfs, volume("pv1", storageClassName="nfs-csi"), claim(storageClassName="nfs-csi")).volume() == "pv1"
    done = bind(nfs, volume("pv1"), claim(storageClassName="nfs-csi"))
    assert (done.state(), done.outcomes["data"].provisioner) == ("provisioned", "nfs.csi.k8s.io")
    assert done.reasons() == {"pv1": "storageClassName (none), not nfs-csi"}


def test_a_class_that_nobody_defines_provisions_nothing(bind):
    """Its name is compared all the same."""
    assert bind(volume("pv1", storageClassName="x"), claim(storageClassName="x")).volume() == "pv1"
    assert bind(claim(storageClassName="x")).state() == "pending"


def test_a_bound_claim_keeps_its_volume(bind):
    """What the cluster has bound stays so, wherever the claim stands in the list."""
    completed = {"pv.kubernetes.io/bind-completed": "yes"}
    bound = volume("pv1", claimRef={"namespace": "default", "name": "old", "uid": "7"})
    done = bind(bound, claim("new"), claim("old", volumeName="pv1", meta={"uid": "7", "annotations": completed}))
    assert (done.volume("old"), done.volume("new")) == ("pv1", None)
    assert done.reasons("new") == {"pv1": "is bound to default/old"}


def test_a_bound_claim_comes_before_those_that_search(bind):
    """Its volume has lost its claimRef, which the controller puts right; nobody gets it meanwhile."""
    completed = {"pv.kubernetes.io/bind-completed": "yes"}
    old = claim("old", volumeName="pv1", meta={"uid": "7", "annotations": completed})
    done = bind(volume("pv1"), claim("new"), old)
    assert (done.volume("old"), done.volume("new")) == ("pv1", None)


def test_volume_name_of_a_volume_that_is_being_deleted(bind):
    """It is not bound any more, unless it is reserved for the claim already."""
    going = {"deletionTimestamp": "2026-01-01T00:00:00Z"}
    assert bind(volume("pv1", meta=going), claim(volumeName="pv1")).reasons() == {"pv1": "is being deleted"}
    mine = volume("pv1", meta=going, claimRef={"namespace": "default", "name": "data"})
    assert bind(mine, claim(volumeName="pv1")).volume() == "pv1"


@pytest.mark.parametrize(
    ("volumes", "reason"),
    [
        ([], {"pv1": "does not exist any more"}),
        ([volume("pv1", claimRef={"namespace": "default", "name": "data"})], "has a claimRef without the uid"),
        ([volume("pv1", claimRef={"namespace": "default", "name": "data", "uid": "2"})], "is Released"),
    ],
)
def test_a_claim_whose_volume_is_gone_is_lost(bind, volumes, reason):
    """A claim that was bound before never looks for another volume."""
    completed = {"pv.kubernetes.io/bind-completed": "yes"}
    done = bind(*volumes, volume("pv2"), claim(volumeName="pv1", meta={"uid": "1", "annotations": completed}))
    assert done.state() == "lost"
    assert done.reasons() == reason if isinstance(reason, dict) else reason in done.reasons()["pv1"]


def test_claims_of_a_stateful_set(bind):
    """Pod after pod, each template in its order, in the set's namespace, under the names that the pods look for."""
    template = [
        {"metadata": {"name": name}, "spec": claim_spec(size)} for name, size in (("www", "1Gi"), ("log", "2Gi"))
    ]
    web = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"replicas": 2, "ordinals": {"start": 3}, "volumeClaimTemplates": template},
    }
    pool = [volume(f"pv{number}", f"{number}Gi") for number in range(1, 4)]
    done = bind(*pool, json.dumps(web), claim("last"))
    assert {name: outcome.volume for name, outcome in done.outcomes.items()} == {
        "shop/www-web-3": "pv1",
        "shop/log-web-3": "pv2",
        "shop/www-web-4": "pv3",
        "shop/log-web-4": None,
        "last": None,
    }


def test_a_stateful_set_takes_the_claim_that_is_there(bind):
    """A claim of the name that a pod would look for stands once, as it is written."""
    web = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "web"},
        "spec": {"volumeClaimTemplates": [{"metadata": {"name": "www"}, "spec": claim_spec("1Gi")}]},
    }
    mine = claim("www-web-0", "2Gi")
    for order in ([json.dumps(web), mine], [mine, json.dumps(web)]):
        done = bind(volume("pv1"), volume("pv2", "2Gi"), *order)
        assert {name: outcome.volume for name, outcome in done.outcomes.items()} == {"www-web-0": "pv2"}
