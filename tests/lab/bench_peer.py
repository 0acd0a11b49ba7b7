"""The program that the benchmark measures Mountwright against: bare Paramiko, which only connects and runs a probe.

It reads nothing but a list of hosts and a ready-made shell text. Run as ``python bench_peer.py JOB.json``; the job is
``{"hosts": [[name, address, port]], "user": ..., "key": ..., "known_hosts": ..., "program": ..., "forks": n}``.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import paramiko


def run(host: tuple[str, str, int], job: dict[str, Any], program: bytes) -> int:
    """Connect to one host, run the program on ``sh -s``, read all it says; return its exit code."""
    client = paramiko.SSHClient()
    client.load_host_keys(job["known_hosts"])
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    client.connect(
        host[1], port=host[2], username=job["user"], key_filename=job["key"], allow_agent=False, look_for_keys=False
    )
    stdin, stdout, _ = client.exec_command("sh -s")
    stdin.write(program)
    stdin.channel.shutdown_write()
    stdout.read()
    code = stdout.channel.recv_exit_status()
    client.close()
    return code


def main() -> int:
    """Run the job; exit code 1 when a host said anything but 0."""
    job = json.loads(Path(sys.argv[1]).read_text())
    program = Path(job["program"]).read_bytes()
    with ThreadPoolExecutor(job["forks"]) as pool:
        codes = list(pool.map(lambda host: run(host, job, program), job["hosts"]))
    return 1 if any(codes) else 0


if __name__ == "__main__":
    sys.exit(main())
