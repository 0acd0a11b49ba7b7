"""Whether the running kernel has the modules that the host's part needs, or which package brings them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mountwright.doctor.check import Answer, Check
from mountwright.doctor.finding import Finding, error, info, warning
from mountwright.resources.kernel_module_scripts import FIND_BLOCK
from mountwright.shell import Script

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mountwright.duties import Duties

# modinfo finds modules and, from kmod 27 on, built-in ones too; older ones are looked up in modules.builtin.
# As root apt-cache(8) would write its caches to the disk; with no names for them it doesn't.
_BODY = (
    FIND_BLOCK
    + r"""
release=$(uname -r)
if [ -d "/lib/modules/$release" ]; then printf 'tree\t%s\n' "$release"; else printf 'no-tree\t%s\n' "$release"; fi
if have systemd-detect-virt && systemd-detect-virt -q -c 2>/dev/null; then printf 'container\tyes\n'; fi
missing=
have modinfo || printf 'no-kmod\tyes\n'
for module in "$@"; do
    if [ -d "/sys/module/$module" ] || grep -q "^${module} " /proc/modules 2>/dev/null; then state=loaded
    elif grep -qs "/${module}\.ko" "/lib/modules/$release/modules.builtin"; then state=builtin
    elif have modinfo && modinfo -n "$module" >/dev/null 2>&1; then state=available
    elif ! have modinfo && grep -qs "/${module}\.ko" "/lib/modules/$release/modules.dep"; then state=available
    else state=missing
    fi
    if [ "$state" = missing ] &&
        awk -v name="$module" '$NF == name { found = 1 } END { exit !found }' /proc/filesystems
    then state=builtin; fi
    printf 'module\t%s\t%s\n' "$module" "$state"
    [ "$state" != missing ] || missing=1
    pattern=$module
    each_file modprobe.d find_block | while IFS= read -r line; do
        printf 'blocked\t%s\t%s\n' "$module" "${line#blocked=}"
    done
done
if [ -z "$missing" ]; then :
elif have apt-cache; then
    for package in "linux-modules-extra-$release" "linux-image-$release" "linux-modules-$release"; do
        if apt-cache -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= show "$package" >/dev/null 2>&1; then
            if dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^.i'; then continue; fi
            printf 'package\t%s\n' "$package"
        fi
    done
elif have rpm; then
    for package in "kernel-modules-$release" "kernel-modules-extra-$release" "kernel-default-$release"; do
        rpm -q "$package" >/dev/null 2>&1 || printf 'package\t%s\n' "$package"
    done
fi
for tree in /lib/modules/*/; do
    [ -e "${tree}modules.dep" ] || continue
    name=${tree#/lib/modules/}; name=${name%/}
    printf 'installed\t%s\n' "$name"
done
if [ -e /run/reboot-required ] || [ -e /var/run/reboot-required ]; then printf 'reboot\tyes\n'; fi
"""
)


_LISTED = frozenset({"rbd"})  # what roles put into modules-load.d; the others are loaded when they are needed


def needed(duties: Duties) -> dict[str, str]:
    """Return the kernel modules that the duties need, each with what it is for."""
    modules: dict[str, str] = {}
    if duties.mounts_from:
        modules |= {"nfs": "mounting NFS", "nfsv4": "mounting NFSv4"}
        if duties.nfs_v3:
            modules["nfsv3"] = "mounting NFSv3"
    if duties.serves:
        modules["nfsd"] = "serving NFS"
    if duties.rbd:
        modules["rbd"] = "mapping RBD images"
    return modules


def _script(duties: Duties) -> Script | None:
    modules = tuple(needed(duties))
    return Script(_BODY, arguments=modules) if modules else None


def _judge(answer: Answer) -> Iterator[Finding]:
    states = {row[1]: row[2] for row in answer.rows if row[0] == "module"}
    missing = [name for name, state in states.items() if state == "missing"]
    kernel = answer.value("no-tree")
    if kernel and not answer.value("container"):
        yield _no_tree(kernel, missing, [name for name in answer.values("installed") if name != kernel])
    elif missing:
        yield _missing(answer, missing)
    elif answer.value("reboot"):
        yield info("reboot", "an update asks for a reboot (/run/reboot-required)", "reboot when it suits.")
    for row in answer.rows:
        if row[0] == "blocked" and states.get(row[1]) != "builtin":
            yield _blocked(row[1], row[2], states.get(row[1], ""))


def _blocked(name: str, reason: str, state: str) -> Finding:
    """What keeps a module away; the role that loads rbd at every boot refuses it even while it is loaded."""
    remedy = "remove that line."
    if state == "loaded" and name not in _LISTED:
        return warning("module-blocked", f"{name} is blocked by {reason}: after a reboot it will be missing", remedy)
    return error("module-blocked", f"{name} is blocked by {reason}", remedy)


def _no_tree(kernel: str, missing: list[str], others: list[str]) -> Finding:
    why = f"the running kernel {kernel} has no modules on disk"
    if others:
        why += f" (there are those of {', '.join(others)}): the kernel was upgraded and the host not rebooted"
    level = error if missing else warning
    lacks = f"; {', '.join(missing)} can't be loaded" if missing else ""
    return level("kernel", why + lacks, "reboot the host.")


def _missing(answer: Answer, missing: list[str]) -> Finding:
    uses = needed(answer.duties)
    what = ", ".join(f"{name} ({uses.get(name, 'needed')})" for name in missing)
    message = f"the running kernel {answer.os.kernel} has no module {what}"
    if answer.value("container"):
        return warning(
            "module",
            f"{message}, as far as this container can tell",
            f"on the container's host: modprobe {' '.join(missing)}.",
        )
    packages = answer.values("package")
    if answer.value("no-kmod"):
        return error("module", f"{message}, and kmod is not installed", "install kmod and run inv doctor again.")
    if packages:
        install = {"debian": "apt-get install", "redhat": "dnf install", "suse": "zypper install"}
        command = install.get(answer.os.family, "install")
        return warning("module", message, f"{command} {' or '.join(packages)} may bring it (inv site tries).")
    return error("module", message, "boot the distribution's standard kernel, which has it as a module.")


CHECK = Check("modules", _script, _judge)
