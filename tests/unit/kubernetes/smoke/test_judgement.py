"""How a step stands, from what the API really says."""

from __future__ import annotations

import pytest

from mountwright.kubernetes.smoke.events import read_events
from mountwright.kubernetes.smoke.judgement import State, judge
from tests.unit.kubernetes.smoke.answers import NODE, answer, bound, event, on_node


def everything(_name):
    return True


def judged(state, **more):
    """The standing of a pod on a node whose container is in this state."""
    (pod,), claim, events = answer("no-node")
    return judge([on_node(pod, state=state, **more)], claim, events)


def mounting(message, reason="FailedMount"):
    """The standing of a pod on a node of which the kubelet says this."""
    (pod,), claim, _ = answer("no-node")
    placed = on_node(pod)
    return judge([placed], claim, read_events([event(reason, message, placed)], everything))


def test_no_node_at_all():
    """A bound claim and a pod that no node takes: the scheduler's words, and what to look at."""
    pods, claim, events = answer("no-node")
    standing = judge(pods, claim, events)
    assert standing.state is State.WAITING
    assert standing.message == "no node takes its pod: no nodes available to schedule pods"
    assert standing.remedy == "the cluster has no node: kubectl get nodes"


def test_a_provisioner_that_does_not_answer():
    """The pod can't be placed because its claim is pending: the claim is what is told about."""
    standing = judge(*answer("no-provisioner-answers"))
    assert standing.state is State.WAITING
    assert standing.message.startswith("its claim is Pending: waiting for a volume to be created")
    assert '"nfs.csi.k8s.io"' in standing.message
    assert standing.remedy == "see whether the provisioner runs, and what it says in its log"


def test_a_class_that_makes_no_volumes():
    """Why no volume fits is told line by line."""
    pods, claim, events = answer("class-makes-none")
    standing = judge(pods, claim, events, unfit="pv1: too small\npv2: another class")
    assert standing.message.splitlines() == [
        "its claim is Pending: no volume plugin matched name: kubernetes.io/no-provisioner",
        "pv1: too small",
        "pv2: another class",
    ]
    assert standing.remedy.startswith("this class makes no volumes")


def test_a_claim_that_waits_for_the_pod():
    """Where the claim waits for the pod it is the pod's trouble that counts."""
    pods, claim, events = answer("waits-for-pod")
    standing = judge(pods, claim, events)
    assert standing.message == "no node takes its pod: no nodes available to schedule pods"
    assert judge(pods, claim, events, unfit="pv1: too small").message == f"{standing.message}\npv1: too small"


def test_a_workload_is_judged_by_its_pod():
    """The pod of a StatefulSet, and the claim that it made, are judged like a bare pod's."""
    assert judge(*answer("workload")).message.startswith("its claim is Pending: waiting for a volume")


def test_a_claim_without_class_that_nothing_fits():
    """What the forecast says replaces the controller's general words."""
    (pod,), claim, _ = answer("no-provisioner-answers")
    said = "no persistent volumes available for this claim and no storage class is set"
    events = read_events([event("FailedBinding", said, claim, kind="PersistentVolumeClaim")], everything)
    assert said in judge([pod], claim, events).message
    standing = judge([pod], claim, events, unfit="pv1: too small")
    assert standing.message.splitlines() == ["its claim is Pending", "pv1: too small"]
    assert "k8s.bind" in standing.remedy


def test_a_lost_claim_is_not_waited_for():
    """Its volume is gone: no time will bring it back."""
    (pod,), claim, events = answer("no-provisioner-answers")
    assert judge([pod], {**claim, "status": {"phase": "Lost"}}, events).state is State.FAILED


def test_done_is_a_pod_that_succeeded():
    """A pod that ends by itself is done when it has ended well, and not because it runs."""
    (pod,), claim, events = answer("no-node")
    ended = on_node(pod, state={"terminated": {"exitCode": 0, "reason": "Completed"}}, phase="Succeeded")
    assert judge([ended], bound(claim), events).state is State.DONE
    assert judge([ended], bound(claim), events).node == NODE
    ready = [{"type": "Ready", "status": "True"}]
    running = on_node(pod, state={"running": {}}, phase="Running", conditions=ready)
    standing = judge([running], bound(claim), events)
    assert (standing.state, standing.message) == (State.WAITING, f"its pod is on {NODE} and runs")


def test_done_is_a_pod_of_a_workload_that_is_ready():
    """Its init container has ended well: only then does a pod that stays become ready."""
    (pod,), claim, events = answer("workload")
    ended = {"terminated": {"exitCode": 0, "reason": "Completed"}}
    starting = on_node(pod, init=True, state=ended, phase="Running")
    assert judge([starting], bound(claim), events).state is State.WAITING
    ready = on_node(pod, init=True, state=ended, phase="Running", conditions=[{"type": "Ready", "status": "True"}])
    assert judge([ready], bound(claim), events).state is State.DONE


def test_a_pod_that_is_going_does_not_count():
    """The pod that wrote is on its way out while the one that reads is not yet there."""
    (pod,), claim, _ = answer("workload")
    ready = on_node(pod, phase="Running", conditions=[{"type": "Ready", "status": "True"}])
    ready["metadata"]["deletionTimestamp"] = "2030-01-01T00:00:00Z"
    assert judge([ready], bound(claim), ()).message == "its pod has not been made yet"


def test_a_workload_whose_pod_is_refused():
    """What a controller could not make is told with the API server's words."""
    said = 'pods "x" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false'
    events = read_events([event("FailedCreate", said, {"metadata": {"name": "x"}}, kind="ReplicaSet")], everything)
    standing = judge([], None, events)
    assert standing.message == f"its pod can't be made: {said}"
    assert "--namespace" in standing.remedy


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("dd: can't open '.mountwright-smoke-a-1': Permission denied", "--user"),
        ("dd: can't open '.mountwright-smoke-a-1': Read-only file system", "read-only"),
        ("dd: error writing '.mountwright-smoke-a-1': No space left on device", "full"),
        ("cat: can't open '.mountwright-smoke-a-1': Stale file handle", "mount it again"),
        ("the file that another container has written is not here", "did not see the same storage"),
        ("the file holds something else than what was written", ""),
    ],
)
def test_a_container_that_fails_says_why(said, remedy):
    """The end of its output is in the pod's status, and the usual faults have a remedy."""
    standing = judged({"terminated": {"exitCode": 1, "reason": "Error", "message": f"{said}\n"}}, phase="Failed")
    assert standing.state is State.FAILED
    assert standing.message == f"its container ended with exit code 1: {said}"
    assert remedy in standing.remedy
    assert bool(remedy) == bool(standing.remedy)


def test_an_init_container_that_failed_before_is_a_failure():
    """A workload's container is started again and again; the first failure tells enough."""
    (pod,), claim, events = answer("workload")
    waiting = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s restarting failed container"}}
    last = {"terminated": {"exitCode": 1, "reason": "Error", "message": "sh: read error: Input/output error"}}
    standing = judge([on_node(pod, init=True, state=waiting, last=last)], bound(claim), events)
    assert standing.state is State.FAILED
    assert "Input/output error" in standing.message


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        ("ErrImagePull", State.WAITING),
        ("ImagePullBackOff", State.FAILED),
        ("ErrImageNeverPull", State.FAILED),
        ("InvalidImageName", State.FAILED),
    ],
)
def test_an_image_that_can_not_be_had(reason, state):
    """The first try may be bad luck; what the kubelet has given up is not waited for. --image is the way out."""
    standing = judged({"waiting": {"reason": reason, "message": "not found"}})
    assert standing.state is state
    assert standing.message == f"the image docker.io/library/busybox:1.36.1 can't be had: {reason}: not found"
    assert "--image" in standing.remedy


MOUNT_WORDS = [
    ("Output: mount: bad option; you might need a /sbin/mount.<type> helper program.", "inv nfs.client"),
    ("Output: mount.nfs: access denied by server while mounting 10.0.0.10:/srv/x", "inv nfs.server"),
    ("Output: mount.nfs: mounting 10.0.0.10:/srv/x failed, reason given by server: No such file", "inv nfs.server"),
    ("Output: mount.nfs: Connection timed out", "firewall"),
    ("Output: mount.nfs: Failed to resolve server nfs1: Name or service not known", "resolve"),
    ("driver name nfs.csi.k8s.io not found in the list of registered CSI drivers", "DaemonSet"),
    ("Output: mount.nfs: an incorrect mount option was specified", "mount_options"),
    ('MountVolume.SetUp failed for volume "x" : secret "ceph-key" not found', "k8s.lint"),
]


@pytest.mark.parametrize(("message", "remedy"), MOUNT_WORDS)
def test_a_mount_that_fails(message, remedy):
    """The kubelet tries again, so it is waited for; its words are told with what to do on which node."""
    standing = mounting(message)
    assert standing.state is State.WAITING
    assert standing.message == f"the node can't mount it: {message}"
    assert remedy in standing.remedy
    assert "{" not in standing.remedy


def test_the_kubelets_command_line_is_left_out():
    """Of its long words on a mount those of mount(8) count, and the volume's name."""
    said = (
        'MountVolume.SetUp failed for volume "nowhere" : mount failed: exit status 32 Mounting command: mount '
        "Mounting arguments: -t nfs 10.77.0.11:/srv/x /var/lib/kubelet/pods/5a/volumes/kubernetes.io~nfs/nowhere "
        "Output: mount.nfs: access denied by server while mounting 10.77.0.11:/srv/x"
    )
    assert mounting(said).message == (
        'the node can\'t mount it: MountVolume.SetUp failed for volume "nowhere": mount.nfs: access denied by server '
        "while mounting 10.77.0.11:/srv/x"
    )


def test_a_container_that_has_not_ended_is_at_work():
    """What was cut off may have left its file; a container that did not start has not."""
    assert judged({"running": {}}, phase="Running").running
    assert not judged(None).running
    assert not judged({"terminated": {"exitCode": 1, "reason": "Error"}}, phase="Failed").running


def test_a_pod_without_network_is_not_about_storage():
    """The sandbox comes before the volume's use: it is said that it is another matter."""
    standing = mounting("failed to setup network for sandbox: cni plugin not initialized", "FailedCreatePodSandBox")
    assert standing.message.startswith("its pod can't start: ")
    assert "not about storage" in standing.remedy


def test_old_mount_trouble_of_a_running_pod_is_over():
    """What failed twice and then went well is no reason any more."""
    (pod,), claim, _ = answer("no-node")
    placed = on_node(pod, state={"running": {}}, phase="Running")
    events = read_events([event("FailedMount", "Connection timed out", placed)], everything)
    assert judge([placed], claim, events).message == f"its pod is on {NODE} and runs"


@pytest.mark.parametrize(
    ("message", "remedy"),
    [
        ("0/3 nodes are available: 3 node(s) had taint {dedicated: x}, that the pod didn't tolerate.", "tolerations"),
        ("0/3 nodes are available: 3 node(s) had untolerated taint {dedicated: x}.", "tolerations"),
        ("0/3 nodes are available: 3 node(s) had volume node affinity conflict.", "nodeAffinity"),
        ("0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.", "--node"),
        ("0/1 nodes are available: 1 Insufficient memory.", "full"),
    ],
)
def test_a_pod_that_no_node_takes(message, remedy):
    """The scheduler's usual words, old and new, have a remedy."""
    (pod,), claim, _ = answer("no-node")
    pod["status"]["conditions"][0]["message"] = message
    assert remedy in judge([pod], bound(claim), ()).remedy


def test_no_scheduler():
    """A pod that nobody has looked at is no pod that no node takes."""
    (pod,), claim, _ = answer("no-node")
    pod["status"] = {"phase": "Pending"}
    assert "kube-scheduler" in judge([pod], bound(claim), ()).remedy


@pytest.mark.parametrize(("why", "remedy"), [("Evicted", "memory"), ("DeadlineExceeded", "--timeout")])
def test_a_pod_that_was_ended(why, remedy):
    """A pod can fail without its container having said anything."""
    (pod,), claim, _ = answer("no-node")
    failed = {**on_node(pod), "status": {"phase": "Failed", "reason": why, "message": "The node was low on it"}}
    standing = judge([failed], bound(claim), ())
    assert (standing.state, standing.message) == (
        State.FAILED,
        f"its pod has failed: {why}: The node was low on it",
    )
    assert remedy in standing.remedy


def test_events_are_put_in_order_and_counted():
    """The newest comes last, what says the same is one, and foreign objects are left out."""
    (pod,), _, _ = answer("no-node")
    foreign = {"metadata": {"name": "web-0"}}
    items = [
        event("FailedMount", "second", pod, time="2030-01-01T00:00:09Z"),
        event("FailedMount", "first", pod, time="2030-01-01T00:00:01Z"),
        event("FailedMount", "first", pod, time="2030-01-01T00:00:02Z"),
        event("FailedMount", "not ours", foreign),
    ]
    found = read_events(items, lambda name: name.startswith("smoke-"))
    assert [(each.message, each.count) for each in found] == [("first", 6), ("second", 3)]


@pytest.mark.parametrize("nonsense", [{}, {"status": None}, {"status": {"containerStatuses": [None]}}, {"spec": 3}])
def test_answers_without_what_is_looked_for(nonsense):
    """An object that is not laid out as expected is waited for; it is no traceback."""
    assert judge([nonsense], None, read_events([nonsense], everything)).state is State.WAITING
