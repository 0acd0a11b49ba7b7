"""A throw-away Debian with exportfs, in which every word that could be taken for a command is a trap."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from mountwright.transport import Completed
from tests.hostile.values import MARKER, TRAP, TRAP_PROGRAM
from tests.lab.images import debian_root
from tests.shell.harness import Sandbox


class Machine:
    """A transport into a throw-away Debian, and what is found there afterwards."""

    def __init__(self, folder, command):
        self.sandbox = Sandbox(folder, tree=str(debian_root("12", variant="prepared")))
        self.command = command
        self.sandbox.write("/usr/bin/busybox", Path(shutil.which("busybox")).read_bytes(), 0o755)
        for name in ("bin", "sbin"):  # first on the PATH of every script
            self.sandbox.write(f"/usr/local/{name}/{TRAP}", TRAP_PROGRAM, 0o755)
        for name, line in (("passwd", "daemon-rf:x:4242:1:::\n"), ("group", "daemon-rf:x:4243:\n")):
            known = self.sandbox.execute(["cat", f"/etc/{name}"], b"").stdout
            self.sandbox.write(f"/etc/{name}", known + line.encode())

    def run(self, program, *, on_stdout=None, silence=60.0):
        done = self.sandbox.execute([*self.command, "-s"], program.encode("utf-8", "surrogateescape"), silence)
        if on_stdout:
            on_stdout(done.stdout)
        return Completed(done.exit_code, done.stdout, done.stderr)

    def close(self):
        pass

    def path(self, name):
        """Where a file that was written inside lies outside."""
        return Path(f"{self.sandbox.folder}/upper{name}")

    @property
    def sprung(self):
        return self.path(MARKER).exists()

    def exported(self):
        """What etab has, as (path, client, options), each byte as it was given to exportfs."""

        def plain(word):
            return re.sub(rb"\\([0-7]{3})", lambda found: bytes([int(found[1], 8)]), word)

        lines = self.path("/var/lib/nfs/etab").read_bytes().splitlines()
        words = [re.fullmatch(rb"([^\t]+)\t([^(]*)\((.*)\)", line).groups() for line in lines]
        return {(plain(path), plain(client), plain(options)) for path, client, options in words}
