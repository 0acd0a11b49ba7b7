"""The command line: `inv --list` shows the tasks, `inv --help TASK` their options."""

from __future__ import annotations

from functools import partial

from invoke.collection import Collection

from mountwright.cli.tasks import Options, host_task, plain_task

_OBJECTS = {
    "prune": "remove what was applied once, is no longer declared and not in use",
    "force_conflicts": "take over fields that another field manager has set",
}
_FORCE = {"withdraw_mounted": "withdraw exports though clients still have them mounted"}


@host_task(help=_FORCE)
def site(options: Options, withdraw_mounted: bool = False) -> int:
    """Make all that storage.yml declares: servers first, then nodes, then the cluster's objects."""
    from mountwright.cli import k8s_apply

    return k8s_apply.site(options, withdraw_mounted=withdraw_mounted)


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


@host_task()
def ceph_users(options: Options) -> int:
    """Make the pools and users of the Ceph cluster, with no more rights than declared, on its admin host."""
    from mountwright.cli import hosts
    from roles import site as roles

    return hosts.converge(options, partial(roles.works, roles={"ceph_admin"}))


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


_NOT_FOR_LINT = ("limit", "check", "diff", "forks", "ask_become_pass")


@host_task(
    leave_out=_NOT_FOR_LINT,
    instead_of_inventory="path",
    help={"path": "a config.json, or manifests with the ConfigMap local-path-config"},
)
def local_lint(options: Options, path: str = "") -> int:
    """Check a configuration of the local-path-provisioner before it stops the provisioner."""
    from mountwright.cli import lint

    return lint.local(options, path)


@host_task(
    leave_out=_NOT_FOR_LINT,
    instead_of_inventory="path",
    help={
        "path": "a manifest or a folder of them, instead of storage.yml",
        "kubernetes": "the version to check for, like 1.33 (default: the inventory's, or the newest)",
        "disable": "rules to leave out, with commas between them; docs/lint-rules.md lists them",
    },
)
def k8s_lint(options: Options, path: str = "", kubernetes: str = "", disable: str = "") -> int:
    """Check manifests: their schema, what the version has removed, and whether they fit each other."""
    from mountwright.cli import k8s_lint

    return k8s_lint.objects(options, path, kubernetes, disable)


@host_task(
    leave_out=("limit", "check", "diff", "forks", "ask_become_pass"),
    help={
        "out": "write one file an object and a kustomization.yaml into this folder (default: all to stdout)",
        "secrets": "render Secrets too; their files get mode 0600",
        "as_compose": "print the NFS volumes as named volumes of Docker Compose instead",
    },
)
def k8s_render(options: Options, out: str = "", secrets: bool = False, as_compose: bool = False) -> int:
    """Write the Kubernetes objects that storage.yml declares as YAML; connects to nothing."""
    from mountwright.cli import k8s_render

    return k8s_render.render(options, out, secrets=secrets, as_compose=as_compose)


@host_task(
    help={
        "name": "the PersistentVolume",
        "keep_reservation": "keep it reserved for a claim of the old one's namespace and name",
    }
)
def k8s_reclaim(options: Options, name: str, keep_reservation: bool = False) -> int:
    """Make a Released volume available again: clear its claimRef, never touch its data."""
    from mountwright.cli import k8s_reclaim

    return k8s_reclaim.reclaim(options, name, keep_reservation=keep_reservation)


@host_task(
    leave_out=("check", "diff"),
    instead_of_inventory="path",
    help={"path": "a manifest or a folder of them, instead of storage.yml", "live": "ask the cluster itself"},
)
def k8s_bind(options: Options, path: str = "", live: bool = False) -> int:
    """Say which claim will bind which volume, and of each pending claim why, volume by volume."""
    from mountwright.cli import k8s_bind

    return k8s_bind.bind(options, path, live=live)


@host_task(
    leave_out=("limit", "check", "diff", "forks"),
    help={
        "class_": "try this StorageClass",
        "volume": "try this PersistentVolume",
        "export": "mount this NFS export in the pod itself: its path, or SERVER:PATH",
        "consumer": "pod (default), deployment, statefulset, emptydir, hostpath or inline",
        "apply": "do it in the cluster, and clean up; without it the objects are only printed",
        "image": "the pods' image (default: kubernetes.smoke.image)",
        "user": "number of the user that the pods run as (default: kubernetes.smoke.user)",
        "node": "only on this node",
        "namespace": "in this namespace, which must be there (default: one of its own)",
        "timeout": "how many seconds each step may take (default: 180)",
        "keep": "delete nothing afterwards",
    },
)
def k8s_smoke(
    options: Options,
    *,
    class_: str = "",
    volume: str = "",
    export: str = "",
    consumer: str = "",
    apply: bool = False,
    image: str = "",
    user: str = "",
    node: str = "",
    namespace: str = "",
    timeout: str = "180",
    keep: bool = False,
) -> int:
    """Try storage with pods that write and read: all that storage.yml declares, or what is named."""
    from mountwright.cli import k8s_smoke

    named = {"class": class_, "volume": volume, "export": export, "consumer": consumer}
    words = {**named, "image": image, "user": user, "node": node, "namespace": namespace, "timeout": timeout}
    return k8s_smoke.smoke(options, words, apply=apply, keep=keep)


@host_task(help=_OBJECTS)
def k8s_apply(options: Options, prune: bool = False, force_conflicts: bool = False) -> int:
    """Apply the objects that storage.yml declares, server-side; list what it declares no longer."""
    from mountwright.cli import k8s_apply

    return k8s_apply.apply(options, prune=prune, force_conflicts=force_conflicts)


@host_task(leave_out=("check", "diff"), help=_OBJECTS)
def k8s_diff(options: Options, prune: bool = False, force_conflicts: bool = False) -> int:
    """Show what k8s.apply would change in the cluster (exit code 2 when something would)."""
    from mountwright.cli import k8s_apply

    return k8s_apply.diff(options, prune=prune, force_conflicts=force_conflicts)


@plain_task()
def inventory_schema() -> int:
    """Print the JSON Schema of storage.yml, for editors."""
    from mountwright.cli import inventory

    return inventory.schema()


@plain_task(
    checkout_only=True,
    help={"scenario": "demo: three virtual machines (the default), or fleet: containers of several distributions"},
)
def lab_up(scenario: str = "demo") -> int:
    """Boot machines to try things on, and write their inventory: inventories/lab, or inventories/lab-fleet."""
    from tests.lab import cli

    return cli.up(scenario)


@plain_task(checkout_only=True)
def lab_down() -> int:
    """End the lab's machines and whatever a crash has left of them."""
    from tests.lab import cli

    return cli.down()


@plain_task(checkout_only=True)
def lab_status() -> int:
    """Show each machine of the lab and the ssh command that leads there."""
    from tests.lab import cli

    return cli.status()


@plain_task(checkout_only=True)
def lab_reset() -> int:
    """Give back fresh machines: same names, ports and keys, nothing of what was done to them."""
    from tests.lab import cli

    return cli.reset()


@plain_task(checkout_only=True)
def demo() -> int:
    """Boot the lab, provision it, verify it, and show that a second run changes nothing."""
    from tests.lab import demo

    return demo.main()


@plain_task(checkout_only=True, help={"only": "one part: lint, unit or lab"})
def run_tests(only: str = "") -> int:
    """Run style, types and all tests; those of the lab boot the machines that they need."""
    from tests.lab import suite

    return suite.main(only)


@plain_task(checkout_only=True, help={"hosts": "how many containers", "runs": "how often each program runs"})
def bench(hosts: int = 20, runs: int = 5) -> int:
    """Measure a run that changes nothing against a bare Paramiko program, side by side in one run."""
    from tests.lab import bench

    return bench.main(hosts, runs)


namespace = Collection(
    site,
    verify,
    doctor,
    demo,
    bench,
    test=run_tests,
    nfs=Collection(server=nfs_server, client=nfs_client),
    rbd=Collection(module=rbd_module),
    ceph=Collection(users=ceph_users),
    local=Collection(lint=local_lint),
    k8s=Collection(
        render=k8s_render,
        lint=k8s_lint,
        apply=k8s_apply,
        diff=k8s_diff,
        bind=k8s_bind,
        reclaim=k8s_reclaim,
        smoke=k8s_smoke,
    ),
    inventory=Collection(list=inventory_list, schema=inventory_schema),
    lab=Collection(up=lab_up, down=lab_down, status=lab_status, reset=lab_reset),
)
namespace.configure({"mountwright": {"inventory": ""}})
