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

install -m 0644 /srv/patchtide-lab/key.gpg /usr/share/keyrings/patchtide-lab.gpg
cat >/etc/apt/sources.list.d/patchtide-lab.sources <<'END'
Types: deb
URIs: copy:/srv/patchtide-lab
Suites: lab
Components: main
Signed-By: /usr/share/keyrings/patchtide-lab.gpg
END

mkdir -p /etc/tidepool
echo "$environment" >/etc/tidepool/environment
if [ -n "$package" ]; then
    dpkg --install "/srv/patchtide-lab/$package"
fi
