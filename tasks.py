"""The command line: `inv --list` shows the tasks, `inv --help TASK` their options."""

from __future__ import annotations

from functools import partial

from invoke.collection import Collection

from mountwright.cli.tasks import Options, host_task, plain_task

_FORCE = {"withdraw_mounted": "withdraw exports though clients still have them mounted"}


@host_task(help=_FORCE)
def site(options: Options, withdraw_mounted: bool = False) -> int:
    """Make every host as storage.yml declares: servers first, then nodes."""
    from mountwright.cli import hosts
    from roles import site as roles

    return hosts.converge(options, partial(roles.works, withdraw_mounted=withdraw_mounted))


@host_task(help=_FORCE)
def nfs_server(options: Options, withdraw_mounted: bool = False) -> int:
    """Set up the NFS servers: packages, exports, services, firewall."""
    from mountwright.cli import hosts
    from roles import site as roles

    return hosts.converge(options, partial(roles.works, roles={"nfs_server"}, withdraw_mounted=withdraw_mounted))


@host_task()
def nfs_client(options: Options) -> int:
    """Install the NFS mount helper on every node that mounts."""
    from mountwright.cli import hosts
    from roles import site as roles

    return hosts.converge(options, partial(roles.works, roles={"nfs_client"}))


@host_task()
def rbd_module(options: Options) -> int:
    """Load the rbd module on every Ceph client node, now and after every reboot."""
    from mountwright.cli import hosts
    from roles import site as roles

    return hosts.converge(options, partial(roles.works, roles={"rbd_client"}))


@host_task(leave_out=("check", "diff"))
def verify(options: Options) -> int:
    """Ask the hosts whether all that is declared is really so; mounts every export from every node."""
    from mountwright.cli import checks

    return checks.verify(options)


@host_task(leave_out=("check", "diff"))
def doctor(options: Options) -> int:
    """Look, without changing anything, for what would make a run or a mount fail, with the remedy for each."""
    from mountwright.cli import checks

    return checks.doctor(options)


@host_task(leave_out=("check", "diff", "forks", "ask_become_pass"))
def inventory_list(options: Options) -> int:
    """Show the inventory as it was read: hosts, groups and merged variables."""
    from mountwright.cli import inventory

    return inventory.show(options)


@plain_task()
def inventory_schema() -> int:
    """Print the JSON Schema of storage.yml, for editors."""
    from mountwright.cli import inventory

    return inventory.schema()


namespace = Collection(
    site,
    verify,
    doctor,
    nfs=Collection(server=nfs_server, client=nfs_client),
    rbd=Collection(module=rbd_module),
    inventory=Collection(list=inventory_list, schema=inventory_schema),
)
namespace.configure({"mountwright": {"inventory": ""}})
