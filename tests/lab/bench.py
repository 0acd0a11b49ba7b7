"""`inv bench`: what a run that changes nothing costs, side by side with a bare Paramiko program, in one go.

Both programs visit the same containers with the same probe, in turn, whole processes from start to end. Ratios are
of neighbouring runs, so that they hold when the machine's speed drifts.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mountwright import frames
from mountwright.inventory import load_inventory
from mountwright.spec import load_storage
from mountwright.ssh import Connector
from roles.site import works
from tests.lab import bench_objects
from tests.lab.bench_cost import ROOT, Row, cost_of, table
from tests.lab.container import NO_NFS_SERVER
from tests.lab.fleet import Fleet, nodes
from tests.lab.images import debian_root
from tests.lab.inventory_files import write_inventory
from tests.lab.proxy import RoundTrips

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.lab.machine import Machine

FORKS = 20
_MOUNTWRIGHT = [sys.executable, "-m", "mountwright"]
_STORAGE = """\
kubernetes: {version: "1.33"}
nfs:
  servers: nfs_servers
  clients: kube_node
  exports:
    - path: /srv/nfs/pv1
      clients: {192.0.2.0/24: [rw, sync, no_subtree_check]}
"""


def write_nodes(folder: Path, machines: Sequence[Machine], host_vars: Mapping[str, Mapping[str, Any]]) -> None:
    """Write an inventory of the machines as nodes, with a server that is only named."""
    server = replace(machines[0], name="server", address="192.0.2.1")
    write_inventory(folder, {"nfs_servers": [server], "kube_node": machines}, _STORAGE, host_vars=host_vars)


def probe_of(inventory_path: Path) -> tuple[str, list[list[object]]]:
    """The program that Mountwright itself would send to look at a node, and the hosts it would send it to."""
    inventory = load_inventory(inventory_path)
    assert inventory.storage_file is not None
    chosen = works(inventory, load_storage(inventory.storage_file, inventory), roles={"nfs_client"})
    resources = chosen[0].resources
    scripts = {"facts": frames.FACTS, **{resource.id: resource.probe() for resource in resources}}
    hosts = [[w.host.name, w.host.connection.address, w.host.connection.port or 22] for w in chosen]
    return frames.probe_program(frames.new_nonce(), scripts), hosts


def measure_noop(folder: Path, machines: Sequence[Machine], runs: int) -> list[Row]:
    """Visit all machines by both programs in turn; rows for wall, CPU a host and memory."""
    write_nodes(folder, machines, {})
    program, hosts = probe_of(folder)
    (folder / "program.sh").write_text(program)
    job = {
        "hosts": hosts,
        "user": "root",
        "key": str(machines[0].key_file),
        "known_hosts": str(machines[0].known_hosts),
        "program": str(folder / "program.sh"),
        "forks": FORKS,
    }
    (folder / "job.json").write_text(json.dumps(job))
    ours = [*_MOUNTWRIGHT, "nfs.client", "-i", str(folder), "--forks", str(FORKS), "--format", "json"]
    one = [*ours, "--limit", machines[0].name]
    peer = [sys.executable, str(ROOT / "tests" / "lab" / "bench_peer.py"), str(folder / "job.json")]
    for command in (ours, peer):  # once without counting: caches are filled, and what had to change is changed
        cost_of(command)
    pairs, alone = [], []
    for number in range(runs):
        pairs.append((cost_of(ours), cost_of(peer)))
        alone.append(cost_of(one))
        print(f"  run {number + 1} of {runs}: {pairs[-1][0].wall:.2f} s, bare Paramiko {pairs[-1][1].wall:.2f} s")
    ratio = statistics.median(mine.wall / other.wall for mine, other in pairs)
    count = len(machines)
    a_host = statistics.median((pairs[n][0].cpu - alone[n].cpu) / (count - 1) for n in range(runs)) * 1000
    peer_host = statistics.median(other.cpu for _, other in pairs) / count * 1000
    memory = max(mine.memory for mine, _ in pairs)
    other_memory = max(other.memory for _, other in pairs)
    wall = statistics.median(mine.wall for mine, _ in pairs)
    return [
        Row(
            f"no-op run on {count} containers, wall, against bare Paramiko",
            f"{ratio:.2f}x ({wall:.2f} s)",
            "<= 1.25x",
            ratio <= 1.25,
        ),
        Row(
            "operator CPU for each further host",
            f"{a_host:.1f} ms (bare: {peer_host:.1f} ms)",
            "<= 15 ms",
            a_host <= 15,
        ),
        Row("peak memory", f"{memory:.0f} MB (bare: {other_memory:.0f} MB)", "<= 120 MB", memory <= 120),
    ]


def measure_round_trips(folder: Path, machine: Machine) -> Row:
    """Count the round trips to one machine, less those of a connection that does nothing."""
    with RoundTrips(machine.address, machine.port) as proxy:
        options = f"-o UserKnownHostsFile={machine.known_hosts} -o HostKeyAlias={machine.address}"
        through = {"ansible_host": "127.0.0.1", "ansible_port": proxy.port, "ansible_ssh_common_args": options}
        write_nodes(folder, [machine], {machine.name: through})
        host = load_inventory(folder).hosts[machine.name]
        with Connector() as connector:
            connector.connect(host.name, host.connection).close()
        proxy.wait_idle()
        handshake = proxy.count
        cost_of([*_MOUNTWRIGHT, "nfs.client", "-i", str(folder), "--format", "json"])
        proxy.wait_idle()
        trips = proxy.count - 2 * handshake
    return Row("round trips of a no-op host after the handshake", str(trips), "<= 3", trips <= 3)


def measure_list(runs: int) -> Row:
    """Time `inv --list`."""
    command = [str(Path(sys.executable).with_name("inv")), "--list"]
    cost_of(command)
    wall = statistics.median(cost_of(command).wall for _ in range(runs))
    return Row("`inv --list`", f"{wall:.2f} s", "<= 0.5 s", wall <= 0.5)


def main(hosts: int = 20, runs: int = 5) -> int:
    """Boot the fleet, measure, print the table; exit code 1 when a goal is missed."""
    print(f"booting {hosts} containers")
    with (
        Fleet(nodes(hosts, debian_root("12", variant="prepared"), masked=NO_NFS_SERVER)) as fleet,
        tempfile.TemporaryDirectory() as place,
    ):
        machines = list(fleet)
        rows = measure_noop(Path(place) / "fleet", machines, runs)
        rows.append(measure_round_trips(Path(place) / "one", machines[0]))
    rows.append(measure_list(runs))
    with tempfile.TemporaryDirectory() as place:
        rows.append(bench_objects.measure_lint(Path(place) / "lint"))
        rows += bench_objects.measure_bind(Path(place) / "bind")
    print(f"\n{table(rows)}")
    return 0 if all(row.good for row in rows) else 1
