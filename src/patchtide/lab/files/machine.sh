#!/bin/sh
# Finishes the root of a machine; $1 is its root directory. Run by mmdebstrap after the packages are installed.
set -eu
root=$1
units=$root/etc/systemd/system

# A small initramfs: every byte of it is compressed and read under software emulation.
mkdir -p "$root/etc/initramfs-tools/conf.d"
printf 'MODULES=list\nCOMPRESS=gzip\nCOMPRESSLEVEL=1\n' >"$root/etc/initramfs-tools/conf.d/patchtide-lab.conf"
printf 'virtio_pci\nvirtio_blk\nbtrfs\n' >"$root/etc/initramfs-tools/modules"
chroot "$root" update-initramfs -u

echo 'LABEL=patchtide / btrfs subvol=@rootfs,noatime,compress=zstd:1 0 0' >"$root/etc/fstab"
cat >"$root/etc/default/grub" <<'END'
GRUB_DEFAULT=0
GRUB_TIMEOUT=0
GRUB_DISTRIBUTOR=Debian
GRUB_CMDLINE_LINUX_DEFAULT=""
GRUB_CMDLINE_LINUX="console=ttyS0"
GRUB_DISABLE_OS_PROBER=true
END

printf '[Match]\nName=en* eth*\n[Network]\nDHCP=ipv4\n' >"$root/etc/systemd/network/lab.network"
rm -f "$root/etc/resolv.conf"
echo 'nameserver 10.0.2.3' >"$root/etc/resolv.conf"

# Each machine makes its own host keys at its first start, and says them where its owner reads them; whom it lets in
# stands on its second disk.
cat >"$units/host-keys.service" <<'END'
[Unit]
Description=Make this host's own SSH keys
Before=ssh.service
ConditionPathExists=/dev/vdb

[Service]
Type=oneshot
ExecStart=/usr/bin/ssh-keygen -A
ExecStart=/bin/sh -c 'install -d -m 0700 /root/.ssh && head -n 1 /dev/vdb >/root/.ssh/authorized_keys'
ExecStart=/bin/sh -c 'sed "s/^/host-key: /" /etc/ssh/ssh_host_*_key.pub >/dev/ttyS0'

[Install]
WantedBy=multi-user.target
END

# The boot loader is installed by the machine itself, where its disk is a disk: once, when its image is made.
cat >"$units/lab-finish.service" <<'END'
[Unit]
Description=Install the boot loader and forget this first start
ConditionKernelCommandLine=lab.finish
After=multi-user.target

[Service]
Type=oneshot
ExecStart=/usr/sbin/grub-install /dev/vda
ExecStart=/usr/sbin/update-grub
ExecStart=/bin/sh -c ': >/etc/machine-id; rm -rf /var/log/journal; sync'
ExecStart=/bin/sh -c 'echo lab-finished >/dev/ttyS0'
ExecStopPost=/usr/bin/systemctl --no-block poweroff
StandardOutput=journal+console
StandardError=journal+console

[Install]
WantedBy=multi-user.target
END
chroot "$root" systemctl enable host-keys.service lab-finish.service ssh.service systemd-networkd.service
chroot "$root" useradd --create-home --shell /bin/bash deploy
rm -f "$root"/etc/ssh/ssh_host_* "$root/etc/apt/apt.conf.d/docker-clean"
echo machine >"$root/etc/hostname"
