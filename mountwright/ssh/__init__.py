"""Connections over SSH: as ssh itself would make them, with Paramiko, which connector.py alone knows."""

from mountwright.ssh.connector import Connector, SshTransport

__all__ = ["Connector", "SshTransport"]
