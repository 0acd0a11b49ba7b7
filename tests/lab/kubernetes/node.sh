#!/bin/sh
# Runs inside a new root tree: makes it a node of Kubernetes. containerd runs from the boot on and has the image that
# pods use; the kubelet is there, and is started when somebody has brought what it needs to join a cluster.
# $1: the name of the image; /usr/bin/kubelet and /var/lib/lab/image.tar are there already
set -eu
image=$1
export LC_ALL=C

cat >/etc/containerd/config.toml <<END
version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$image"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = true
END

# Pods get an address, because a node without a network for them is not Ready; they talk to nobody but their node.
mkdir -p /etc/cni/net.d
cat >/etc/cni/net.d/10-lab.conflist <<'END'
{
  "cniVersion": "0.4.0",
  "name": "lab",
  "plugins": [{"type": "ptp", "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.80.0.0/24"}]]}}]
}
END

cat >/etc/systemd/system/lab-image.service <<'END'
[Unit]
Description=Hand the image that pods use to containerd
Requires=containerd.service
After=containerd.service
ConditionPathExists=/var/lib/lab/image.tar
[Service]
Type=oneshot
ExecStart=/usr/bin/ctr --namespace k8s.io images import /var/lib/lab/image.tar
ExecStart=/bin/rm /var/lib/lab/image.tar
[Install]
WantedBy=multi-user.target
END

mkdir -p /etc/kubernetes
cat >/etc/kubernetes/kubelet.yaml <<'END'
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication:
  anonymous: {enabled: false}
  x509: {clientCAFile: /etc/kubernetes/ca.crt}
authorization: {mode: Webhook}
cgroupDriver: systemd
# A disk of the lab is small, and its one image can't be pulled again.
evictionHard: {}
imageGCHighThresholdPercent: 100
makeIPTablesUtilChains: false
healthzPort: 0
nodeStatusReportFrequency: 1m
END
# What the machine's place in a cluster depends on is in kubelet.env. Its addresses are what the lab says: the kubelet
# doesn't know where the box reaches it.
cat >/etc/systemd/system/kubelet.service <<'END'
[Unit]
Description=Kubernetes node agent
Requires=containerd.service
After=containerd.service network.target
[Service]
EnvironmentFile=/etc/kubernetes/kubelet.env
ExecStart=/usr/bin/kubelet --config=/etc/kubernetes/kubelet.yaml --kubeconfig=/etc/kubernetes/kubelet.conf \
    --container-runtime=remote --container-runtime-endpoint=unix:///run/containerd/containerd.sock \
    --cloud-provider=external --port=${KUBELET_PORT}
Restart=on-failure
RestartSec=2
[Install]
WantedBy=multi-user.target
END
systemctl --quiet enable containerd.service lab-image.service
