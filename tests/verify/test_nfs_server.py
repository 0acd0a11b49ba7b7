"""The server exports what was declared, to whom it was declared, now and after a reboot."""

from __future__ import annotations

import pytest

from mountwright.verify.exports import effective, normal_client, parse_etab, unescape

pytestmark = pytest.mark.nfs_server

PACKAGES = {"debian": "nfs-kernel-server", "redhat": "nfs-utils", "suse": "nfs-kernel-server"}


@pytest.fixture(scope="session")
def etab(output):
    """What the server exports at this moment, options by (path, client)."""
    return parse_etab(output("cat /var/lib/nfs/etab"))


def family(host):
    """The distribution's family, by its package manager."""
    for tool, name in (("dpkg-query", "debian"), ("zypper", "suse"), ("rpm", "redhat")):
        if host.exists(tool):
            return name
    return pytest.fail("the host has neither dpkg nor rpm")


def unit_property(host, unit, name):
    """One property of a systemd unit, "" when there is no such unit."""
    return host.run("systemctl show -p %s --value %s", name, unit).stdout.strip()


def test_package_is_installed(host):
    """The package of the NFS server is installed."""
    package = PACKAGES[family(host)]
    assert host.package(package).is_installed, f"{package} is not installed: inv nfs.server installs it"


def test_server_runs(host):
    """nfs-server is running."""
    assert unit_property(host, "nfs-server.service", "ActiveState") == "active", "see: systemctl status nfs-server"


def test_server_has_threads(host):
    """The kernel serves NFS."""
    threads = host.run("cat /proc/fs/nfsd/threads").stdout.strip()
    assert threads not in ("", "0"), "nfsd has no threads: see journalctl -u nfs-server"


def test_server_survives_a_reboot(host):
    """nfs-server will start after a reboot."""
    state = unit_property(host, "nfs-server.service", "UnitFileState")
    assert state == "enabled", f"nfs-server.service is {state or 'not there'}: systemctl enable nfs-server"


def test_versions(output, duties):
    """The server speaks the protocol versions that were declared."""
    versions = output("cat /proc/fs/nfsd/versions").split()
    assert ("+3" in versions) == duties.nfs_v3, f"/proc/fs/nfsd/versions says {' '.join(versions)}"
    assert "+4" in versions, f"/proc/fs/nfsd/versions says {' '.join(versions)}"


@pytest.mark.nfs_v3
def test_rpcbind_is_up_and_survives(host):
    """rpcbind is up, and will be after a reboot."""
    active = [unit_property(host, unit, "ActiveState") for unit in ("rpcbind.socket", "rpcbind.service")]
    assert "active" in active, "neither rpcbind.socket nor rpcbind.service is active"
    enabled = [unit_property(host, unit, "UnitFileState") for unit in ("rpcbind.socket", "rpcbind.service")]
    assert "enabled" in enabled, f"rpcbind.socket is {enabled[0]}, rpcbind.service is {enabled[1]}"


@pytest.mark.nfs_v4_only
@pytest.mark.parametrize("unit", ["rpcbind.socket", "rpcbind.service", "rpc-statd.service"])
def test_v3_helpers_are_masked(host, unit):
    """What only NFSv3 needs is masked."""
    state = unit_property(host, unit, "LoadState")
    assert state in ("masked", "not-found"), f"{unit} is {state}"
    assert unit_property(host, unit, "ActiveState") != "active", f"{unit} is still active"


@pytest.mark.nfs_v4_only
def test_rpcbind_does_not_listen(output):
    """Nothing listens on rpcbind's port."""
    listening = output("ss -Hltn 'sport = :111'")
    assert listening == "", f"somebody listens on port 111: {listening}"


def test_port_is_open(output, port):
    """The service listens on its declared port."""
    listening = output("ss -Hltn %s", f"sport = :{port}")
    assert listening, f"nothing listens on {port}/tcp"


def test_entry_is_exported(host, entry, etab):
    """Exported, with the access that was declared."""
    live = find(host, etab, entry)
    assert live is not None, (
        f"/var/lib/nfs/etab does not have {entry.path} for {entry.client}: exportfs -ra, and see what it says"
    )
    missing = sorted(effective(entry.options) - live)
    assert missing == [], f"declared {','.join(missing)}; the server has {','.join(sorted(live))}"


def find(host, etab, entry):
    """The live options of a declared entry, or None. A host name may be shown by another of its names."""
    exact = etab.get((entry.path, normal_client(entry.client)))
    if exact is not None or not entry.client[0].isalpha():
        return exact
    wanted = addresses(host, entry.client)
    for (path, client), options in etab.items():
        if path == entry.path and wanted & (addresses(host, client) | {client}):
            return options
    return None


def addresses(host, name):
    """The addresses that a name stands for on the host."""
    return {line.split()[0] for line in host.run("getent ahosts %s", name).stdout.splitlines()}


def test_exports_survive_a_reboot(output, export):
    """Written down in /etc/exports or /etc/exports.d, so that a reboot brings it back."""
    text = output("cat /etc/exports $(ls /etc/exports.d/*.exports 2>/dev/null)")
    lines = [unescape(line.replace('"', "")) for line in text.splitlines() if not line.lstrip().startswith("#")]
    assert any(line.startswith((f"{export.path} ", f"{export.path}\t")) for line in lines), (
        f"no line of the exports files begins with {export.path}"
    )


def test_directory(host, export):
    """A directory with the owner and the mode that were declared."""
    done = host.run("stat -L -c '%%F|%%a|%%U|%%u|%%G|%%g' -- %s", export.path)
    assert done.rc == 0, f"{export.path} is not there"
    kind, mode, owner, uid, group, gid = done.stdout.strip().split("|")
    assert kind == "directory", f"{export.path} is a {kind}"
    assert int(mode, 8) == int(export.mode, 8), f"mode {mode.zfill(4)}, declared {export.mode}"
    assert export.owner in (owner, uid), f"owner {owner} ({uid}), declared {export.owner}"
    if export.group:
        assert export.group in (group, gid), f"group {group} ({gid}), declared {export.group}"


@pytest.mark.nfs_v3
def test_showmount_answers(host, export):
    """Shown by showmount -e."""
    done = host.run("timeout 30 showmount --no-headers -e 127.0.0.1")
    assert done.rc == 0, f"showmount failed: {done.stderr.strip() or 'no answer within 30 s'}"
    # Each line is the path, blanks, the clients; a path may hold blanks itself.
    shown = [unescape(line) for line in done.stdout.splitlines()]
    assert any(line.startswith(f"{export.path} ") for line in shown), f"it shows only: {'; '.join(shown)}"
