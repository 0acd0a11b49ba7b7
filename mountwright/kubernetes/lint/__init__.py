"""What is wrong with Kubernetes objects for storage, before an API server or a kubelet says so."""
