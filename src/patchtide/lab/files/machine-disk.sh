#!/bin/sh
# Fills the disk of a machine: machine-disk.sh DISK OWNER COMMAND..., whose output is the archive of the new root.
# Leaves kernel and initrd of that root beside the disk: the first start has no boot loader yet. Run as root, for the files
# belong to many users; it mounts nothing, so that it does in a container what it does anywhere.
set -eu
disk=$1 owner=$2
shift 2
root=$disk.root
trap 'rm -rf "$root" "$disk.tar" "$disk.partition"' EXIT
"$@" >"$disk.tar"
rm -rf "$root"
mkdir "$root"
tar --extract --file="$disk.tar" --directory="$root" --numeric-owner --xattrs --xattrs-include='*'
truncate --size "$(($(stat -c %s "$disk") - 1048576))" "$disk.partition"
mkfs.btrfs --quiet --label patchtide --rootdir "$root" "$disk.partition"
dd if="$disk.partition" of="$disk" bs=1M seek=1 conv=notrunc,sparse status=none
cat "$root"/boot/vmlinuz-* >"$disk.kernel"
cat "$root"/boot/initrd.img-* >"$disk.initrd"
chown "$owner" "$disk.kernel" "$disk.initrd"
