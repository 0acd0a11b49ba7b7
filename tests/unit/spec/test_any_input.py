"""Whatever a storage.yml holds: it is read, or refused with messages, and never anything else."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mountwright.errors import InputError
from mountwright.inventory import load_inventory
from mountwright.spec import StorageSpec, load_storage

KEYS = sorted(
    {key for model in StorageSpec.json_schema()["$defs"].values() for key in model.get("properties", {})}
    | {"kubernetes", "nfs", "ceph", "local", "x-a", "", "yes", "*", "10.0.0.0/24", "$(id)", "a\nb"}
)
SCALARS = st.sampled_from(
    [
        None,
        True,
        0,
        -1,
        1.3,
        2**70,
        "",
        "nfs1",
        "kube_node",
        "1.33",
        "/srv/a",
        "srv",
        "rw",
        "0777",
        "10Gi",
        "a\0b",
        "'",
        "*",
    ]
)
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)
)
ITEM = st.dictionaries(
    st.sampled_from(["path", "clients", "export", "name", "capacity", "access_modes", "servers", "server", "owner"]),
    st.one_of(ANYTHING, st.just({"*": ["rw"]}), st.just(["ReadWriteMany"])),
)
SHAPED = st.fixed_dictionaries(
    {"nfs": st.fixed_dictionaries(
        {"servers": st.one_of(st.just("nfs1"), SCALARS), "clients": st.one_of(st.just("nfs1"), SCALARS)},
        optional={name: st.lists(ITEM, max_size=3) for name in ("exports", "volumes", "classes")},
    )},
    optional={"kubernetes": ANYTHING, "ceph": ANYTHING, "junk": ANYTHING},
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("inventory")
    (path / "hosts.yml").write_text("all: {hosts: {nfs1: {}}, children: {kube_node: {hosts: {node1: {}}}}}")
    return path


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.one_of(ANYTHING, SHAPED))
def test_any_file_is_read_or_refused_in_one_line_messages(folder, data):
    """There is no traceback, each message is one line with a place, and no message is pydantic's own."""
    inventory = load_inventory(folder)
    (folder / "storage.yml").write_text(json.dumps(data))
    problems = []
    try:
        load_storage(folder / "storage.yml", inventory)
    except InputError as error:
        problems = error.problems
    for problem in problems:
        assert "\n" not in str(problem)
        assert problem.line >= 1
        assert "Input should" not in problem.message
