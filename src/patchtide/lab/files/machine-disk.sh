#!/bin/sh
# Fills the disk of a machine: machine-disk.sh DISK OWNER COMMAND..., whose output is the archive of the new root.
# Leaves kernel and initrd of that root beside the disk: the first start has no boot loader yet. Run as root.
set -eu
disk=$1 owner=$2
shift 2
mount=$disk.root loop=
trap 'mountpoint -q "$mount" && umount "$mount"; losetup --detach "$loop"; rm -rf "$mount" "$disk.tar"' EXIT
"$@" >"$disk.tar"
loop=$(losetup --find --show --offset 1048576 "$disk")
mkdir "$mount"
mkfs.btrfs --quiet --label patchtide "$loop"
mount "$loop" "$mount"
btrfs subvolume create "$mount/@rootfs" >/dev/null
umount "$mount"
mount -o subvol=@rootfs,compress=zstd:1 "$loop" "$mount"
tar --extract --file="$disk.tar" --directory="$mount" --numeric-owner --xattrs --xattrs-include='*'
cat "$mount"/boot/vmlinuz-* >"$disk.kernel"
cat "$mount"/boot/initrd.img-* >"$disk.initrd"
chown "$owner" "$disk.kernel" "$disk.initrd"
