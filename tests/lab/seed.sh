# What makes a virtual machine of the lab the one that it is. The lab puts assignments before this text, and the
# machine runs it: at its first boot (lab-seed.service), or over ssh when it was restored from a snapshot.
# name, machine_id, hosts, authorized_keys, host_key, host_key_public, lan_mac, lan_address: text, the last two empty
# for a machine without a LAN; now: seconds since 1970 for a machine whose clock stood still, else empty.
# shellcheck shell=sh disable=SC2154
set -eu
[ -z "$now" ] || date -u -s "@$now" >/dev/null

done=/var/lib/lab-seed
if [ -f "$done" ] && [ "$(cat "$done")" = "$machine_id" ]; then
    exit 0
fi
umask 022
printf '%s\n' "$name" >/proc/sys/kernel/hostname
printf '%s\n' "$name" >/etc/hostname
printf '%s\n' "$hosts" >/etc/hosts
chmod 644 /etc/machine-id
printf '%s\n' "$machine_id" >/etc/machine-id
chmod 444 /etc/machine-id
printf '%s\n' "$authorized_keys" >/etc/ssh/lab_authorized_keys
(umask 077 && printf '%s' "$host_key" >/etc/ssh/ssh_host_ed25519_key)
printf '%s\n' "$host_key_public" >/etc/ssh/ssh_host_ed25519_key.pub
if [ -n "$lan_address" ]; then
    cat >/etc/systemd/network/20-lan.network <<END
[Match]
Name=eth1
[Link]
MACAddress=$lan_mac
[Network]
Address=$lan_address/24
LinkLocalAddressing=no
IPv6AcceptRA=no
END
fi
if [ -n "$now" ]; then
    networkctl reload
    systemctl reload ssh
fi
printf '%s\n' "$machine_id" >"$done"
