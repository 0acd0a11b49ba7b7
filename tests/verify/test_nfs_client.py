"""The node can mount what it was declared to mount, and may do there what was declared."""

from __future__ import annotations

import functools

import pytest

from mountwright.verify import exports, mounting

pytestmark = pytest.mark.nfs_client


@pytest.fixture(scope="session")
def own_address(host):
    """The node's address as a server sees it, by the server's address; "" when there is no route."""

    @functools.cache
    def find(server):
        route = "ip -o route get \"$(getent ahosts %s | awk 'NR == 1 { print $1 }')\""
        words = host.run(route, server).stdout.split()
        return words[words.index("src") + 1] if "src" in words else ""

    return find


@pytest.fixture(scope="session")
def addresses(host):
    """The addresses that a host name stands for on the node."""

    @functools.cache
    def find(name):
        return {line.split()[0] for line in host.run("getent ahosts %s", name).stdout.splitlines()}

    return find


@pytest.fixture(scope="session")
def entry_for(own_address, addresses):
    """How a server lets this node in to an export: (client, options, sure), or None.

    ``sure`` is False when only the server can tell (netgroups, wildcards).
    """

    def find(server, export):
        address = own_address(server.address)
        assert address, (
            f"no route to {server.address}, the address of {server.name}: see ip route get {server.address}"
        )
        clients = sorted(export.clients, key=lambda entry: exports.rank(entry[0]))
        names = {client: addresses(client) for client, _ in clients if exports.is_name(client)}
        for client, options in clients:
            answer = exports.matches(client, address, names)
            if answer is not False:
                return client, options, answer is True
        return None

    return find


def test_mount_helper_is_there(host):
    """mount.nfs is installed, which kubelet needs to mount NFS volumes."""
    assert host.exists("mount.nfs"), "mount.nfs is not there: inv nfs.client installs it"


@pytest.mark.nfs_v3
def test_statd_can_start(host):
    """rpc-statd, which locks over NFSv3 need, is not masked."""
    state = host.run("systemctl show -p LoadState --value rpc-statd.service").stdout.strip()
    assert state == "loaded", f"rpc-statd.service is {state or 'not there'}"


def test_server_is_open_to_this_node(server, entry_for, own_address):
    """At least one export of the server is open to this node."""
    if not server.exports:
        pytest.skip(f"{server.name} exports nothing")
    assert any(entry_for(server, export) for export in server.exports), (
        f"{server.name} exports nothing to {own_address(server.address)}, which is this node's address on the way "
        "there: add it to the clients of an export in storage.yml"
    )


@pytest.mark.nfs_v4_only
def test_v3_is_refused(host, server):
    """The server refuses NFSv3."""
    if not server.exports:
        pytest.skip(f"{server.name} exports nothing")
    assert host.exists("mount.nfs"), "it can't be tried: mount.nfs is not installed"
    trial = mounting.attempt(host, mounting.source(server.address, server.exports[0].path), "3")
    assert trial.mount != "ok", f"{server.exports[0].path} could be mounted over NFSv3"


@pytest.fixture(scope="session")
def attempt(host):
    """Try an export of a server; one that has not answered once is not waited for again."""
    silent = {}

    def run(server, path, version):
        if (server, version) in silent:
            return silent[server, version]
        trial = mounting.attempt(host, mounting.source(server.address, path), version)
        if trial.timed_out:
            silent[server, version] = trial
        return trial

    return run


def test_mount_and_use(mount, entry_for, attempt):
    """Can be mounted, written and read as declared."""
    entry = entry_for(mount.server, mount.export)
    if entry is None:
        pytest.skip("not open to this node")
    client, options, sure = entry
    if any(option.startswith("sec=") and "sys" not in option for option in options):
        pytest.skip(f"needs Kerberos ({client})")
    path = mount.export.path
    if mount.version != "3":
        path = exports.v4_path(path, mount.server.exports)
    trial = attempt(mount.server, path, mount.version)
    if trial.mount != "ok" and not sure:
        pytest.skip(f"only the server can tell whether {client} takes in this node, and it refused: {trial.mount}")
    assert trial.mount == "ok", f"mount: {mounting.plain_mount_error(trial.mount)}"
    if "rw" in options:
        check_written(trial, options)
    else:
        refused = trial.root
        assert refused != "ok", "the export is declared read-only, and a file could be written"
        assert "Read-only" in refused or "denied" in refused, f"writing failed in another way: {refused}"
    assert trial.trouble == "", trial.trouble


def check_written(trial, options):
    """Writing worked exactly for whom the declared squash, owner and mode allow it."""
    owner, group, mode = trial.directory
    user, own_group = (0, 0) if "no_root_squash" in options else exports.anonymous(options)
    who = "root" if user == 0 else f"root, squashed to {user}:{own_group},"
    directory = f"a directory of {owner}:{group} with mode {mode:04o}"
    if mounting.may_write(user, (own_group,), trial.directory):
        assert trial.root == "ok", f"{who} could not write to {directory}: {trial.root}"
        assert trial.written[0] == user, f"a file written by {who} belongs to {trial.written[0]}"
    else:
        assert trial.root != "ok", f"{who} could write to {directory}"
        if "all_squash" not in options and owner != 0 and mode & 0o300 == 0o300:
            assert trial.owner == "ok", f"the owner could not write to {directory}: {trial.owner}"
    if "ok" in (trial.root, trial.owner):
        assert trial.read_back, "what was written could not be read back from the server"
