#!/bin/sh
# See that the Debian packages are there which the tests and the lab stand on: installed through apt by root;
# anybody else is told the one command that installs them.
set -eu

packages='
busybox-static createrepo-c dash dnf dpkg-dev e2fsprogs fish gcc git iproute2 kmod make mmdebstrap openssh-client
openssh-server perl procps python3 python3-venv qemu-system-x86 qemu-utils rpm shellcheck sudo systemd-container tcsh
util-linux zstd
'

missing=
for package in $packages; do
    status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || status=
    [ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
    echo "The lab needs packages that are not installed. Install them with this command, then run it again:" >&2
    echo "    sudo apt-get install --no-install-recommends --yes$missing" >&2
    exit 1
fi
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
apt-get -q -o DPkg::Lock::Timeout=600 update
# shellcheck disable=SC2086 # a list of words
apt-get -q -o DPkg::Lock::Timeout=600 install --no-install-recommends --yes $missing
