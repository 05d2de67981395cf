# Goes on where host.sh ends, on a host with apt.
install -m 0644 /srv/patchtide-lab/key.gpg /usr/share/keyrings/patchtide-lab.gpg
cat >/etc/apt/sources.list.d/patchtide-lab.sources <<'END'
Types: deb
URIs: copy:/srv/patchtide-lab
Suites: lab
Components: main
Signed-By: /usr/share/keyrings/patchtide-lab.gpg
END

if [ -n "$package" ]; then
    dpkg --install "/srv/patchtide-lab/$package"
fi
