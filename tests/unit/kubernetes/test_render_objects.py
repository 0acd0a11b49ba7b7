"""From storage.yml to objects: values of Secrets, the operator's own templates, faults."""

import base64

import pytest
import yaml

from mountwright.errors import InputError
from mountwright.inventory import load_inventory
from mountwright.kubernetes.compose import render_compose
from mountwright.kubernetes.rendering import render_objects
from mountwright.secret import Secret
from mountwright.spec import load_storage

HOSTS = "all: {children: {nfs_servers: {hosts: {nfs1: {ansible_host: 10.0.0.1}}}, kube_node: {hosts: {node1: {}}}}}\n"
CLUSTER = 'kubernetes:\n  version: "1.33"\n'
VOLUME = (
    CLUSTER
    + "  volumes: [{name: pv1, capacity: 1Gi, access_modes: [ReadWriteOnce], source: {hostPath: {path: /data}}}]\n"
)
NFS = "nfs:\n  servers: nfs_servers\n  clients: kube_node\n  exports: [{path: /srv/a, clients: {'*': [rw]}}]\n"


@pytest.fixture
def load(tmp_path):
    """A storage.yml of that text, in a folder that is not the current one."""
    (tmp_path / "inv").mkdir()
    (tmp_path / "inv" / "hosts.yml").write_text(HOSTS)

    def load(text):
        path = tmp_path / "inv" / "storage.yml"
        path.write_text(text, "utf-8")
        return load_storage(path, load_inventory(tmp_path / "inv"))

    return load


def secret(values):
    return f"{CLUSTER}  secrets: [{{name: key, values: {values}}}]\n"


def data_of(manifest):
    return {key: base64.b64decode(value) for key, value in manifest.data["data"].items()}


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"AQB=\n", b"AQB="),
        (b"AQB=\r\n", b"AQB="),
        (b"AQB=", b"AQB="),
        (b"-----BEGIN-----\nAA==\n-----END-----\n", b"-----BEGIN-----\nAA==\n-----END-----\n"),
        (b" spaces stay ", b" spaces stay "),
        (b"\xff\x00\xfe", b"\xff\x00\xfe"),
        ("Schl\u00fcssel".encode(), "Schl\u00fcssel".encode()),
    ],
)
def test_the_value_of_a_file(load, tmp_path, content, value):
    """The line break after a key of one line is the editor's; everything else is kept byte for byte."""
    (tmp_path / "inv" / "key").write_bytes(content)
    (manifest,) = render_objects(load(secret("{a: {file: key}}")))
    assert data_of(manifest) == {"a": value}
    assert manifest.secrets == (Secret(value.decode("utf-8", "surrogateescape")),)


def test_the_value_of_a_variable_and_of_no_secret(load, monkeypatch):
    """What the environment holds is a Secret; what is said to be plain is shown."""
    monkeypatch.setenv("MOUNTWRIGHT_TEST_KEY", "hunter2 ")
    (manifest,) = render_objects(load(secret("{a: {env: MOUNTWRIGHT_TEST_KEY}, user: {plain: kubernetes}}")))
    assert data_of(manifest) == {"a": b"hunter2 ", "user": b"kubernetes"}
    assert manifest.secrets == (Secret("hunter2 "),)
    assert "hunter2" not in repr(manifest)


def test_every_value_that_is_missing_is_named_at_once(load, tmp_path, monkeypatch):
    """All faults of all Secrets and ConfigMaps, with their lines, and none of their values."""
    monkeypatch.delenv("MOUNTWRIGHT_TEST_KEY", raising=False)
    monkeypatch.setenv("MOUNTWRIGHT_TEST_EMPTY", "")
    (tmp_path / "inv" / "empty").write_text("\n")
    (tmp_path / "inv" / "vault").write_text("$ANSIBLE_VAULT;1.1;AES256\n3031\n")
    (tmp_path / "inv" / "binary").write_bytes(b"\xff")
    text = CLUSTER + (
        "  secrets:\n"
        "    - name: a\n"
        "      values:\n"
        "        file: {file: nowhere}\n"
        "        env: {env: MOUNTWRIGHT_TEST_KEY}\n"
        "        unset: {env: MOUNTWRIGHT_TEST_EMPTY}\n"
        "    - {name: b, values: {empty: {file: empty}, vault: {file: vault}, folder: {file: .}}}\n"
        "  config_maps:\n"
        "    - {name: c, data: {text: {file: binary}}}\n"
    )
    spec = load(text)
    with pytest.raises(InputError) as raised:
        render_objects(spec)
    assert [str(problem).removeprefix(f"{tmp_path}/inv/storage.yml:") for problem in raised.value.problems] == [
        "6: kubernetes.secrets[0].values.file.file: nowhere can't be read: No such file or directory",
        "7: kubernetes.secrets[0].values.env.env: the environment variable MOUNTWRIGHT_TEST_KEY is not set",
        "8: kubernetes.secrets[0].values.unset.env: the environment variable MOUNTWRIGHT_TEST_EMPTY is empty",
        "9: kubernetes.secrets[1].values.empty.file: empty is empty",
        "9: kubernetes.secrets[1].values.folder.file: . can't be read: Is a directory",
        "9: kubernetes.secrets[1].values.vault.file: vault is encrypted with Ansible Vault, which can't be read here",
        "11: kubernetes.config_maps[0].data.text.file: binary is not UTF-8, and a ConfigMap holds text",
    ]


def test_without_secrets_their_values_are_not_looked_for(load):
    """Rendering for version control needs no key."""
    text = secret("{a: {file: nowhere}}") + "  config_maps: [{name: c, data: {a: b}}]\n"
    assert [manifest.object for manifest in render_objects(load(text), secrets=False)] == ["ConfigMap/default/c"]


def test_json_in_a_config_map_is_made_by_a_serializer(load):
    """What stands under ``json`` comes back as the same data."""
    nested = '[{clusterID: a, monitors: ["10.0.0.1:6789"], n: 1, yes: "on", text: "a\\"\\n{{ b }}\u2028"}]'
    (manifest,) = render_objects(
        load(f"{CLUSTER}  config_maps: [{{name: c, data: {{config.json: {{json: {nested}}}}}}}]\n")
    )
    expected = yaml.safe_load(nested)
    expected[0] = {str(key).lower() if key is True else key: value for key, value in expected[0].items()}
    assert yaml.safe_load(manifest.data["data"]["config.json"]) == expected


def test_a_projects_own_template_wins_file_by_file(load, tmp_path, monkeypatch):
    """The folder templates of the current directory: one file is the operator's, all others stay ours."""
    folder = tmp_path / "project" / "templates" / "kubernetes" / "sources"
    folder.mkdir(parents=True)
    (folder / "hostPath.yaml.j2").write_text("  hostPath:\n    path: {{ ('/mnt' ~ source.path) | yaml }}\n")
    monkeypatch.chdir(tmp_path / "project")
    (manifest,) = render_objects(load(VOLUME))
    assert manifest.spec["hostPath"] == {"path": "/mnt/data"}
    assert manifest.spec["capacity"] == {"storage": "1Gi"}


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{ nothing }}", r"hostPath\.yaml\.j2:1: the template can't be rendered: 'nothing' is undefined"),
        ("  hostPath: {", r"persistent-volume\.yaml\.j2:\d+: is no valid YAML"),
        ("  name: a\n  name: b\n", r"persistent-volume\.yaml\.j2:\d+: spec\.name: the key is here twice"),
        ("---\na: b\n", r"persistent-volume\.yaml\.j2:\d+: is no valid YAML: there is more than one document"),
    ],
)
def test_a_faulty_template_is_an_error_with_its_place(load, tmp_path, monkeypatch, template, message):
    """Whoever writes a template is told where it is wrong."""
    folder = tmp_path / "project" / "templates" / "kubernetes" / "sources"
    folder.mkdir(parents=True)
    (folder / "hostPath.yaml.j2").write_text(template)
    monkeypatch.chdir(tmp_path / "project")
    spec = load(VOLUME)
    with pytest.raises(InputError, match=message):
        render_objects(spec)


def test_a_template_has_to_give_an_object(load, tmp_path, monkeypatch):
    """A list, or nothing, is no object of the API."""
    folder = tmp_path / "project" / "templates" / "kubernetes"
    folder.mkdir(parents=True)
    (folder / "persistent-volume.yaml.j2").write_text("- a\n")
    monkeypatch.chdir(tmp_path / "project")
    spec = load(VOLUME)
    with pytest.raises(InputError, match="gives no Kubernetes object: expected a mapping"):
        render_objects(spec)


def test_a_pool_is_one_entry(load):
    """The number is in every text that has a place for it, and counts from where it is told."""
    text = NFS + (
        "  volumes:\n"
        "    - {name: 'v{:03}', count: 3, first: 9, export: /srv/a, subdir: 's{}', capacity: 1Gi,\n"
        "       access_modes: [ReadWriteMany], labels: {n: '{}'}, annotations: {a: '${x}'}}\n"
    )
    objects = render_objects(load(text))
    assert [item.name for item in objects] == ["v009", "v010", "v011"]
    assert [item.spec["nfs"]["path"] for item in objects] == ["/srv/a/s9", "/srv/a/s10", "/srv/a/s11"]
    assert objects[1].metadata["labels"] == {"n": "10"}
    assert objects[1].metadata["annotations"] == {"a": "${x}"}
    assert {item.line() for item in objects} == {6}


def test_a_node_is_named_by_its_label(load):
    """The inventory's name is translated where the cluster knows the node by another."""
    text = CLUSTER + (
        "  node_names: {node1: ip-10-0-0-1.example.com}\n"
        "  volumes:\n"
        "    - {name: a, capacity: 1Gi, access_modes: [ReadWriteOnce], nodes: [node1, nfs1],\n"
        "       source: {local: {path: /a}}}\n"
    )
    (manifest,) = render_objects(load(text))
    (term,) = manifest.spec["nodeAffinity"]["required"]["nodeSelectorTerms"]
    (expression,) = term["matchExpressions"]
    assert expression == {
        "key": "kubernetes.io/hostname",
        "operator": "In",
        "values": ["ip-10-0-0-1.example.com", "nfs1"],
    }


def test_external_servers_are_no_hosts(load):
    """A filer is mounted from, and nothing else: it is no server of ours and exports nothing that we check."""
    text = (
        "nfs:\n  clients: kube_node\n  external: {filer: filer.example.com}\n"
        "  volumes: [{name: a, export: /vol/a, subdir: b, capacity: 1Gi, access_modes: [ReadWriteMany]}]\n"
        "  classes: [{name: c, provisioner: nfs.csi.k8s.io, export: /vol/c}]\n"
    )
    spec = load(text)
    storage_class, volume = render_objects(spec)
    assert volume.spec["nfs"] == {"server": "filer.example.com", "path": "/vol/a/b"}
    assert storage_class.data["parameters"] == {"server": "filer.example.com", "share": "/vol/c"}
    assert spec.nfs.server_hosts == ()


def test_compose_takes_a_dollar_for_what_it_is(load):
    """To Compose a dollar sign begins a variable, so it is doubled; versions of NFS that are given stay."""
    text = NFS.replace("/srv/a", "/srv/$a") + (
        "  volumes:\n"
        "    - {name: a, export: /srv/$a, capacity: 1Gi, access_modes: [ReadOnlyMany],\n"
        "       mount_options: [vers=3, soft]}\n"
    )
    volumes = yaml.safe_load(render_compose(load(text)))["volumes"]
    assert volumes["a"]["driver_opts"] == {
        "type": "nfs",
        "o": "addr=10.0.0.1,ro,vers=3,soft",
        "device": ":/srv/$$a",
    }


def test_compose_without_volumes_is_an_error(load):
    """An empty file would be mistaken for a good one."""
    spec = load(VOLUME)
    with pytest.raises(InputError, match=r"storage\.yml has no nfs\.volumes"):
        render_compose(spec)
