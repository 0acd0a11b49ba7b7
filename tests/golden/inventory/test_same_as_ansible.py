"""Inventories are read as the real Ansible reads them (ansible-inventory of the test environment)."""

import json

import pytest

from mountwright.errors import InputError
from mountwright.inventory import load_inventory
from tests.golden.inventory.real_ansible import FILES, FIXTURES, hosts_of, inventory, run


def plain(value):
    """Values as JSON has them; Ansible marks unsafe text, and shows the same text."""
    if isinstance(value, dict):
        if set(value) == {"__ansible_unsafe"}:
            return value["__ansible_unsafe"]
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


@pytest.fixture(params=FILES)
def both(request):
    file = FIXTURES / request.param / FILES[request.param]
    return load_inventory(file), inventory(file)


def test_same_hosts_and_variables(both):
    """Every host has the variables that Ansible gives it, merged by the same precedence, of the same types."""
    ours, theirs = both
    expected = {host: plain(values) for host, values in theirs["_meta"]["hostvars"].items()}
    actual = {name: json.loads(json.dumps(host.vars)) for name, host in ours.hosts.items() if host.vars}
    assert expected == actual


def test_same_groups_and_hosts(both):
    """Every group holds the hosts that it holds for Ansible, children included; ``all`` holds every host."""
    ours, theirs = both
    expected = {name: hosts_of(theirs, name) for name in ours.groups}
    actual = {name: set(group.hosts) for name, group in ours.groups.items()}
    assert set(theirs) - {"_meta"} <= set(ours.groups)
    assert expected == actual
    assert set(ours.hosts) == actual["all"]


def test_same_children_in_the_same_order(both):
    """The direct children of every group are those of Ansible, in its order."""
    ours, theirs = both
    expected = {name: tuple(theirs.get(name, {}).get("children", ())) for name in ours.groups}
    assert expected == {name: group.children for name, group in ours.groups.items()}


@pytest.mark.parametrize("name", ["cluster-ini", "cluster-yaml", "precedence"])
def test_a_folder_is_as_its_file(name):
    """Naming the folder finds the inventory file in it, and the same hosts."""
    assert (
        load_inventory(FIXTURES / name / FILES[name]).as_json()["groups"]
        == load_inventory(FIXTURES / name).as_json()["groups"]
    )


PATTERNS = [
    "all",
    "*",
    "kube_node",
    "kube_node:etcd",
    "etcd,kube_control_plane",
    "kube_node:!etcd",
    "kube_node:&kube_control_plane",
    "kube_node:&etcd:!node2",
    "!etcd",
    "&etcd",
    "node*",
    "node[12]",
    "node?",
    "~node[1-3]$",
    "~(kube|etc)",
    "~k8s.*",
    "kube_*",
    "kube_*:!node1",
    "kube_node[0]",
    "kube_node[-1]",
    "kube_node[0:1]",
    "kube_node[1:]",
    "kube_*[0:2]",
    "kube_*[1]",
    "node4,node1",
    "node1:node4:node1",
    "node3 , node1",
    "k8s_cluster[1:2]:!node2",
    "!node1:!node2",
    "*:!kube_*",
    "node[!1]",
    "nodes",
    "calico_rr",
    "kube_node:&calico_rr",
]


def selected(inventory, pattern):
    """The names that a pattern picks; none where it is refused because it matches nothing."""
    try:
        return [host.name for host in inventory.select(pattern)]
    except InputError:
        return []


def real_selection(pattern):
    """The hosts that ``ansible --list-hosts`` prints for a pattern, in its order."""
    file = str(FIXTURES / "cluster-ini" / FILES["cluster-ini"])
    done = run("ansible", "-i", file, "--list-hosts", pattern)
    assert done.returncode == 0, done.stderr
    return tuple(line.strip() for line in done.stdout.splitlines()[1:])


@pytest.fixture(scope="module")
def cluster():
    return load_inventory(FIXTURES / "cluster-ini")


def test_patterns_match_the_same_hosts(cluster):
    """Each pattern picks the hosts that Ansible picks, in the same order; where it picks none, ours is an error.

    Ansible is asked once, through its own Python interface, as each start of it takes a second.
    """
    file = str(FIXTURES / "cluster-ini" / FILES["cluster-ini"])
    program = (
        "import json, sys\n"
        "from ansible.parsing.dataloader import DataLoader\n"
        "from ansible.inventory.manager import InventoryManager\n"
        "manager = InventoryManager(loader=DataLoader(), sources=[sys.argv[1]])\n"
        "print(json.dumps([[host.name for host in manager.get_hosts(pattern)] for pattern in sys.argv[2:]]))\n"
    )
    done = run("python", "-c", program, file, *PATTERNS)
    assert done.returncode == 0, done.stderr
    expected = dict(zip(PATTERNS, json.loads(done.stdout), strict=True))
    actual = {pattern: selected(cluster, pattern) for pattern in PATTERNS}
    assert expected == actual


@pytest.mark.parametrize("pattern", ["kube_node:&etcd:!node2", "kube_*[0:2]"])
def test_patterns_match_as_the_ansible_command_says(cluster, pattern):
    """The command line of Ansible gives the same as its Python interface, which the table above was asked by."""
    assert real_selection(pattern) == tuple(host.name for host in cluster.select(pattern))


def test_limit_matches_the_same_hosts(cluster, tmp_path):
    """``--limit`` with a file picks the hosts that Ansible's ``--limit`` picks."""
    limit = tmp_path / "limit"
    limit.write_text("node1\n\nkube_node\n!node3\n")
    file = str(FIXTURES / "cluster-ini" / FILES["cluster-ini"])
    done = run("ansible-inventory", "-i", file, "--list", "--limit", f"@{limit}")
    assert done.returncode == 0, done.stderr
    expected = set(json.loads(done.stdout)["_meta"]["hostvars"])
    assert expected == {host.name for host in cluster.select(f"@{limit}")}
