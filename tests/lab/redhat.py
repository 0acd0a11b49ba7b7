"""The RHEL-like node's root tree: a Debian that calls itself Rocky Linux, with real dnf and rpm and a repository.

The repository lies on the node and holds RPMs made on the spot from Debian's own binaries, so that what dnf
installs is real: mount.nfs, exportfs, rpcbind, rpc.statd and their units. apt and dpkg are gone.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab.cache import entry
from tests.lab.errors import LabError
from tests.lab.images import debian_root
from tests.lab.sources import apt_proxy, debian_sources

if TYPE_CHECKING:
    from collections.abc import Sequence

REPOSITORY = "var/cache/lab-rpms"
"""Where in the tree the RPM repository lies."""

_OS_RELEASE = """\
NAME="Rocky Linux"
VERSION="9.4 (Blue Onyx)"
ID="rocky"
ID_LIKE="rhel centos fedora"
VERSION_ID="9.4"
PLATFORM_ID="platform:el9"
PRETTY_NAME="Rocky Linux 9.4 (Blue Onyx)"
CPE_NAME="cpe:/o:rocky:rocky:9::baseos"
"""

_REPO = f"""\
[baseos]
name=Rocky Linux 9 - BaseOS, as far as the lab has it
baseurl=file:///{REPOSITORY}
enabled=1
gpgcheck=0
"""

_SPEC = """\
%global debug_package %{{nil}}
%global __os_install_post %{{nil}}
%global _build_id_links none
%define _unpackaged_files_terminate_build 0
Name: {name}
Version: {version}
Release: {release}
Summary: {name} of the lab
License: see the project
AutoReqProv: no
{headers}

%description
{name}, repacked for the lab.

%install
mkdir -p %{{buildroot}}
cp -a {files}/. %{{buildroot}}/

%files -f {listing}

{scripts}
"""

# What an installed system provides that no package of the repository does.
_PROVIDES = """\
Provides: system-release = 9.4
Provides: system-release(releasever) = 9
Provides: redhat-release = 9.4
Provides: /bin/sh
Provides: /usr/bin/sh
Provides: bash
Provides: coreutils
Provides: kmod
Provides: shadow-utils
Provides: systemd
"""

_RPCBIND_SCRIPTS = """\
%pre
getent passwd _rpc >/dev/null || useradd --system --home-dir /run/rpcbind --shell /usr/sbin/nologin _rpc

%post
systemd-tmpfiles --create rpcbind.conf >/dev/null 2>&1 || :
systemctl daemon-reload >/dev/null 2>&1 || :
"""

_NFS_SCRIPTS = """\
%pre
getent passwd rpcuser >/dev/null || useradd --system --home-dir /var/lib/nfs --shell /usr/sbin/nologin rpcuser

%post
systemctl daemon-reload >/dev/null 2>&1 || :
"""

_INSTALL = """
apt-get -q update
apt-get -q --yes --no-install-recommends install dnf rpm createrepo-c
dpkg-query --show --showformat '${Package}\\n' >/root/installed
"""

_FINISH = f"""
for spec in /root/rpm/*.spec; do
    rpmbuild -bb --quiet --target x86_64 --define '_topdir /root/rpm/build' --define '_rpmdir /{REPOSITORY}' "$spec"
done
createrepo_c --quiet /{REPOSITORY}
rm -rf /root/rpm /root/installed
ln -sf dnf /usr/bin/yum
dnf -q -y install rocky-release
sed -i 's/^nogroup:/nobody:/' /etc/group /etc/gshadow
sed -i 's/nogroup/nobody/' /usr/lib/sysusers.d/*.conf
find /usr/bin /usr/sbin \\( -name 'apt*' -o -name 'dpkg*' -o -name 'rpmbuild*' -o -name 'createrepo*' \\) -delete
rm -rf /etc/apt /etc/dpkg /etc/debian_version /usr/lib/apt /usr/lib/dpkg /usr/share/dpkg \\
    /var/cache/apt /var/cache/lab-repo /var/cache/dnf /var/lib/apt /var/lib/dpkg
"""

_LEFT_OUT = (
    *(f"usr/share/{name}" for name in ("doc", "man", "lintian", "bug", "nfs-common", "nfs-kernel-server")),
    *("etc/init.d", "etc/default"),
)
_STATD_OWNS = ("/var/lib/nfs/sm", "/var/lib/nfs/sm.bak", "/var/lib/nfs/state")
_DEBIAN_UNITS = ("nfs-kernel-server.service", "nfs-common.service", "portmap.service")


def redhat_root() -> Path:
    """The tree, as :func:`tests.lab.images.debian_root` gives those of Debian; LabError when it can't be built."""
    origin = debian_root("12")
    key = [origin.parent.name, Path(__file__).read_text()]
    return entry("root-redhat", key, lambda folder: _build(folder / "root", origin)) / "root"


def _build(root: Path, origin: Path) -> None:
    _call(["cp", "--archive", "--reflink=auto", str(origin), str(root)])
    sources = root / "etc/apt/sources.list"
    archive = root / "var/cache/lab-repo"
    sources.write_text("".join(f"{line}\n" for line in debian_sources("bookworm")))
    if proxy := apt_proxy():
        (root / "etc/apt/apt.conf.d/proxy").write_text(f'Acquire::http::Proxy "{proxy}";\n')
    resolver = root / "etc/resolv.conf"
    resolver.unlink(missing_ok=True)
    shutil.copyfile("/etc/resolv.conf", resolver)
    _in_tree(root, _INSTALL)
    resolver.write_text("")

    work = root / "root/rpm"
    work.mkdir()
    installed = set((root / "root/installed").read_text().split())
    debs = {path.name.partition("_")[0]: path for path in sorted(archive.glob("*.deb"))}
    (work / "rocky-release/etc").mkdir(parents=True)
    (work / "rocky-release/etc/redhat-release").write_text("Rocky Linux release 9.4 (Blue Onyx)\n")
    _spec(root, "rocky-release", [], headers=_PROVIDES, version="9.4")
    nfs = [debs.pop("nfs-common"), debs.pop("nfs-kernel-server")]
    rpcbind = debs.pop("rpcbind")
    libraries = [name for name in debs if name not in installed and not name.startswith(("python", "libpython"))]
    for name in libraries:
        _spec(root, name, [debs[name]])
    requires = "".join(f"Requires: {name}\n" for name in [*libraries, "rpcbind"])
    _spec(root, "rpcbind", [rpcbind], scripts=_RPCBIND_SCRIPTS)
    _spec(root, "nfs-utils", nfs, headers=requires, scripts=_NFS_SCRIPTS)

    release = root / "usr/lib/os-release"
    release.write_text(_OS_RELEASE)
    (root / "etc/yum.repos.d").mkdir(exist_ok=True)
    (root / "etc/yum.repos.d/lab.repo").write_text(_REPO)
    _in_tree(root, _FINISH)


def _spec(
    root: Path, name: str, debs: Sequence[Path], *, headers: str = "", scripts: str = "", version: str = ""
) -> None:
    """Lay out the files of one RPM under the tree's /root/rpm and write the spec file that packs them."""
    work = root / "root/rpm"
    files = work / name
    files.mkdir(exist_ok=True)
    for deb in debs:
        _call(["dpkg-deb", "--extract", str(deb), str(files)])
        version = version or _upstream_version(deb)
    if name == "nfs-utils":
        _complete_nfs_utils(files)
    for top in ("bin", "sbin", "lib", "lib64"):
        if (files / top).is_dir():
            _call(["cp", "--archive", str(files / top), str(files / "usr")])
            shutil.rmtree(files / top)
    for path in _LEFT_OUT:
        shutil.rmtree(files / path, ignore_errors=True)
    for unit in _DEBIAN_UNITS:
        (files / "usr/lib/systemd/system" / unit).unlink(missing_ok=True)
    listing = work / f"{name}.files"
    entries = [_file_line(path, files) for path in sorted(files.rglob("*")) if path.is_symlink() or not path.is_dir()]
    state = files / "var/lib/nfs"
    entries += [_file_line(path, files) for path in [state, *sorted(state.glob("*"))] if path.is_dir()]
    listing.write_text("".join(f"{line}\n" for line in entries))
    spec = _SPEC.format(
        name=name,
        version=version,
        release="1.el9",
        headers=headers,
        files=f"/root/rpm/{name}",
        listing=f"/root/rpm/{listing.name}",
        scripts=scripts,
    )
    (work / f"{name}.spec").write_text(spec)


def _file_line(path: Path, files: Path) -> str:
    name = f"/{path.relative_to(files)}"
    if name.startswith("/etc/"):
        return f"%config(noreplace) {name}"
    owned = "%attr(-, rpcuser, rpcuser) " if name in _STATD_OWNS else ""
    return f"{owned}{'%dir ' if path.is_dir() and not path.is_symlink() else ''}{name}"


def _complete_nfs_utils(files: Path) -> None:
    """Add what Debian's maintainer scripts make and Red Hat's package contains."""
    for template in (files / "usr/share/nfs-common/conffiles").glob("*.conf"):
        shutil.copyfile(template, files / "etc" / template.name)
    (files / "etc/exports").write_text("")
    (files / "etc/exports.d").mkdir(exist_ok=True)
    (files / "var/lib/nfs/state").touch()


def _upstream_version(deb: Path) -> str:
    version = subprocess.run(
        ["dpkg-deb", "--field", str(deb), "Version"], capture_output=True, text=True, check=True
    ).stdout.strip()
    return version.rpartition(":")[2].partition("-")[0].replace("+", ".")


def _in_tree(root: Path, script: str) -> None:
    """Run shell text in the tree, in mount and process namespaces of its own; packages start no services there."""
    policy = root / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    quoted = shlex.quote(str(root))
    inner = f'mount -t proc proc {quoted}/proc && DEBIAN_FRONTEND=noninteractive exec chroot {quoted} sh -euc "$1"'
    try:
        _call(["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", inner, "sh", script])
    finally:
        policy.unlink()


def _call(command: Sequence[str]) -> None:
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode:
        lines = (done.stdout + done.stderr).strip().splitlines()[-30:]
        raise LabError(f"{command[0]} ended with code {done.returncode}; its last lines:\n" + "\n".join(lines))
