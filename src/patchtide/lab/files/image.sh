#!/bin/sh
# Finishes the image of a lab's hosts; $1 is its root directory. Run by mmdebstrap after the packages are installed.
set -eu
root=$1

# Each host makes its own host keys at its first start.
rm -f "$root"/etc/ssh/ssh_host_*
cat >"$root/etc/systemd/system/host-keys.service" <<'END'
[Unit]
Description=Make this host's own SSH keys
Before=ssh.service
ConditionPathExists=!/etc/ssh/ssh_host_ed25519_key

[Service]
Type=oneshot
ExecStart=/usr/bin/ssh-keygen -A

[Install]
WantedBy=multi-user.target
END
chroot "$root" systemctl enable host-keys.service ssh.service nginx.service

# A second way in, for those who practise with become.
chroot "$root" useradd --create-home --shell /bin/bash deploy
echo "deploy ALL=(ALL) NOPASSWD: ALL" >"$root/etc/sudoers.d/deploy"
chmod 0440 "$root/etc/sudoers.d/deploy"

# What only the build needed.
rm -f "$root/etc/apt/apt.conf.d/docker-clean" "$root/etc/hostname" "$root/etc/resolv.conf"
