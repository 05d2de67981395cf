# Goes on where host.sh ends, on a host with dnf.
cat >/etc/yum.repos.d/patchtide-lab.repo <<'END'
[patchtide-lab]
name=practice packages of a Patchtide lab
baseurl=file:///srv/patchtide-lab/rpm
gpgcheck=0
metadata_expire=0
END

if [ -n "$package" ]; then
    dnf --quiet --assumeyes install "/srv/patchtide-lab/$package"
fi
