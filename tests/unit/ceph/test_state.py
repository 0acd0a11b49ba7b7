"""What a cluster answers, as real ones do (Ceph 16.2), and what else may come."""

from __future__ import annotations

import pytest

from mountwright.ceph.state import read_state
from mountwright.errors import ProbeError

HEALTH = b'\n@health\n\n{"status":"HEALTH_OK","checks":{},"mutes":[]}'
POOL = (
    b'{"pool_id":4,"pool_name":"images","size":3,"min_size":2,"pg_autoscale_mode":"off","pg_num":8,'
    b'"pg_num_target":16,"application_metadata":{"rbd":{}}}'
)


def test_what_a_real_cluster_answers():
    """Empty lines before the JSON, answers in many lines, and a pool on its way to more placement groups."""
    state = read_state(
        HEALTH
        + b"\n@pools\n\n[" + POOL + b"]"
        + b'\n@users\n\n{"auth_dump":[{"entity":"client.a","key":"","caps":{"mon":"allow r"}},'
        + b'{"entity":"client.b","key":""}]}'
        + b'\n@filesystems\n\n[{"name":"cephfs"}]'
        + b'\n@namespaces images\n[{"name":"team-a"}]\n@namespaces other\nnull\n'
        + b'\n@groups cephfs\n\n[\n    {\n        "name": "csi"\n    }\n]\n'
    )  # fmt: skip
    assert (state.health, state.filesystems) == ("HEALTH_OK", ("cephfs",))
    pool = state.pools["images"]
    assert (pool.pg_num, pool.size, pool.min_size, pool.autoscale, pool.applications) == (16, 3, 2, "off", ("rbd",))
    assert state.users == {"client.a": {"mon": "allow r"}, "client.b": {}}
    assert state.namespaces == {"images": {"team-a"}, "other": frozenset()}
    assert state.groups == {"cephfs": {"csi"}}


def test_errors_come_before_warnings():
    """What ails the cluster most is said first."""
    answer = (
        b'\n@health\n{"status":"HEALTH_ERR","checks":{"A_WARN":{"severity":"HEALTH_WARN","summary":{"message":"w"}},'
        b'"Z_ERR":{"severity":"HEALTH_ERR","summary":{"message":"e"}}}}\n@pools\n[]'
    )
    assert read_state(answer).ailments == ("Z_ERR: e", "A_WARN: w")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        HEALTH,
        HEALTH + b"\n@pools\nno json",
        HEALTH + b'\n@pools\n[{"pool_name":"a"}]',
        HEALTH + b"\n@pools\n{}" + b"\n@users\n[]",
        b"\n@health\n[]\n@pools\n[]",
        HEALTH + b'\n@pools\n["a"]',
    ],
)
def test_an_answer_that_makes_no_sense_is_unknown(answer):
    """It is an error of the probe, never taken for an empty cluster."""
    with pytest.raises(ProbeError):
        read_state(answer)
