"""From files to an Inventory."""

import time

import pytest

from mountwright.secret import MASK

NAMES = "hosts.yml, hosts.yaml, hosts.ini, inventory.ini, inventory.yml, inventory.yaml, hosts"


def names(hosts):
    return [host.name for host in hosts]


@pytest.mark.parametrize("name", ["hosts.yml", "hosts.yaml", "inventory.yaml", "hosts"])
def test_yaml_names(folder, name):
    """A folder's inventory file may have any of the usual names; ``hosts`` may be YAML."""
    assert names(folder.load({name: "web: {hosts: {a: }}"}).group_hosts("web")) == ["a"]


@pytest.mark.parametrize("name", ["hosts.ini", "inventory.ini", "hosts"])
@pytest.mark.parametrize("text", ["[web]\na\n", "# note\n\n[web]\na\n", "a\n[web]\na\n"])
def test_ini_names(folder, name, text):
    """``hosts`` may be INI as well: it is seen at its content."""
    assert names(folder.load({name: text}).group_hosts("web")) == ["a"]


def test_a_file_may_be_named(folder):
    """A file is read with what lies beside it, whatever else the folder holds."""
    files = {"one.yml": "web: {hosts: {a: }}", "hosts.yml": "x: {}", "group_vars/web.yml": "v: 1", "storage.yml": ""}
    inventory = folder.load(files, "one.yml")
    assert inventory.hosts["a"].vars == {"v": 1}
    assert (str(inventory.folder), str(inventory.storage_file)) == ("inv", "inv/storage.yml")
    assert folder.load({"hosts.yml": "x: {}"}).file.name == "hosts.yml"


def test_without_storage_file(folder):
    """An inventory without a storage.yml is one all the same."""
    assert folder.load({"hosts.yml": "web: {hosts: {a: }}"}).storage_file is None


@pytest.mark.parametrize(
    ("files", "name", "expected"),
    [
        ({"readme": ""}, "", [f"inv: has no inventory file; one of {NAMES} was expected"]),
        ({"hosts.yml": "a: {}", "inventory.ini": ""}, "",
         [("inv: has more than one inventory file (hosts.yml, inventory.ini); "
           "name the one that is meant: -i inv/hosts.yml")]),
        ({"hosts.yml": "a: {}"}, "none.yml",
         ["inv/none.yml: does not exist; an inventory is a folder with a hosts.yml, or such a file"]),
        ({"x.toml": ""}, "x.toml", ["inv/x.toml: is TOML, which is not supported; write it as YAML or INI"]),
        ({"hosts": "#!/usr/bin/python\n"}, "",
         [("inv/hosts:1: is a program (dynamic inventory), which is not run; "
           "save its result as YAML and use that")]),
        ({"hosts.yml": "a:\n  hosts: {x: , x: }\n", "group_vars/a.yml": "v: !vault x\n"}, "",
         ["inv/hosts.yml:2: a.hosts.x: the key is here twice; the first is in line 2"]),
        ({"hosts.yml": "a:\n  hosts: [x]\n", "group_vars/a.yml": "b: 1\nv: !vault x\n",
          "group_vars/all/one": "- x\n", "group_vars/all/two.yml": "1: x\n"}, "",
         [("inv/group_vars/a.yml:2: v: the value is encrypted with Ansible Vault, which can't be read here: "
           "decrypt it (ansible-vault decrypt) or keep the secret elsewhere"),
          "inv/group_vars/all/one:1: has to be a mapping of variables: NAME: VALUE",
          "inv/group_vars/all/two.yml:1: [1]: the name of a variable has to be text, this is 1; quote it",
          ("inv/hosts.yml:2: a.hosts: has to be a mapping (one NAME: a line, with a colon and without a dash), "
           "not a list")]),
        ({"hosts.yml": "a: {hosts: {x: }}", "host_vars/x.yml": b"$ANSIBLE_VAULT;1.1;AES256\n61\n"}, "",
         [("inv/host_vars/x.yml:1: the file is encrypted with Ansible Vault, which can't be read here: "
           "decrypt it (ansible-vault decrypt) or keep the secret elsewhere")]),
        ({"hosts.yml": "a:\n children:\n  b:\n   children:\n    c:\n     children:\n      a:\n"}, "",
         ["inv/hosts.yml:7: groups are children of each other: a > b > c > a; take one of them out"]),
        ({"hosts.ini": "[a:children]\na\n"}, "",
         ["inv/hosts.ini:2: groups are children of each other: a > a; take one of them out"]),
        ({"hosts.ini": "[a:children]\nall\n"}, "",
         ["inv/hosts.ini:2: groups are children of each other: all > a > all; take one of them out"]),
    ],
)  # fmt: skip
def test_faults(folder, files, name, expected):
    """What can't be read is named by file and line, from all files at once."""
    assert expected == folder.faults(files, name)


def test_origin(folder):
    """A variable knows the file and line that it comes from, whichever won."""
    files = {
        "hosts.ini": "[web]\nh1 own=1 both=1\n[web:vars]\n\ngroup=1\n",
        "group_vars/web/x.yml": "---\n# note\nfile: 1\n",
        "host_vars/h1.yml": "\nboth: 2\n",
    }
    host = folder.load(files).hosts["h1"]
    expected = {"own": "inv/hosts.ini:2", "group": "inv/hosts.ini:5", "file": "inv/group_vars/web/x.yml:3",
                "both": "inv/host_vars/h1.yml:2"}  # fmt: skip
    assert expected == {name: host.origin(name) for name in host.vars}


def test_rendered(folder):
    """A variable can be had rendered, too."""
    host = folder.load({"hosts.yml": "all: {hosts: {h: {a: '{{ b }}', b: [1]}}}"}).hosts["h"]
    assert host.rendered("a") == [1]
    with pytest.raises(KeyError):
        host.rendered("none")


def test_json(folder):
    """The inventory as cli.md describes it, passwords and what they refer to masked."""
    text = """
all:
  vars: {ansible_become_password: '{{ vault.sudo[0] }}', vault: {sudo: [hunter2], n: 1}, plain: yes}
  children:
    web: {hosts: {h1: {ansible_ssh_pass: hunter3, db: {password: hunter4, user: u}, passive: 1}}}
    site: {children: {web: }}
"""
    assert folder.load({"hosts.yml": text}).as_json() == {
        "hosts": {
            "h1": {
                "groups": ["site", "web"],
                "vars": {
                    "ansible_become_password": MASK,
                    "vault": {"sudo": [MASK], "n": MASK},
                    "plain": True,
                    "ansible_ssh_pass": MASK,
                    "db": {"password": MASK, "user": "u"},
                    "passive": 1,
                },
            }
        },
        "groups": {"web": ["h1"], "site": ["h1"]},
    }


def test_hosts_without_a_group(folder):
    """They are in ``ungrouped``, which is shown when it has hosts."""
    inventory = folder.load({"hosts.ini": "lone\n[web]\nh1\n"})
    assert inventory.as_json()["groups"] == {"ungrouped": ["lone"], "web": ["h1"]}
    assert inventory.hosts["lone"].groups == ("ungrouped",)
    assert names(inventory.group_hosts("all")) == ["lone", "h1"]


def test_warnings(folder):
    """Oddities that are no faults: one name for two things, files that nobody reads, names that nearly match."""
    files = {
        "hosts.ini": "[web]\nweb\nkube_node1\n[kube_node]\nkube_node1\n",
        "group_vars/web/a.yml": "a: 1",
        "group_vars/web.yml": "a: 2",
        "group_vars/kube_nodes.yml": "a: 3",
        "group_vars/elsewhere.yml": "a: 4",
        "host_vars/kube_node2.yml": "a: 5",
    }
    assert [str(warning) for warning in folder.load(files).warnings] == [
        "inv/group_vars/kube_nodes: is for no group of the inventory; is kube_node meant?",
        "inv/group_vars/web.yml: is not read: inv/group_vars/web takes its place",
        "inv/host_vars/kube_node2: is for no host of the inventory; is kube_node1 meant?",
        "inv/hosts.ini:1: web: is the name of a group and of a host",
    ]


def test_five_thousand_hosts_load_within_a_second(folder):
    """A large inventory is read, and every host's address rendered, without a wait that one would notice."""
    files = {
        "hosts.yml": "kube_node:\n  vars: {net: 10.0}\n  hosts:\n    'node[0001:5000]':\n"
                     "      ansible_host: '{{ net }}.{{ inventory_hostname }}'\n",
        "group_vars/all.yml": "".join(f"variable_{number}: {number}\n" for number in range(200)),
    }  # fmt: skip
    folder.write(**files)
    begun = time.process_time()
    inventory = folder.load({})
    loaded = time.process_time() - begun
    assert len(inventory.hosts) == 5000
    assert loaded < 1.0
    assert inventory.hosts["node5000"].connection.address == "10.0.node5000"
    assert len(inventory.select("node[0001:4000]:!node*7")) == 3600
