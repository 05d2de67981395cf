#!/bin/sh
# Finishes the root of a machine; $1 is its root directory. Run by mmdebstrap after the packages are installed.
set -eu
root=$1
units=$root/etc/systemd/system

# A small initramfs: every byte of it is compressed and read under software emulation.
mkdir -p "$root/etc/initramfs-tools/conf.d"
cat >"$root/etc/initramfs-tools/conf.d/patchtide-lab.conf" <<'END'
MODULES=list
BUSYBOX=n
KEYMAP=n
RESUME=none
FSTYPE=btrfs
COMPRESS=gzip
COMPRESSLEVEL=1
END
printf 'virtio_pci\nvirtio_blk\nbtrfs\n' >"$root/etc/initramfs-tools/modules"
for part in hooks/btrfs hooks/dmsetup hooks/fsck hooks/keymap hooks/resume hooks/thermal scripts/init-top/all_generic_ide \
    scripts/init-top/blacklist scripts/init-top/keymap scripts/local-premount/btrfs scripts/local-premount/resume; do
    rm -f "$root/usr/share/initramfs-tools/$part"
done
chroot "$root" update-initramfs -u

echo 'LABEL=patchtide / btrfs subvol=@rootfs,noatime 0 0' >"$root/etc/fstab"
cat >"$root/etc/default/grub" <<'END'
GRUB_DEFAULT=0
GRUB_TIMEOUT=0
GRUB_DISTRIBUTOR=Debian
GRUB_CMDLINE_LINUX_DEFAULT=""
GRUB_CMDLINE_LINUX="console=ttyS0 quiet mitigations=off"
END
# One menu of one system's kernels: the other parts only ask the disk for what it has not got.
for part in 05_debian_theme 20_linux_xen 30_os-prober 30_uefi-firmware 35_fwupd 40_custom 41_custom; do
    rm -f "$root/etc/grub.d/$part"
done

# All that this machine's sources have is what it is to be offered: a kernel as released, and the newest. Apt would take a
# quarter of a minute for each look through the whole of Debian. The files are Debian's own, checked against its signed lists.
kernels=$root/srv/kernels
mkdir -m 0755 "$kernels"
chroot "$root" apt-get -q update
chroot "$root" sh -euc '
    cd /srv/kernels
    meta=linux-image-cloud-amd64
    installed=$(dpkg-query -W -f "\${Version}" "$meta")
    newest=$(apt-cache show --no-all-versions "$meta" | sed -n "s/^Depends: \(linux-image-[^ ,]*\).*/\1/p")
    apt-get -q -o APT::Sandbox::User=root download "$meta=$installed" "$meta" "$newest"
    apt-ftparchive packages . >Packages
    apt-ftparchive -o APT::FTPArchive::Release::Suite=kernels release . >Release
    apt-get clean
    rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/* /var/lib/apt/lists/*
'
echo 'deb [trusted=yes] copy:/srv/kernels ./' >"$root/etc/apt/sources.list"

printf '[Match]\nName=en* eth*\n[Network]\nDHCP=ipv4\n' >"$root/etc/systemd/network/lab.network"
rm -f "$root/etc/resolv.conf"
echo 'nameserver 10.0.2.3' >"$root/etc/resolv.conf"

# What a practice machine has no use for, and what costs an emulator seconds of every boot.
for unit in e2scrub_reap.service e2scrub_all.timer systemd-binfmt.service systemd-pstore.service \
    proc-sys-fs-binfmt_misc.automount dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount \
    sys-kernel-tracing.mount sys-fs-fuse-connections.mount sys-kernel-config.mount \
    modprobe@configfs.service modprobe@dm_mod.service modprobe@drm.service modprobe@efi_pstore.service \
    modprobe@fuse.service modprobe@loop.service; do
    ln -s /dev/null "$units/$unit"
done
mkdir -p "$root/etc/systemd/system-generators"
for part in cryptsetup debug getty gpt-auto hibernate-resume integritysetup rc-local run system-update sysv veritysetup; do
    ln -s /dev/null "$root/etc/systemd/system-generators/systemd-$part-generator"
done

# Each machine makes its own host keys at its first start, and says them where its owner reads them; whom it lets in
# stands on its second disk.
cat >"$units/host-keys.service" <<'END'
[Unit]
Description=Make this host's own SSH keys
Before=ssh.service
ConditionPathExists=/dev/vdb

[Service]
Type=oneshot
ExecStart=/bin/sh -c 'test -e /etc/ssh/ssh_host_ed25519_key || ssh-keygen -q -t ed25519 -N "" -C root@machine -f /etc/ssh/ssh_host_ed25519_key'
ExecStart=/bin/sh -c 'install -d -m 0700 /root/.ssh && head -n 1 /dev/vdb >/root/.ssh/authorized_keys'
ExecStart=/bin/sh -c 'sed "s/^/host-key: /" /etc/ssh/ssh_host_ed25519_key.pub >/dev/ttyS0'

[Install]
WantedBy=multi-user.target
END

# What needs its disk to be a disk the machine does itself, once, when its image is made: its root becomes the subvolume
# that it boots from then on, with a boot loader.
cat >"$root/usr/local/sbin/lab-finish" <<'END'
#!/bin/sh
set -eu
btrfs subvolume snapshot / /@rootfs
mount -o subvol=@rootfs /dev/vda1 /mnt
rm /mnt/usr/local/sbin/lab-finish /mnt/etc/systemd/system/lab-finish.service \
    /mnt/etc/systemd/system/multi-user.target.wants/lab-finish.service
for folder in dev proc sys; do mount --rbind "/$folder" "/mnt/$folder"; done
chroot /mnt grub-install /dev/vda
chroot /mnt update-grub
: >/mnt/etc/machine-id
rm -rf /mnt/var/log/journal
sync
echo lab-finished >/dev/ttyS0
END
chmod 0755 "$root/usr/local/sbin/lab-finish"
cat >"$units/lab-finish.service" <<'END'
[Unit]
Description=Install the boot loader and forget this first start
After=multi-user.target

[Service]
Type=oneshot
ExecStart=/usr/local/sbin/lab-finish
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
