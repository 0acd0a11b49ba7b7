"""Connections to real sshd processes of this machine."""

from __future__ import annotations

import getpass
import itertools
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from mountwright.errors import AuthenticationError, ConnectionLostError, HostKeyError, UnreachableError
from mountwright.inventory.connection import ConnectionSettings
from mountwright.secret import Secret
from mountwright.ssh import Connector
from tests.lab.sshd import Sshd, free_port, make_key, program

# bash reads ~/.bashrc when sshd starts it at the lowest shell level, and the machine's owner may have a slow one.
QUICK = "SetEnv SHLVL=2"
PASSPHRASE = "open sesame"  # noqa: S105 - of keys that live for one test


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home without keys, an ssh_config of its own, and no agent."""
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    return home


@pytest.fixture(scope="session")
def key(tmp_path_factory):
    """The key that every sshd here lets in."""
    return make_key(tmp_path_factory.mktemp("key") / "id")


@pytest.fixture
def new_sshd(tmp_path, key):
    """Starts sshd processes, and ends them after the test."""
    running = []
    numbers = itertools.count(1)

    def new_sshd(extra="", **options):
        sshd = Sshd(tmp_path / f"sshd{next(numbers)}", extra=f"{QUICK}\n{extra}", **options)
        sshd.authorize(key)
        running.append(sshd)
        return sshd.start()

    yield new_sshd
    for sshd in running:
        sshd.stop()


@pytest.fixture
def sshd(new_sshd):
    return new_sshd()


@pytest.fixture
def known_hosts(tmp_path):
    return tmp_path / "known_hosts"


@pytest.fixture
def connector(home, known_hosts):
    """Makes connectors for this test's ssh_config and known_hosts."""
    made = []

    def connector(*known, config="", **options):
        known_hosts.write_text("".join(sshd.known_hosts_line() for sshd in known))
        (home / ".ssh" / "config").write_text(config)
        made.append(Connector(known_hosts=(known_hosts,), **options))
        return made[-1]

    yield connector
    for each in made:
        each.close()


def settings(sshd, key=None, **others):
    """Return what the inventory says: no sudo, as the tests run as one user."""
    fields = {"address": sshd.address, "port": sshd.port, "become": False, **others}
    return ConnectionSettings(private_key_file=str(key) if key else None, **fields)


def greet(transport):
    """Run a word through the connection, and close it."""
    try:
        return transport.run("echo hello").stdout
    finally:
        transport.close()


def refused(connector, reach, error=UnreachableError):
    with pytest.raises(error) as caught:
        connector.connect("node1", reach).close()
    assert type(caught.value) is error
    return caught.value.message


class Relay:
    """Stands between us and an sshd, and counts how often we speak after the other side has spoken."""

    def __init__(self, port):
        self.turns = 0
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.behind = port
        self.thread = threading.Thread(target=self.carry, daemon=True)
        self.thread.start()

    def carry(self):
        ours, _ = self.server.accept()
        theirs = socket.create_connection(("127.0.0.1", self.behind))
        last = None
        with ours, theirs:
            while True:
                for ready in select.select([ours, theirs], [], [])[0]:
                    data = ready.recv(1 << 16)
                    if not data:
                        return
                    self.turns += ready is ours and last is not ours
                    last = ready
                    (theirs if ready is ours else ours).sendall(data)

    def close(self):
        self.server.close()
        self.thread.join(5)


def hang_up(server):
    server.accept()[0].close()


class TestPrograms:
    @pytest.fixture
    def transport(self, connector, sshd, key):
        transport = connector(sshd).connect("node1", settings(sshd, key))
        yield transport
        transport.close()

    def test_exit_code_and_bytes_are_exact(self, transport):
        """Both outputs are kept apart, byte for byte; the next program finds the connection as it was."""
        for code in (0, 7, 255):
            done = transport.run(
                f"main() {{ printf 'a\\377b'; printf '\udcfeé' >&2; exit {code}; }}; main </dev/null"
            )
            assert (done.exit_code, done.stdout, done.stderr) == (code, b"a\xffb", b"\xfe\xc3\xa9")

    def test_five_megabytes_on_both_outputs(self, transport):
        """No full window stops the other stream."""
        done = transport.run("head -c 5000000 /dev/zero & head -c 5000000 /dev/zero | tr '\\0' e >&2; wait")
        assert (done.exit_code, done.stdout == bytes(5_000_000), done.stderr == b"e" * 5_000_000) == (0, True, True)

    def test_a_big_program_goes_in_while_output_comes_out(self, transport):
        """Megabytes in both directions at once."""
        filler = "".join(f": {'x' * 1000}\n" for _ in range(3000))
        done = transport.run(f"head -c 5000000 /dev/zero\n{filler}head -c 5000000 /dev/zero >&2\necho end\n")
        assert (done.exit_code, len(done.stdout), len(done.stderr)) == (0, 5_000_004, 5_000_000)

    def test_stdout_is_handed_over_as_it_comes(self, transport):
        """A step that ends is seen when it ends."""
        seen = []
        transport.run("echo one; sleep 0.5; echo two", on_stdout=lambda data: seen.append((time.monotonic(), data)))
        assert b"".join(data for _, data in seen) == b"one\ntwo\n"
        assert seen[-1][0] - seen[0][0] > 0.3

    def test_silence_gives_the_host_up(self, transport):
        """Output counts, whatever the program's age."""
        assert transport.run("for i in 1 2 3 4; do echo $i; sleep 0.3; done", silence=1).exit_code == 0
        begun = time.monotonic()
        with pytest.raises(ConnectionLostError, match="no output for 1 s, which is longer than the program should"):
            transport.run("echo hi; sleep 30", silence=1)
        assert time.monotonic() - begun < 5

    def test_a_daemon_that_keeps_the_pipes_does_not_hold_us(self, transport):
        """The program has ended, so it is done."""
        begun = time.monotonic()
        assert transport.run("sleep 15 & echo started").stdout == b"started\n"
        assert time.monotonic() - begun < 10

    def test_a_killed_program_is_no_result(self, transport):
        """It has no exit code that could be taken for one."""
        with pytest.raises(ConnectionLostError, match="the program was killed on the host"):
            transport.run("kill -9 $$; sleep 5")

    def test_a_cut_connection_is_noticed_at_once(self, transport, sshd):
        """sshd dies in the middle of a step."""
        threading.Timer(0.5, lambda: [os.kill(pid, signal.SIGKILL) for pid in sshd.children()]).start()
        begun = time.monotonic()
        with pytest.raises(ConnectionLostError, match="the connection broke while the program ran"):
            transport.run("echo begun; sleep 30")
        assert time.monotonic() - begun < 10
        with pytest.raises(ConnectionLostError, match="no shell could be opened"):
            transport.run("echo never")

    def test_closing_from_elsewhere_ends_the_run(self, transport):
        """An interrupted operator's run closes what is open."""
        threading.Timer(0.5, transport.close).start()
        with pytest.raises(ConnectionLostError):
            transport.run("sleep 30")
        transport.close()

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user without a password")
    def test_becoming_another_user(self, connector, sshd, key):
        """The real sudo, which asks root for nothing; a needless password is dropped."""
        for password in (None, Secret("not asked for")):
            reach = settings(sshd, key, become=True, become_user="nobody", become_password=password)
            transport = connector(sshd).connect("node1", reach)
            for _ in range(2):
                assert transport.run("id -un; pwd").stdout == b"nobody\n/\n"
            transport.close()

    def test_noise_of_the_login_shell_is_dropped(self, connector, new_sshd, key):
        """What runs before our program may print what it likes."""
        noisy = new_sshd('ForceCommand echo Welcome; echo Motd >&2; eval "$SSH_ORIGINAL_COMMAND"')
        transport = connector(noisy).connect("node1", settings(noisy, key))
        done = transport.run("echo hello; echo error >&2")
        assert (done.stdout, done.stderr) == (b"hello\n", b"error\n")
        transport.close()

    @pytest.mark.parametrize("shell", ["fish", "tcsh", "bash", "busybox sh"])
    def test_any_login_shell_will_do(self, connector, new_sshd, key, shell):
        """What the server is asked to execute means the same to shells whose quoting is not POSIX's."""
        strange = new_sshd(f'ForceCommand {shell} -c "$SSH_ORIGINAL_COMMAND"')
        transport = connector(strange).connect("node1", settings(strange, key))
        done = transport.run("echo \"it's\" '!' '$HOME'; exit 3")
        assert (done.exit_code, done.stdout) == (3, b"it's ! $HOME\n")
        transport.close()

    @pytest.mark.parametrize("become", [False, True])
    def test_a_program_costs_three_round_trips(self, connector, sshd, key, known_hosts, become):
        """Channel, exec, then stdin with its end; what we send after the output (the close) waits for nothing."""
        relay = Relay(sshd.port)
        me = getpass.getuser()
        reach = settings(sshd, key, port=relay.port, become=become, become_user=me, ssh_options={"hostkeyalias": "x"})
        maker = connector()
        known_hosts.write_text(sshd.known_hosts_line(name="x"))
        transport = maker.connect("node1", reach)
        time.sleep(0.5)
        before = relay.turns
        spoken = []
        transport.run(f": {'x' * 20000}\necho hello", on_stdout=lambda _: spoken.append(relay.turns - before))
        transport.close()
        relay.close()
        assert spoken[0] <= 3


class TestDeadPeers:
    def test_a_stopped_sshd_is_noticed_by_keepalive(self, connector, sshd, key):
        """It acknowledges packets and answers nothing: long before the program's own time is up."""
        transport = connector(sshd, config="Host *\n ServerAliveInterval 1\n ServerAliveCountMax 2").connect(
            "node1", settings(sshd, key)
        )
        children = sshd.children()
        threading.Timer(0.5, lambda: [os.kill(pid, signal.SIGSTOP) for pid in children]).start()
        begun = time.monotonic()
        try:
            with pytest.raises(ConnectionLostError, match=r"the host has answered nothing for \d s"):
                transport.run("echo begun; sleep 60", silence=60)
        finally:
            for pid in children:
                os.kill(pid, signal.SIGCONT)
            transport.close()
        assert time.monotonic() - begun < 10

    def test_keepalive_lets_a_quiet_program_live(self, connector, sshd, key):
        """sshd answers though the program doesn't."""
        transport = connector(sshd, config="ServerAliveInterval 1\nServerAliveCountMax 1").connect(
            "node1", settings(sshd, key)
        )
        assert transport.run("sleep 4; echo alive").stdout == b"alive\n"
        transport.close()

    @pytest.mark.parametrize(
        ("host", "message"),
        [
            ("127.0.0.1", r"127\.0\.0\.1 port \d+: connection refused; see that sshd runs there"),
            ("no-such-host.invalid", r"the name no-such-host\.invalid can't be resolved \("),
        ],
    )
    def test_no_connection_is_one_sentence(self, connector, host, message):
        """What, where, and what to do."""
        reach = ConnectionSettings(address=host, port=free_port())
        assert re.match(message, refused(connector(), reach))

    def test_a_port_that_says_nothing_is_given_up(self, connector):
        """It takes connections and never greets."""
        with socket.create_server(("127.0.0.1", 0)) as mute:
            reach = ConnectionSettings(address="127.0.0.1", port=mute.getsockname()[1])
            begun = time.monotonic()
            message = refused(connector(connect_timeout=1.0), reach)
        assert "no SSH connection: the SSH handshake was not done within 1 s" in message
        assert time.monotonic() - begun < 5

    def test_a_server_that_hangs_up_is_named(self, connector):
        """As a busy sshd does (MaxStartups)."""
        with socket.create_server(("127.0.0.1", 0)) as rude:
            threading.Thread(target=hang_up, args=(rude,)).start()
            message = refused(connector(), ConnectionSettings(address="127.0.0.1", port=rude.getsockname()[1]))
        assert "the server closed the connection in the handshake; it may be too busy (MaxStartups" in message


class TestHostKeys:
    def test_an_unknown_key_is_refused_with_the_way_to_accept_it(self, connector, sshd, key, known_hosts):
        """The printed command, run as it is, makes the next connection succeed."""
        message = refused(connector(), settings(sshd, key), HostKeyError)
        accept = f"ssh-keyscan -p {sshd.port} -t ed25519 127.0.0.1 >> {known_hosts}"
        assert message == (
            f"127.0.0.1 port {sshd.port}: its host key is unknown: ssh-ed25519 {sshd.fingerprint()}. Compare this "
            "with what the host itself says (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub); if it is the same, "
            f"accept it: {accept}"
        )
        subprocess.run(["sh", "-c", accept], check=True, stderr=subprocess.DEVNULL)
        accepted = Connector(ssh_config=None, known_hosts=(known_hosts,))
        assert greet(accepted.connect("node1", settings(sshd, key))) == b"hello\n"

    def test_a_changed_key_is_refused_with_both_fingerprints(self, connector, new_sshd, key, known_hosts):
        """File and line of the old key, and the command that removes it."""
        now, before = new_sshd(), new_sshd()
        name = f"[127.0.0.1]:{now.port}"
        maker = connector(before)
        with known_hosts.open("a") as out:
            out.write(f"# a comment\n{before.known_hosts_line(name=name)}")
        assert refused(maker, settings(now, key), HostKeyError) == (
            f"127.0.0.1 port {now.port}: its host key has CHANGED: {known_hosts}:3 has ssh-ed25519 "
            f"{before.fingerprint()}, the host shows ssh-ed25519 {now.fingerprint()}. Somebody may be in between. "
            f"Only if you know that the host has new keys: ssh-keygen -R '{name}' -f {known_hosts}, then accept the "
            "new key"
        )
        subprocess.run([program("ssh-keygen"), "-R", name, "-f", str(known_hosts)], check=True, capture_output=True)
        again = Connector(ssh_config=None, known_hosts=(known_hosts,))
        assert "its host key is unknown" in refused(again, settings(now, key), HostKeyError)

    def test_hashed_entries_are_found(self, connector, sshd, key, known_hosts):
        """As Debian's ssh writes them; also when the key has changed."""
        connector(sshd)
        subprocess.run([program("ssh-keygen"), "-H", "-f", str(known_hosts)], check=True, capture_output=True)
        assert known_hosts.read_text().startswith("|1|")
        hashed = Connector(ssh_config=None, known_hosts=(known_hosts,))
        assert greet(hashed.connect("node1", settings(sshd, key))) == b"hello\n"
        sshd.stop()
        make_new = sshd.folder / "host_ed25519"
        for path in (make_new, make_new.with_suffix(".pub")):
            path.unlink()
        make_key(make_new)
        sshd.start()
        again = Connector(ssh_config=None, known_hosts=(known_hosts,))
        assert f"CHANGED: {known_hosts}:1 has ssh-ed25519" in refused(again, settings(sshd, key), HostKeyError)

    @pytest.mark.parametrize("hashed", [False, True])
    @pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
    def test_the_type_that_is_known_is_asked_for(  # noqa: PLR0917 - fixtures
        self, connector, new_sshd, key, known_hosts, kind, hashed
    ):
        """A host with more keys than known_hosts knows is no stranger."""
        sshd = new_sshd(key_kinds=("ed25519", "rsa", "ecdsa"))
        other = new_sshd()
        connector()
        # Another host's entries of the commonest type must not lead astray.
        known_hosts.write_text(
            other.known_hosts_line() + other.known_hosts_line(name="x") + sshd.known_hosts_line(kind)
        )
        if hashed:
            subprocess.run([program("ssh-keygen"), "-H", "-f", str(known_hosts)], check=True, capture_output=True)
        reader = Connector(ssh_config=None, known_hosts=(known_hosts,))
        assert greet(reader.connect("node1", settings(sshd, key))) == b"hello\n"

    def test_accept_new_writes_the_key_and_trusts_it_from_then(self, connector, sshd, key, known_hosts):
        """A key that changes afterwards is refused all the same."""
        maker = connector(config="StrictHostKeyChecking accept-new")
        known_hosts.write_text("# no line break at the end")
        assert greet(maker.connect("node1", settings(sshd, key))) == b"hello\n"
        assert known_hosts.read_text() == f"# no line break at the end\n{sshd.known_hosts_line()}"

    def test_no_checking_is_not_honoured(self, connector, sshd, key):
        """It is said, so that nobody wonders."""
        reach = settings(sshd, key, ssh_options={"stricthostkeychecking": "no"})
        assert "(StrictHostKeyChecking no is not honoured; accept-new is)" in refused(
            connector(), reach, HostKeyError
        )

    def test_a_revoked_key_is_refused(self, connector, sshd, key, known_hosts):
        """Although the host is known by it."""
        maker = connector(sshd)
        known_hosts.write_text(known_hosts.read_text() + "@revoked * " + sshd.known_hosts_line().split(" ", 1)[1])
        assert f"is revoked by {known_hosts}:2" in refused(maker, settings(sshd, key), HostKeyError)

    @pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa"])
    def test_a_certificate_of_a_trusted_authority(  # noqa: PLR0917 - fixtures
        self, connector, new_sshd, key, known_hosts, tmp_path, kind
    ):
        """It is for this host, valid now, and signed by the authority; else it is refused with the reason."""
        authority = make_key(tmp_path / "ca")
        sshd = new_sshd(key_kinds=(kind,))
        public = (tmp_path / "ca.pub").read_text()
        for principals, validity, reason in (
            ("127.0.0.1", "+1h", ""),
            ("other", "+1h", "it is for other"),
            ("127.0.0.1", "20200101:20200102", "it is expired or not valid yet"),
        ):
            sshd.stop()
            subprocess.run(
                [program("ssh-keygen"), "-q", "-s", str(authority), "-h", "-I", "host", "-n", principals,
                 "-V", validity, str(sshd.folder / f"host_{kind}.pub")],
                check=True,
            )  # fmt: skip
            config = sshd.config.read_text()
            if "HostCertificate" not in config:
                sshd.config.write_text(f"{config}\nHostCertificate {sshd.folder}/host_{kind}-cert.pub\n")
            sshd.start()
            connector()
            known_hosts.write_text(f"@cert-authority [127.0.0.1]:* {public}")
            reader = Connector(ssh_config=None, known_hosts=(known_hosts,))
            if reason:
                assert f"is refused: {reason}" in refused(reader, settings(sshd, key), HostKeyError)
            else:
                assert greet(reader.connect("node1", settings(sshd, key))) == b"hello\n"

    def test_a_certificate_of_another_authority_is_refused(self, connector, new_sshd, key, known_hosts, tmp_path):
        """Anybody can sign."""
        ours, theirs = make_key(tmp_path / "ours"), make_key(tmp_path / "theirs")
        sshd = new_sshd()
        sshd.stop()
        public = sshd.folder / "host_ed25519.pub"
        subprocess.run([program("ssh-keygen"), "-q", "-s", str(theirs), "-h", "-I", "x", str(public)], check=True)
        sshd.config.write_text(f"{sshd.config.read_text()}\nHostCertificate {sshd.folder}/host_ed25519-cert.pub\n")
        sshd.start()
        maker = connector()
        known_hosts.write_text(f"@cert-authority * {ours.with_suffix('.pub').read_text()}")
        assert "signed by an authority that known_hosts doesn't trust" in refused(
            maker, settings(sshd, key), HostKeyError
        )


class TestLogin:
    @pytest.mark.parametrize(("kind", "pem"), [("ed25519", False), ("ecdsa", False), ("rsa", False), ("rsa", True)])
    def test_kinds_of_keys(self, connector, sshd, tmp_path, kind, pem):
        """What ssh-keygen makes."""
        own = make_key(tmp_path / "own", kind, pem=pem)
        sshd.authorize(own)
        assert greet(connector(sshd).connect("node1", settings(sshd, own))) == b"hello\n"

    @pytest.mark.parametrize(("kind", "pem"), [("ed25519", False), ("rsa", True)])
    def test_the_passphrase_is_asked_for_once_for_all_hosts(self, connector, sshd, tmp_path, kind, pem):
        """Many threads, one question."""
        own = make_key(tmp_path / "own", kind, PASSPHRASE, pem=pem)
        sshd.authorize(own)
        asked = []

        def ask(prompt):
            asked.append(prompt)
            return Secret(PASSPHRASE)

        maker = connector(sshd, ask=ask)
        with ThreadPoolExecutor(8) as pool:
            reach = settings(sshd, own)
            assert list(pool.map(lambda _: greet(maker.connect("node1", reach)), range(8))) == [b"hello\n"] * 8
        assert asked == [f"passphrase for {own}: "]

    def test_a_wrong_passphrase_is_asked_for_three_times_in_all(self, connector, sshd, tmp_path):
        """The second host is told the same without another question."""
        own = make_key(tmp_path / "own", passphrase=PASSPHRASE)
        asked = []
        maker = connector(sshd, ask=lambda prompt: asked.append(prompt) or Secret("wrong"))
        for _ in range(2):
            message = refused(maker, settings(sshd, own), AuthenticationError)
            assert f"Tried: {own}: encrypted, and the passphrase was wrong 3 times" in message
        assert len(asked) == 3

    def test_nobody_to_ask(self, connector, sshd, tmp_path):
        """The message names the key and the way out."""
        own = make_key(tmp_path / "own", passphrase=PASSPHRASE)
        message = refused(connector(sshd), settings(sshd, own), AuthenticationError)
        assert f"{own}: encrypted, and there is no terminal to ask for its passphrase" in message
        assert f"(ssh-add {own})" in message

    @pytest.fixture
    def agent(self, tmp_path, monkeypatch):
        """A real ssh-agent."""
        path = tmp_path / "agent.socket"
        process = subprocess.Popen([program("ssh-agent"), "-D", "-a", str(path)], stdout=subprocess.DEVNULL)
        while not path.exists():
            assert process.poll() is None
            time.sleep(0.01)
        monkeypatch.setenv("SSH_AUTH_SOCK", str(path))

        def add(key, passphrase=""):
            ask = tmp_path / "ask"
            ask.write_text(f"#!/bin/sh\necho '{passphrase}'\n")
            ask.chmod(0o700)
            environment = {**os.environ, "SSH_ASKPASS": str(ask), "SSH_ASKPASS_REQUIRE": "force"}
            command = [program("ssh-add"), "-q", str(key)]
            subprocess.run(command, check=True, env=environment, stdin=subprocess.DEVNULL, capture_output=True)

        yield add
        process.terminate()
        process.wait()

    @pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
    def test_a_key_of_the_agent(self, connector, sshd, tmp_path, agent, kind):
        """By many threads at once, over the one connection to the agent."""
        own = make_key(tmp_path / "own", kind)
        sshd.authorize(own)
        agent(own)
        own.unlink()
        maker = connector(sshd)
        with ThreadPoolExecutor(8) as pool:
            reach = settings(sshd)
            assert list(pool.map(lambda _: greet(maker.connect("node1", reach)), range(16))) == [b"hello\n"] * 16

    def test_identities_only_keeps_the_agent_out(self, connector, sshd, tmp_path, agent):
        """Unless the agent has the very key that is named: then nobody is asked for its passphrase."""
        named, other = make_key(tmp_path / "named", passphrase=PASSPHRASE), make_key(tmp_path / "other")
        agent(other)
        sshd.authorize(other)
        maker = connector(sshd, config="IdentitiesOnly yes")
        assert str(named) in refused(maker, settings(sshd, named), AuthenticationError)
        agent(named, PASSPHRASE)
        sshd.authorize(named)
        again = connector(sshd, config="IdentitiesOnly yes")
        assert greet(again.connect("node1", settings(sshd, named))) == b"hello\n"

    def test_too_many_keys_are_explained(self, connector, new_sshd, tmp_path, agent):
        """sshd hangs up after MaxAuthTries."""
        sshd = new_sshd("MaxAuthTries 2")
        for number in range(4):
            agent(make_key(tmp_path / f"key{number}"))
        message = refused(connector(sshd), settings(sshd), AuthenticationError)
        assert "the server closed the connection after these tries; name the one right key" in message
        assert "key0 (in the agent); key1 (in the agent)" in message

    def test_the_default_keys_of_the_home(self, connector, sshd, home):
        """As ssh takes them when nothing else is said."""
        sshd.authorize(make_key(home / ".ssh" / "id_ed25519"))
        assert greet(connector(sshd).connect("node1", settings(sshd))) == b"hello\n"

    def test_several_identity_files(self, connector, sshd, key, tmp_path):
        """The second is right; the first is missing, and another is refused before it."""
        stranger = make_key(tmp_path / "stranger")
        config = f"IdentityFile /nonexistent/key\nIdentityFile {stranger}\nIdentityFile %d/../{key.name}\n"
        shutil.copy(key, tmp_path / key.name)
        assert greet(connector(sshd, config=config).connect("node1", settings(sshd))) == b"hello\n"

    def test_a_user_certificate(self, connector, new_sshd, tmp_path):
        """Beside the key, or named by CertificateFile."""
        authority = make_key(tmp_path / "ca")
        sshd = new_sshd(f"TrustedUserCAKeys {tmp_path}/ca.pub")
        own = make_key(tmp_path / "own")
        command = [program("ssh-keygen"), "-q", "-s", str(authority), "-I", "me", "-n", sshd.user, f"{own}.pub"]
        subprocess.run(command, check=True)
        assert greet(connector(sshd).connect("node1", settings(sshd, own))) == b"hello\n"
        elsewhere = (tmp_path / "own-cert.pub").rename(tmp_path / "certificate")
        maker = connector(sshd, config=f"CertificateFile {elsewhere}")
        assert greet(maker.connect("node1", settings(sshd, own))) == b"hello\n"

    def test_what_was_tried_is_listed(self, connector, sshd, tmp_path):
        """And the user, as it is often that one which is wrong."""
        stranger = make_key(tmp_path / "stranger")
        reach = settings(sshd, stranger, password=Secret("hunter22"), user="nobody")
        assert refused(connector(sshd), reach, AuthenticationError) == (
            f"127.0.0.1 port {sshd.port}: could not log in as nobody: the server took none of it. Tried: "
            f"{stranger}; the password (not allowed by the server). See that the user is right (ansible_user) and "
            "that one of these keys is in its ~/.ssh/authorized_keys"
        )

    def test_nothing_to_log_in_with(self, connector, sshd):
        """A machine without keys."""
        message = refused(connector(sshd), settings(sshd), AuthenticationError)
        assert "nothing to log in with" in message


class TestWays:
    def test_a_jump(self, connector, new_sshd, key):
        """One connection to the bastion, whatever the number of hosts behind it."""
        gate, node = new_sshd(), new_sshd()
        config = f"Host gate\n HostName 127.0.0.1\n Port {gate.port}\n IdentityFile {key}"
        maker = connector(gate, node, config=config)
        reach = settings(node, key, proxy_jump="gate")
        with ThreadPoolExecutor(10) as pool:
            assert list(pool.map(lambda _: greet(maker.connect("node1", reach)), range(80))) == [b"hello\n"] * 80
        assert gate.log.count("Accepted publickey") == 1
        assert node.log.count("Accepted publickey") == 80

    @pytest.mark.parametrize("nested", [False, True])
    def test_two_jumps(self, connector, new_sshd, key, nested):
        """`a,b`, or b's own ProxyJump in ssh_config."""
        outer, inner, node = new_sshd(), new_sshd(), new_sshd()
        config = (
            f"Host outer\n Port {outer.port}\nHost inner\n Port {inner.port}\n"
            f"{' ProxyJump outer' if nested else ''}\n"
            f"Host outer inner\n HostName 127.0.0.1\n IdentityFile {key}"
        )
        maker = connector(outer, inner, node, config=config)
        reach = settings(node, key, proxy_jump="inner" if nested else "outer,inner")
        assert greet(maker.connect("node1", reach)) == b"hello\n"
        assert greet(maker.connect("node2", reach)) == b"hello\n"
        assert [each.log.count("Accepted publickey") for each in (outer, inner, node)] == [1, 1, 2]

    def test_jump_none(self, connector, new_sshd, key):
        """The inventory's `none` turns off the jump of ssh_config."""
        node = new_sshd()
        maker = connector(node, config="Host *\n ProxyJump gate.invalid")
        assert greet(maker.connect("node1", settings(node, key, proxy_jump="none"))) == b"hello\n"
        assert "the jump host gate.invalid can't be used: the name" in refused(maker, settings(node, key))

    def test_a_bastion_that_died_is_opened_again(self, connector, new_sshd, key):
        """Only the hosts of that moment suffer."""
        gate, node = new_sshd(), new_sshd()
        config = f"Host gate\n HostName 127.0.0.1\n Port {gate.port}\n IdentityFile {key}"
        maker = connector(gate, node, config=config)
        reach = settings(node, key, proxy_jump="gate")
        assert greet(maker.connect("node1", reach)) == b"hello\n"
        for pid in gate.children():
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.5)
        assert greet(maker.connect("node1", reach)) == b"hello\n"

    def test_a_bastion_that_reaches_nothing_is_named(self, connector, new_sshd, key):
        """The bastion is well, the host behind it isn't."""
        gate = new_sshd()
        config = f"Host gate\n HostName 127.0.0.1\n Port {gate.port}\n IdentityFile {key}"
        reach = ConnectionSettings(address="127.0.0.1", port=(port := free_port()), proxy_jump="gate")
        message = refused(connector(gate, config=config), reach)
        assert message.startswith(f"127.0.0.1 port {port}: the jump host gate can't reach it (ChannelException")

    def test_a_bastion_that_is_down_costs_its_timeout_once(self, connector, new_sshd, key):
        """Not once for each of the hosts behind it."""
        node = new_sshd()
        with socket.create_server(("127.0.0.1", 0)) as mute:
            config = f"Host gate\n HostName 127.0.0.1\n Port {mute.getsockname()[1]}"
            maker = connector(node, config=config, connect_timeout=1.0)
            begun = time.monotonic()
            for _ in range(4):
                assert refused(maker, settings(node, key, proxy_jump="gate")).startswith(
                    "the jump host gate can't be"
                )
        assert time.monotonic() - begun < 5

    def test_an_unknown_host_behind_a_jump_is_accepted_without_keyscan(self, connector, new_sshd, key, known_hosts):
        """ssh-keyscan can't jump: the command that is printed has the key itself."""
        gate, node = new_sshd(), new_sshd()
        config = f"Host gate\n HostName 127.0.0.1\n Port {gate.port}\n IdentityFile {key}"
        reach = settings(node, key, proxy_jump="gate")
        message = refused(connector(gate, config=config), reach, HostKeyError)
        subprocess.run(["sh", "-c", message.rpartition("accept it: ")[2]], check=True)
        again = Connector(known_hosts=(known_hosts,))
        assert greet(again.connect("node1", reach)) == b"hello\n"
        again.close()

    def test_a_match_block(self, connector, sshd, key):
        """Port, user and key come from it."""
        config = f'Match originalhost node1 exec "test %n = node1"\n HostName 127.0.0.1\n Port {sshd.port}\n'
        maker = connector(sshd, config=f"{config} IdentityFile {key}\n")
        assert greet(maker.connect("node1", ConnectionSettings(address="node1", become=False))) == b"hello\n"

    def test_an_include(self, connector, sshd, key, home):
        """The host is found in an included file."""
        (home / ".ssh" / "conf.d").mkdir()
        (home / ".ssh" / "conf.d" / "lab").write_text(
            f"Host node1\n HostName 127.0.0.1\n Port {sshd.port}\n IdentityFile {key}\n"
        )
        maker = connector(sshd, config="Include conf.d/*\n")
        assert greet(maker.connect("node1", ConnectionSettings(address="node1", become=False))) == b"hello\n"

    def test_a_proxy_command(self, connector, sshd, key):
        """Its streams carry the connection; it ends with it."""
        relay = f"{program('busybox')} nc %h %p"
        transport = connector(sshd).connect("node1", settings(sshd, key, proxy_command=relay))
        assert transport.run("head -c 3000000 /dev/zero").stdout == bytes(3_000_000)
        transport.close()
        ours = subprocess.run(["pgrep", "-P", str(os.getpid()), "-f", "nc 127"], capture_output=True, check=False)
        assert ours.stdout == b""

    def test_a_proxy_command_that_fails_is_quoted(self, connector, sshd, key):
        """What it said is the reason."""
        command = "sh -c 'echo no way out >&2; exit 3'"
        message = refused(connector(sshd), settings(sshd, key, proxy_command=command))
        assert message.endswith("ended with exit code 3; it said: no way out")

    def test_two_hundred_connections_at_once(self, connector, sshd, key):
        """Every one has its own answer."""
        maker = connector(sshd, connect_timeout=60.0)
        reach = settings(sshd, key)

        def one(number):
            transport = maker.connect(f"node{number}", reach)
            try:
                return transport.run(f"echo {number}", silence=300).stdout
            finally:
                transport.close()

        with ThreadPoolExecutor(200) as pool:
            assert list(pool.map(one, range(200))) == [b"%d\n" % number for number in range(200)]
