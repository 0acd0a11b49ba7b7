#!/bin/sh
# Makes this machine a Ceph cluster of its own: a monitor, a manager, an OSD that keeps its data in memory, a metadata
# server with a file system. cephx is required everywhere. $1: the address that it is reached on; $2: the file system.
set -eu
address=$1 filesystem=$2
export LC_ALL=C
install -d -o ceph -g ceph -m 0750 /var/lib/ceph/tmp
cd /var/lib/ceph/tmp

# An OSD that ends fast forgets what it has in memory; else it is there again when the OSD is started again.
fsid=$(cat /proc/sys/kernel/random/uuid)
cat >/etc/ceph/ceph.conf <<END
[global]
fsid = $fsid
mon_host = [v2:$address:3300,v1:$address:6789]
public_addr = $address
auth_cluster_required = cephx
auth_service_required = cephx
auth_client_required = cephx
auth_allow_insecure_global_id_reclaim = false
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 8
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_warn_on_pool_no_redundancy = false
mon_allow_pool_delete = true
mon_data_avail_warn = 1
mon_data_avail_crit = 0
mon_max_pg_per_osd = 5000
osd_objectstore = memstore
memstore_device_bytes = 2147483648
osd_fast_shutdown = false
mds_cache_memory_limit = 67108864
END

ceph-authtool --create-keyring mon.keyring --gen-key -n mon. --cap mon 'allow *' >/dev/null
ceph-authtool --create-keyring /etc/ceph/ceph.client.admin.keyring --gen-key -n client.admin \
    --cap mon 'allow *' --cap mgr 'allow *' --cap osd 'allow *' --cap mds 'allow *' >/dev/null
ceph-authtool mon.keyring --import-keyring /etc/ceph/ceph.client.admin.keyring >/dev/null
monmaptool --create --fsid "$fsid" --addv a "[v2:$address:3300,v1:$address:6789]" monmap >/dev/null
chown ceph:ceph mon.keyring monmap

# The tests stop and start them more often than their units allow.
for daemon in mon@a mgr@a osd@0 mds@a; do
    mkdir -p "/etc/systemd/system/ceph-$daemon.service.d"
    cat >"/etc/systemd/system/ceph-$daemon.service.d/lab.conf" <<END
[Unit]
StartLimitIntervalSec=0
END
done
systemctl daemon-reload

as_ceph() { setpriv --reuid=ceph --regid=ceph --init-groups -- "$@"; }
folder() { install -d -o ceph -g ceph -m 0750 "/var/lib/ceph/$1"; }

folder mon/ceph-a
as_ceph ceph-mon --mkfs -i a --monmap monmap --keyring mon.keyring
rm mon.keyring monmap
systemctl start ceph-mon@a

folder mgr/ceph-a
ceph --connect-timeout 20 auth get-or-create mgr.a mon 'allow profile mgr' osd 'allow *' mds 'allow *' \
    -o /var/lib/ceph/mgr/ceph-a/keyring
chown ceph:ceph /var/lib/ceph/mgr/ceph-a/keyring
chmod 0600 /var/lib/ceph/mgr/ceph-a/keyring
systemctl start --no-block ceph-mgr@a

folder osd/ceph-0
uuid=$(cat /proc/sys/kernel/random/uuid)
ceph osd new "$uuid" >/dev/null
ceph auth get-or-create osd.0 mon 'allow profile osd' mgr 'allow profile osd' osd 'allow *' \
    -o /var/lib/ceph/osd/ceph-0/keyring
echo memstore >/var/lib/ceph/osd/ceph-0/type
chown -R ceph:ceph /var/lib/ceph/osd/ceph-0
chmod 0600 /var/lib/ceph/osd/ceph-0/keyring
as_ceph ceph-osd --mkfs -i 0 --osd-uuid "$uuid"
systemctl start ceph-osd@0

folder mds/ceph-a
ceph auth get-or-create mds.a mon 'profile mds' mgr 'profile mds' mds 'allow *' osd 'allow *' \
    -o /var/lib/ceph/mds/ceph-a/keyring
chown ceph:ceph /var/lib/ceph/mds/ceph-a/keyring
chmod 0600 /var/lib/ceph/mds/ceph-a/keyring
systemctl start ceph-mds@a

ceph osd pool create "$filesystem.meta" 8 >/dev/null 2>&1
ceph osd pool create "$filesystem.data" 8 >/dev/null 2>&1
ceph fs new "$filesystem" "$filesystem.meta" "$filesystem.data" >/dev/null 2>&1

tries=0
until [ "$(ceph health)" = HEALTH_OK ] && ceph fs status "$filesystem" 2>/dev/null | grep -q active; do
    tries=$((tries + 1))
    if [ "$tries" -gt 60 ]; then
        ceph status >&2
        exit 1
    fi
    sleep 0.5
done
