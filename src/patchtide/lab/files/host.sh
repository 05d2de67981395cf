#!/bin/sh
# Prepares a started host of a lab; its input is this script. Arguments: public key, words of the environment, package.
set -eu
key=$1 environment=$2 package=$3

for home in /root /home/deploy; do
    owner=$(stat -c %u:%g "$home")
    install -d -m 0700 -o "${owner%:*}" -g "${owner#*:}" "$home/.ssh"
    echo "$key" >"$home/.ssh/authorized_keys"
    chown "$owner" "$home/.ssh/authorized_keys"
    chmod 0600 "$home/.ssh/authorized_keys"
done

mkdir -p /etc/tidepool
echo "$environment" >/etc/tidepool/environment
