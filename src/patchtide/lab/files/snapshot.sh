#!/bin/sh
# Makes the package sources of a host, as they are today, files of its own: no practice waits for a network, and all see
# the same updates until the next image is made. $1 is its root directory. Every file is the distribution's own, checked
# against its signed lists here and again by the host's apt. Run by mmdebstrap after the packages are installed.
set -eu
root=$1

mkdir -m 0755 "$root/srv/mirror"
rm -rf "$root"/var/lib/apt/lists/*
cat >"$root/tmp/snapshot.conf" <<'END'
Acquire::IndexTargets::deb::Packages { KeepCompressed "true"; KeepCompressedAs "xz"; };
APT::Sandbox::User "root";
END
chroot "$root" env APT_CONFIG=/tmp/snapshot.conf sh -eu <<'END'
apt-get -q --error-on=any update

# Moves files to where their mirror has them; its input is lines of URI, which may be escaped, and file.
placed() {
    perl -pe 's/%([0-9a-f]{2})(?=.* )/chr hex $1/gei' | while read -r uri file; do
        place=/srv/mirror/${uri#*://}
        mkdir -p "${place%/*}"
        mv "$file" "$place"
        chmod 0644 "$place"
    done
}

# Both versions of what is pending, and what somebody who practises may want to install.
cd "$(mktemp -d)"
for asked in dist-upgrade "install dpkg-repack" "install postgresql" "install python3-apt"; do
    apt-get -qq -s --no-install-recommends $asked >>simulated
done
wanted=$(sed -En 's/^Inst ([^ ]+) (\[([^]]+)\] )?\(([^ ]+) .*/\1=\4 \1=\3/p' simulated | tr ' ' '\n' | grep -v '=$' | sort -u)
uris=$(apt-get -qq --print-uris download $wanted)
apt-get -qq download $wanted
echo "$uris" | tr -d "'" | cut -d ' ' -f 1,2 | placed

# The lists themselves, and beside each in its mirror the signed release that it is from.
lists=/var/lib/apt/lists
apt-get indextargets --format '$(BASE_URI) $(URI) $(FILENAME) $(METAKEY)' 'Created-By: Packages' |
    while read -r base uri file key; do
        echo "$uri.xz $file"
        echo "${base}InRelease ${file%"$(echo "$key" | tr / _).xz"}InRelease"
    done | sort -u | placed

sed -Ei -e 's|https?://|copy:/srv/mirror/|' -e 's|^deb (\[([^]]*)\] )?|deb [\2 check-valid-until=no] |' \
    /etc/apt/sources.list /etc/apt/sources.list.d/*.list
rm -rf $lists/*
unset APT_CONFIG
apt-get -q --error-on=any update
apt-get -qq -o APT::Sandbox::User=root download $wanted
rm -rf "$PWD"
END
rm "$root/tmp/snapshot.conf"
