"""Provision the storage of on-premises Kubernetes clusters over SSH."""

__version__ = "0.1.0"
