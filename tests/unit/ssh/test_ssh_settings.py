"""What comes of inventory and ssh_config together."""

import pytest

from mountwright.errors import UnreachableError
from mountwright.secret import Secret
from mountwright.ssh.connector import _ConfigLookup
from mountwright.ssh.settings import resolve


@pytest.fixture
def reach(home, defaults, settings_class):
    def reach(text="", name="node1", **settings):
        (home / ".ssh" / "config").write_text(text)
        lookup = _ConfigLookup(home / ".ssh" / "config")
        return resolve(name, settings_class(**{"address": name, **settings}), lookup, defaults)

    return reach


def hops(endpoint):
    """The way to the endpoint, the nearest hop first."""
    way = []
    while endpoint := endpoint.jump:
        way.insert(0, f"{endpoint.user}@{endpoint.host}:{endpoint.port}")
    return way


def test_without_anything_it_is_as_ssh_has_it(reach, home, defaults):
    """Port 22, the local user, the default keys."""
    endpoint = reach()
    assert (endpoint.host, endpoint.port, endpoint.user, endpoint.jump, endpoint.proxy_command) == (
        "node1", 22, "joe", None, None,
    )  # fmt: skip
    assert endpoint.key_names == ("node1",)
    assert endpoint.known_hosts == defaults.known_hosts
    assert endpoint.default_keys == tuple(f"{home}/.ssh/{name}" for name in ("id_ed25519", "id_ecdsa", "id_rsa"))
    assert (endpoint.connect_timeout, endpoint.keepalive, endpoint.accept_new) == (15.0, 15.0, False)


def test_the_inventory_wins(reach):
    """Address, port, user, options; ssh_config has the rest."""
    text = "Host 10.0.0.1\n Port 1\n User a\n ConnectTimeout 2m\n ServerAliveInterval 7\n HostKeyAlias Gate"
    endpoint = reach(text, address="10.0.0.1", port=2222, user="root", ssh_options={"connecttimeout": "3"})
    assert (endpoint.host, endpoint.port, endpoint.user) == ("10.0.0.1", 2222, "root")
    assert (endpoint.connect_timeout, endpoint.keepalive) == (3.0, 7.0)
    assert endpoint.key_names == ("gate",)


def test_host_patterns_see_the_address(reach):
    """Ansible runs `ssh <ansible_host>`: the inventory's name means nothing to ssh_config then."""
    text = "Host node1\n User by_name\nHost 10.0.0.1\n User by_address"
    assert reach(text).user == "by_name"
    assert reach(text, address="10.0.0.1").user == "by_address"


def test_host_name_and_port_make_the_known_name(reach):
    """known_hosts has [host]:port for other ports; ssh takes the bare name, too."""
    endpoint = reach("Host node1\n HostName %h.Example.COM\n Port 222")
    assert (endpoint.host, endpoint.key_names) == (
        "node1.Example.COM", ("[node1.example.com]:222", "node1.example.com"),
    )  # fmt: skip


def test_tokens_are_those_that_were_settled_on(reach, home, defaults, monkeypatch):
    """%h is the real host, %r and %p the inventory's; %% is a percent sign."""
    monkeypatch.setenv("KEYS", "/keys")
    text = (
        "Host node1\n HostName h1\n IdentityFile %d/a_%h_%r_%u_%n_%p\n IdentityFile ~/50%%h~\n"
        "IdentityFile ${KEYS}/k\n IdentitiesOnly yes\n CertificateFile ~/c\n IdentityAgent ~/agent\n"
        " UserKnownHostsFile ~/k1 %d/k2"
    )
    endpoint = reach(text, user="root", port=7, private_key_file="~/first")
    assert endpoint.explicit_keys == (
        f"{home}/first", f"{home}/a_h1_root_joe_node1_7", f"{home}/50%h~", "/keys/k",
    )  # fmt: skip
    assert endpoint.default_keys == ()
    assert (endpoint.identities_only, endpoint.agent) == (True, f"{home}/agent")
    assert endpoint.certificates == (f"{home}/c",)
    assert endpoint.known_hosts == (home / "k1", home / "k2", defaults.known_hosts[1])


@pytest.mark.parametrize(
    ("text", "settings", "way"),
    [
        ("", {"proxy_jump": "gate"}, ["joe@gate:22"]),
        ("", {"proxy_jump": "a@gate:7"}, ["a@gate:7"]),
        ("", {"proxy_jump": "ssh://a@[fe80::1]:7"}, ["a@fe80::1:7"]),
        ("", {"proxy_jump": "g1, b@g2:3,g3"}, ["joe@g1:22", "b@g2:3", "joe@g3:22"]),
        ("Host node1\n ProxyJump %r@gate", {"user": "x"}, ["x@gate:22"]),
        ("Host node1\n ProxyJump g2\nHost g2\n ProxyJump g1\n User u2", {}, ["joe@g1:22", "u2@g2:22"]),
        ("Host g1\n ProxyJump g0\nHost g2\n ProxyJump other", {"proxy_jump": "g1,g2"},
         ["joe@g0:22", "joe@g1:22", "joe@g2:22"]),
        ("Host node1\n ProxyJump gate", {"proxy_jump": "none"}, []),
        ("Host node1\n ProxyJump none\nHost *\n ProxyJump gate", {}, []),
        ("Host *\n ProxyJump gate", {}, ["joe@gate:22"]),
        ("Host *\n ProxyJump gate", {"name": "gate"}, []),
        ("Host node1\n ProxyJump gate\n ProxyCommand nc", {}, ["joe@gate:22"]),
    ],
)  # fmt: skip
def test_jumps(reach, text, settings, way):
    """One, several, nested in ssh_config, none; a jump host doesn't jump through itself."""
    assert hops(reach(text, **settings)) == way


def test_jumps_in_a_circle_are_refused(reach):
    """Else it would never end."""
    with pytest.raises(UnreachableError, match="in a circle: a <- b <- a"):
        reach("Host a\n ProxyJump b\nHost b\n ProxyJump a", proxy_jump="a")


def test_hosts_behind_one_bastion_share_it(reach):
    """Their ways are equal, whatever else they differ in."""
    text = "Host *\n ProxyJump gate\nHost gate\n User g"
    assert reach(text).jump == reach(text, name="node2", user="root").jump
    assert hash(reach(text).jump) == hash(reach(text, name="node2").jump)


@pytest.mark.parametrize(
    ("text", "settings", "command"),
    [
        ("Host node1\n HostName h\n ProxyCommand nc %h %p # %%", {"port": 7}, "nc h 7 # %"),
        ("Host node1\n ProxyCommand nc\n ProxyJump gate", {}, "nc"),
        ("Host node1\n ProxyCommand none\n ProxyJump gate", {}, None),
        ("Host node1\n ProxyJump gate", {"proxy_command": "nc %r"}, "nc joe"),
        ("Host node1\n ProxyCommand nc", {"proxy_command": "none"}, None),
    ],
)
def test_proxy_command(reach, text, settings, command):
    """It competes with ProxyJump: the first wins, the inventory before all."""
    endpoint = reach(text, **settings)
    assert (endpoint.proxy_command, endpoint.jump) == (command, None)


@pytest.mark.parametrize(
    ("value", "accept_new", "refused"),
    [("yes", False, ""), ("ask", False, ""), ("accept-new", True, ""), ("no", False, "no"), ("off", False, "off")],
)
def test_host_keys_are_always_verified(reach, value, accept_new, refused):
    """`no` is taken for yes, and remembered so that the message can say it."""
    endpoint = reach(ssh_options={"stricthostkeychecking": value})
    assert (endpoint.accept_new, endpoint.checking_refused) == (accept_new, refused)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Port abc", "node1: port of ssh_config is no number: 'abc'"),
        ("ConnectTimeout soon", "node1: connecttimeout of ssh_config is no time: 'soon'"),
        ("ProxyJump a b", "ProxyJump 'a b' is no list of [user@]host[:port]"),
    ],
)
def test_senseless_values_are_the_hosts_failure(reach, text, message):
    """One sentence, no traceback."""
    with pytest.raises(UnreachableError) as caught:
        reach(text)
    assert caught.value.message == message


def test_an_endpoint_shows_no_secret(reach):
    """It may end up in a log."""
    assert "hunter22" not in repr(reach(password=Secret("hunter22")))


def test_the_agent_of_the_environment(reach, monkeypatch):
    """SSH_AUTH_SOCK, unless IdentityAgent says otherwise."""
    monkeypatch.setenv("SSH_AUTH_SOCK", "/run/agent")
    monkeypatch.setenv("OTHER", "/run/other")
    assert reach().agent == "/run/agent"
    assert reach("IdentityAgent none").agent is None
    assert reach("IdentityAgent SSH_AUTH_SOCK").agent == "/run/agent"
    assert reach("IdentityAgent ${OTHER}").agent == "/run/other"


@pytest.mark.parametrize(
    "settings",
    [
        {"name": "$(touch x)"},
        {"address": "a`id`"},
        {"address": "-oProxyCommand=x"},
        {"user": "a;b"},
        {"user": "-l"},
        {"proxy_jump": "$(id)@gate"},
        {"proxy_jump": "a'b"},
    ],
)
def test_what_a_shell_would_act_on_is_no_name(reach, settings):
    """Names stand in ProxyCommand and Match exec, which shells run."""
    with pytest.raises(UnreachableError, match="characters that shells act on"):
        reach("Host *\n ProxyCommand nc %h %r", **settings)
