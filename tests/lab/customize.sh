#!/bin/sh
# Runs inside a new root tree, before its package lists are cleaned up: makes it a machine of the lab.
# $1: machine (vm or container); $2: flavour (bare or prepared); $3: the password of `admin`; the rest: the packages
# that a bare machine lacks, with all they need, and that its own apt can install without a network.
set -eu
machine=$1 flavour=$2 password=$3
shift 3
export DEBIAN_FRONTEND=noninteractive LC_ALL=C

if [ "$flavour" = bare ]; then
    repository=/var/cache/lab-repo
    mkdir -p "$repository/partial"
    apt-get -q --yes --no-install-recommends --download-only -o "Dir::Cache::archives=$repository" install "$@"
    rm -rf "$repository/partial" "$repository/lock"
    cd "$repository"
    for deb in *.deb; do
        dpkg-deb --field "$deb"
        echo "Filename: ./$deb"
        echo "Size: $(stat -c %s "$deb")"
        echo "SHA256: $(sha256sum "$deb" | cut -d' ' -f1)"
        echo
    done >Packages
    # Without it apt asks for every way of compression in turn.
    cat >Release <<END
Date: $(date -u '+%a, %d %b %Y %H:%M:%S +0000')
SHA256:
 $(sha256sum Packages | cut -d' ' -f1) $(stat -c %s Packages) Packages
END
    cd /
else
    repository=
    # Services start on boot, not here.
    apt-get -q --yes --no-install-recommends install "$@"
fi

# The mirrors are kept for who wants them back; a machine of the lab depends on no network.
mkdir -p /etc/apt/mirrors
find /etc/apt -maxdepth 2 \( -name '*.list' -o -name '*.sources' \) -exec mv -t /etc/apt/mirrors {} +
if [ -n "$repository" ]; then
    echo "deb [trusted=yes] file:$repository ./" >/etc/apt/sources.list
fi

useradd --create-home --shell /bin/bash --gid users operator # Debian has a group of this name, for backups
echo 'operator ALL=(ALL:ALL) NOPASSWD: ALL' >/etc/sudoers.d/operator
chmod 0440 /etc/sudoers.d/operator
useradd --create-home --shell /bin/bash --groups sudo admin
printf 'admin:%s\n' "$password" | chpasswd

# Whoever boots the machine brings its host key and the key that it lets in.
rm -f /etc/ssh/ssh_host_*
cat >/etc/ssh/sshd_config.d/lab.conf <<'END'
AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/lab_authorized_keys
HostKey /etc/ssh/ssh_host_ed25519_key
MaxStartups 200
UseDNS no
PrintMotd no
PrintLastLog no
END

: >/etc/machine-id
echo 'LANG=C.UTF-8' >/etc/default/locale
systemctl --quiet enable systemd-networkd.service ssh.service
# What would wake up by itself and make a test's machine busy, or its package manager locked.
systemctl --quiet mask systemd-networkd-wait-online.service e2scrub_reap.service e2scrub_all.timer \
    apt-daily.timer apt-daily-upgrade.timer fstrim.timer dpkg-db-backup.timer

if [ "$machine" = container ]; then
    systemctl --quiet mask systemd-udevd.service systemd-udevd-kernel.socket systemd-udevd-control.socket \
        systemd-udev-trigger.service
    exit 0
fi

echo '/dev/vda / ext4 errors=remount-ro 0 1' >/etc/fstab
echo 'nameserver 10.0.2.3' >/etc/resolv.conf
cat >/etc/systemd/network/10-outside.network <<'END'
[Match]
Name=eth0
[Network]
Address=10.0.2.15/24
Gateway=10.0.2.2
LinkLocalAddressing=no
IPv6AcceptRA=no
END
cat >/etc/systemd/system/lab-seed.service <<'END'
[Unit]
Description=Take on the identity that the lab hands over
DefaultDependencies=no
RequiresMountsFor=/etc
After=systemd-remount-fs.service local-fs.target
Before=network-pre.target systemd-networkd.service ssh.service sysinit.target
Wants=network-pre.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'modprobe qemu_fw_cfg && sh /sys/firmware/qemu_fw_cfg/by_name/opt/mountwright/seed/raw'
StandardOutput=journal+console
StandardError=journal+console
[Install]
WantedBy=sysinit.target
END
systemctl --quiet enable lab-seed.service
