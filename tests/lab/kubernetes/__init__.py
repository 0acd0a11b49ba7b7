"""A real Kubernetes for the lab: its programs, a control plane on this box, nodes in virtual machines."""
