"""The forecast as text and as JSON."""

from __future__ import annotations

import json

from mountwright.kubernetes.binding.explain import BUDGET, FEWEST
from mountwright.report.binding import binding_document, binding_text
from mountwright.report.text import lines
from tests.unit.kubernetes.binding.manifests import claim, storage_class, volume


def test_the_document_is_the_contracts(bind):
    """Claims in the order of the files, each with its volume or null and the reasons volume by volume."""
    done = bind(volume("pv0001"), volume("pv0002", modes="ReadOnlyMany"), claim("b"), claim("a", "2Gi"))
    assert binding_document(done.forecast) == {
        "claims": [
            {"claim": "default/b", "volume": "pv0001", "reasons": {}},
            {
                "claim": "default/a",
                "volume": None,
                "reasons": {
                    "pv0001": "is bound to default/b; capacity 1Gi is smaller than 2Gi",
                    "pv0002": "access modes ROX don't contain RWO; capacity 1Gi is smaller than 2Gi",
                },
            },
        ]
    }


def test_a_provisioner_is_told(bind):
    """A claim that gets a volume made is not one that is stuck."""
    done = bind(storage_class("nfs", "nfs.csi.k8s.io"), claim(storageClassName="nfs"))
    assert binding_document(done.forecast)["claims"] == [
        {"claim": "default/data", "volume": None, "reasons": {}, "provisioner": "nfs.csi.k8s.io"}
    ]


def test_alike_reasons_share_a_line(bind):
    """Many volumes that are too small take one line, the nearest volume comes first."""
    pool = [volume(f"pv{number:03}", f"{number + 1}Mi") for number in range(100)]
    done = bind(
        *pool, volume("other", "9Gi", storageClassName="slow"), claim(size="5Gi"), claim("no", volumeName="x")
    )
    assert lines(binding_text(done.forecast)) == (
        "default/data  pending  (5Gi RWO)\n"
        "    100 volumes (pv[000:099]): smaller than 5Gi\n"
        "    other: storageClassName slow, not (none)\n"
        "default/no    pending  (1Gi RWO)\n"
        "    x: does not exist\n"
        "    101 volumes (pv[000:099], other): is not the volume that the claim names (x)\n"
        "\n"
        "2 claims: 2 pending; 101 of 101 volumes left\n"
    )


def test_what_is_bound_shows_both_sides(bind):
    """Size and modes that the claim got, and that it asked for; and that another volume may be taken."""
    fast = storage_class("fast", default=True)
    done = bind(
        fast,
        volume("a", "2Gi", "ReadWriteOnce,ReadOnlyMany", storageClassName="fast"),
        volume("b", "2Gi", "ReadWriteOnce,ReadOnlyMany", storageClassName="fast"),
        claim(size="1Gi"),
    )
    assert lines(binding_text(done.forecast)) == (
        "default/data  a  (2Gi RWO,ROX for 1Gi RWO, class fast (the default); or b, just as good)\n"
        "\n"
        "1 claim: 1 bound; 1 of 2 volumes left\n"
    )


def test_waiting_and_provisioned_claims(bind):
    """What happens next is said."""
    done = bind(
        storage_class("local", binding="WaitForFirstConsumer"),
        storage_class("late", "x.example.com", binding="WaitForFirstConsumer"),
        storage_class("now", "y.example.com"),
        volume("pv1", storageClassName="local"),
        claim("a", storageClassName="local"),
        claim("b", storageClassName="late", volumeMode="Block"),
        claim("c", storageClassName="now"),
    )
    text = lines(binding_text(done.forecast)).splitlines()
    assert text[:2] == [
        "default/a  waiting for a pod  (1Gi RWO, class local)",
        "    pv1: fits; class local binds it when a pod with this claim is scheduled",
    ]
    assert "default/b  waiting for a pod  (1Gi RWO Block, class late: then a volume that fits, else one by" in text[2]
    assert "default/c  to be provisioned  (1Gi RWO, class now: by y.example.com)" in text
    assert text[-1] == "3 claims: 2 waiting for a pod, 1 to be provisioned; 1 of 1 volumes left"


def test_nothing_at_all(bind):
    """No claims, no volumes: a line says so."""
    assert lines(binding_text(bind("kind: Secret\n").forecast)) == "\n0 claims; 0 of 0 volumes left\n"
    assert "    there is no volume\n" in lines(binding_text(bind(claim()).forecast))


def test_too_many_reasons_are_left_out_and_counted(bind):
    """Each claim hears of the likeliest volumes: of its own class, the largest first."""
    pool = [volume(f"pv{number}", f"{number + 1}Mi", storageClassName="ab"[number % 2]) for number in range(400)]
    asking = [claim(f"data{number}", "5Gi", storageClassName="b") for number in range(400)]
    document = binding_document(bind(*pool, *asking).forecast)
    limit = BUDGET // 400
    assert limit >= FEWEST
    for each in document["claims"]:
        assert list(each["reasons"])[:2] == ["pv399", "pv397"]
        assert (len(each["reasons"]), each["volumes_left_out"]) == (limit, 400 - limit)


def test_hostile_names_do_not_break_the_report(bind):
    """What is printed has no control characters; JSON keeps them as escapes."""
    done = bind(volume("pv\u001b[31m", "1Mi"), claim("da\nta"))
    assert "\u001b" not in lines(binding_text(done.forecast))
    assert lines(binding_text(done.forecast)).splitlines()[0].startswith("default/da\\nta")
    assert json.loads(json.dumps(binding_document(done.forecast)))["claims"][0]["claim"] == "default/da\nta"
