"""A good storage.yml, and what is derived from it."""

import json
from pathlib import Path

import jsonschema
import pytest

from mountwright import yaml_lines
from mountwright.inventory import load_inventory
from mountwright.nfs.grammar import Entry, format_entry, parse_exports
from mountwright.paths import bundled
from mountwright.spec import StorageSpec, load_storage
from mountwright.spec.reference import reference

HOSTS = """
all:
  children:
    nfs_servers:
      hosts:
        nfs1: {ansible_host: 10.0.0.10}
        nfs2: {ansible_host: 203.0.113.2, ip: 10.0.0.11}
        nfs3: {ansible_host: 203.0.113.3, ip: 10.0.0.99, access_ip: "10.0.0.{{ 6 * 2 }}"}
        nfs4: {ansible_host: 127.0.0.1}
    kube_node:
      hosts:
        node[1:3]:
"""
ROLES = "nfs:\n  servers: nfs_servers\n  clients: kube_node\n"


@pytest.fixture
def load(tmp_path):
    (tmp_path / "hosts.yml").write_text(HOSTS)

    def load(text):
        path = tmp_path / "storage.yml"
        path.write_text(text, "utf-8")
        return load_storage(path, load_inventory(tmp_path))

    return load


def test_a_section_that_is_absent_is_none(load):
    """Nothing is made up for what was not declared."""
    spec = load("ceph: {clients: kube_node}\n")
    assert (spec.kubernetes, spec.nfs, spec.local) == (None, None, None)
    assert spec.ceph.client_hosts == ("node1", "node2", "node3")


def test_the_defaults_are_those_of_the_reference(load):
    """A short declaration comes to the documented defaults."""
    nfs = load(ROLES + "  exports:\n    - {path: /srv/a, clients: {'*': [ro]}}\n").nfs
    assert (nfs.protocol, nfs.v3, nfs.exports_file, nfs.threads) == ("v3+v4", True, "/etc/exports", None)
    assert nfs.ports.model_dump() == {
        "mountd": 20048,
        "statd": 32765,
        "statd_outgoing": 32766,
        "lockd_tcp": 32768,
        "lockd_udp": 32768,
    }
    (export,) = nfs.exports
    assert (export.owner, export.group, export.mode) == ("nobody", None, "0755")


def test_the_address_of_a_server_is_the_one_that_its_peers_use(load):
    """What storage.yml says wins, then access_ip, ip and ansible_host; Jinja is rendered."""
    nfs = load(ROLES + "  addresses: {nfs4: nfs4.example.com}\n").nfs
    assert nfs.server_hosts == ("nfs1", "nfs2", "nfs3", "nfs4")
    addresses = [nfs.server_address(host) for host in nfs.server_hosts]
    assert addresses == ["10.0.0.10", "10.0.0.11", "10.0.0.12", "nfs4.example.com"]
    with pytest.raises(KeyError):
        nfs.server_address("node1")


def test_an_export_is_on_every_server_unless_it_names_some(load):
    """``servers`` of an export chooses among the servers; each server exports what is its own, in order."""
    nfs = load(
        ROLES + "  exports:\n"
        "    - {path: /srv/all, clients: {'*': [ro]}}\n"
        "    - {path: /srv/two, servers: 'nfs_servers:!nfs1', clients: {'*': [ro]}}\n"
        "    - {path: /srv/one, servers: nfs1, clients: {'*': [ro]}}\n"
        "    - {path: /srv/one, servers: nfs2, clients: {'*': [rw]}}\n"
    ).nfs
    assert [export.path for export in nfs.exports_for("nfs1")] == ["/srv/all", "/srv/one"]
    assert [export.path for export in nfs.exports_for("nfs2")] == ["/srv/all", "/srv/two", "/srv/one"]
    assert nfs.exports_for("nfs2")[2].entries == (Entry("/srv/one", "*", ("rw",)),)
    assert nfs.exports_for("node1") == ()


def test_a_volume_is_on_the_one_server_that_has_its_export(load):
    """The server may be left out where only one has the export, and is the one named otherwise."""
    volume = "capacity: 1Gi, access_modes: [ReadOnlyMany]"
    nfs = load(
        ROLES + "  exports:\n"
        "    - {path: /srv/all, clients: {'*': [ro]}}\n"
        "    - {path: /srv/one, servers: nfs3, clients: {'*': [ro]}}\n"
        f"  volumes:\n    - {{name: a, export: /srv/one, {volume}}}\n"
        f"    - {{name: b, export: /srv/all, subdir: x/y, server: nfs2, {volume}}}\n"
        "  classes:\n    - {name: c, provisioner: nfs.csi.k8s.io, export: /srv/all, server: nfs1}\n"
    ).nfs
    assert [nfs.server_of(item) for item in (*nfs.volumes, *nfs.classes)] == ["nfs3", "nfs2", "nfs1"]
    assert [volume.path for volume in nfs.volumes] == ["/srv/one", "/srv/all/x/y"]


@pytest.mark.parametrize(
    ("fields", "options"),
    [
        ("", "rw"),
        ("squash: root", "rw,root_squash"),
        ("squash: none", "rw,no_root_squash"),
        ("squash: all", "rw,all_squash"),
        ("squash: all, owner: 1000, group: 2000", "rw,all_squash,anonuid=1000,anongid=2000"),
    ],
)
def test_a_squash_preset_becomes_options(load, fields, options):
    """The preset is spelt out for every client that says nothing of it."""
    clients = "clients: {10.0.0.0/8: [rw], 10.0.0.1: [rw, no_root_squash]}"
    nfs = load(ROLES + f"  exports:\n    - {{path: /srv/a, {clients}, {fields}}}\n").nfs
    assert nfs.exports[0].entries == (
        Entry("/srv/a", "10.0.0.0/8", tuple(options.split(","))),
        Entry("/srv/a", "10.0.0.1", ("rw", "no_root_squash")),
    )


def test_exports_may_be_nested(load):
    """A directory below an exported one may be exported as well, also to the same client."""
    nfs = load(
        ROLES + "  exports:\n    - {path: /srv, clients: {'*': [ro]}}\n    - {path: /srv/a, clients: {'*': [ro]}}\n"
    ).nfs
    assert [export.path for export in nfs.exports_for("nfs1")] == ["/srv", "/srv/a"]


def test_anchors_and_merge_keys_work(load):
    """YAML's own means against repetition work, with x- keys as their place."""
    nfs = load(
        "x-usual: &usual {owner: 1000, group: 1000, mode: '0770', clients: {10.0.0.0/8: &rw [rw, sync]}}\n"
        + ROLES
        + "  exports:\n"
        "    - {<<: *usual, path: /srv/a}\n"
        "    - {<<: *usual, path: /srv/b, mode: '0700'}\n"
        "    - {path: /srv/c, clients: {'*': *rw}}\n"
    ).nfs
    assert [(export.owner, export.mode) for export in nfs.exports] == [
        ("1000", "0770"),
        ("1000", "0700"),
        ("nobody", "0755"),
    ]
    assert nfs.exports[2].clients == {"*": ("rw", "sync")}


@pytest.mark.parametrize(
    "path",
    [
        "/srv/$(touch /tmp/x)",
        "/srv/`id`",
        "/srv/it's",
        '/srv/a "b"',
        "/srv/a\\b",
        "/srv/#1",
        "/srv/-rf",
        "/-n",
        "/srv/*",
        "/srv/a;b|c&d>e",
        "/srv/Büro/日本",
        "/srv/ a ",
        "/srv/%s{{x}}",
    ],
)
def test_a_path_with_odd_characters_is_kept_exactly(load, path):
    """Any printable path is taken as it is, and the exports line that is written for it reads back as it is."""
    text = json.dumps({"nfs": {**dict.fromkeys(("servers", "clients"), "nfs1"), "exports": [
        {"path": path, "clients": {"*": ["ro"]}}]}})  # fmt: skip
    (export,) = load(text).nfs.exports
    assert path == export.path
    (line,) = parse_exports(format_entry(path, "*", ["ro"]))
    assert export.entries == line.entries


def test_kubectl_runs_where_it_is_declared(load):
    """``on`` is a key here, though YAML 1.1 takes the word for true; the first host of a group is used."""
    kubernetes = load("kubernetes: {version: 'v1.33.2', kubectl: {on: kube_node}}\n").kubernetes
    assert (kubernetes.version, kubernetes.minor, kubernetes.kubectl.host) == ("1.33.2", 33, "node1")
    local = load("kubernetes: {version: '1.20', kubectl: {local: {}}}\n").kubernetes
    assert (local.minor, local.kubectl.host, local.kubectl.local.kubeconfig) == (20, "", None)


def test_a_node_that_a_client_may_cover_gives_no_warning(load):
    """Networks are compared; names, wildcards and netgroups are never resolved, so they count as covering."""
    for client in ("10.0.0.0/8", "'*'", "'@nodes'", "'*.example.com'", "some-host"):
        spec = load(
            ROLES + f"  exports:\n    - {{path: /srv/a, servers: nfs1, clients: {{{client}: [rw]}}}}\n"
            "  volumes:\n    - {name: a, export: /srv/a, capacity: 1Gi, access_modes: [ReadWriteMany]}\n"
        )
        assert spec.warnings == ()


def test_what_was_read_does_not_change(load):
    """A spec is the same for all that use it."""
    spec = load(ROLES)
    with pytest.raises(ValueError, match="frozen"):
        spec.nfs.protocol = "v4"


def test_the_example_is_valid_and_free_of_warnings():
    """What the documentation shows works."""
    inventory = load_inventory(bundled("inventories/example"))
    assert load_storage(inventory.storage_file, inventory).warnings == ()


def test_the_reference_is_current():
    """docs/storage.md says what the models say. Else: python -m mountwright.spec.reference > docs/storage.md."""
    example = bundled("inventories/example/storage.yml").read_text("utf-8")
    assert Path(bundled("docs/storage.md")).read_text("utf-8") == reference(example)


def test_the_schema_serves_an_editor():
    """Every key has a description and a type, unknown keys are refused, and it says which JSON Schema it is."""
    schema = StorageSpec.json_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert json.loads(json.dumps(schema)) == schema
    models = {**schema["$defs"], "storage.yml": schema}
    assert {name for name, model in models.items() if model["additionalProperties"] is not False} == set()
    for name, model in models.items():
        for key, prop in model.get("properties", {}).items():
            assert prop.get("description"), f"{name}.{key}"
            assert "\n" not in prop["description"]
            assert {"type", "$ref", "anyOf", "enum"} & set(prop), f"{name}.{key}"


def schema_faults(data):
    """The paths and messages of what an editor would underline; a section that may be absent is looked into."""
    pending = list(jsonschema.Draft202012Validator(StorageSpec.json_schema()).iter_errors(data))
    found = []
    while pending:
        error = pending.pop()
        if not error.context:
            found.append(f"{error.json_path}: {error.message}")
        pending += [inner for inner in error.context or () if inner.validator_value != "null"]
    return sorted(found)


@pytest.mark.parametrize(
    "path", ["inventories/example/storage.yml", "tests/golden/kubernetes/everything/storage.yml"]
)
def test_the_schema_takes_what_is_right(path):
    """An editor finds no fault with the example, nor with the file that has everything."""
    assert schema_faults(yaml_lines.load(bundled(path)).value) == []


def test_the_schema_finds_faults():
    """An editor shows wrong names, modes and sources where they are."""
    volume = {"name": "PV", "capacity": "1Gi", "access_modes": ["RWO"], "source": {"hostPath": {"path": "a"}}}
    found = schema_faults({"kubernetes": {"version": "1.33", "volumes": [volume]}})
    assert [fault.partition(": ")[0] for fault in found] == [
        "$.kubernetes.volumes[0].access_modes[0]",
        "$.kubernetes.volumes[0].name",
        "$.kubernetes.volumes[0].source.hostPath.path",
    ]
