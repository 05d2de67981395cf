"""The ways a host can have gone before its update, each of which has to lead back."""

from tests.roundtrip.rounds import Case

OFFERED = ("1.1", "1.6", "1.10", "1.30", "1.31")
_ALONE = ", ".join(
    f'{{package: "{pattern}", owner: tests, reason: about tidepool only, until: 2099-12-31}}'
    for pattern in ("[!t]*", "t[!i]*")
)
_TIDEPOOL = f"removals: allow, exclude: [{_ALONE}]"


def _pinned(version: str) -> str:
    """A script that lets a host see one version of tidepool and no later one."""
    pin = f"Package: tidepool\\nPin: version {version}\\nPin-Priority: 1001\\n"
    return f"printf '{pin}' >/etc/apt/preferences.d/way\n"


def _only(version: str) -> str:
    """The same for a host with dnf."""
    others = " ".join(f"tidepool-{other}-1" for other in OFFERED if other != version)
    return f"echo 'excludepkgs={others}' >>/etc/dnf/dnf.conf\n"


_EDITED = """
sed -i 's/worker_connections .*/worker_connections 512;/' /etc/nginx/nginx.conf
rm /etc/nginx/koi-win
chmod 0640 /etc/ssl/openssl.cnf
chown root:www-data /etc/nginx/fastcgi.conf
systemctl disable --now nginx.service 2>/dev/null
apt-mark -q hold tzdata >/dev/null
apt-mark -q auto openssl >/dev/null
"""
_EDITED_TIDEPOOL = """
echo 'depth = 7' >>/etc/tidepool/tidepool.conf
chmod 0664 /etc/tidepool/tidepool.conf
"""
_NO_OLD_VERSIONS = """
apt-get -q update >/dev/null
DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install dpkg-repack >/dev/null
apt-get clean
dpkg-deb --raw-extract /srv/patchtide-lab/pool/tidepool_1.0_all.deb /root/own
sed -i 's/^Version: .*/Version: 1.0+own/' /root/own/DEBIAN/control
dpkg-deb --root-owner-group --build /root/own /root/own.deb >/dev/null
dpkg --install /root/own.deb >/dev/null
for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ ! -e "$list" ] || sed -i -e '/security/b' -e '/^deb /s/^/# /' "$list"
done
"""
_LEGACY_RPM = """
dnf -q -y install /srv/patchtide-lab/rpm/tidepool-legacy-1.30-1.noarch.rpm
echo 'depth = 7' >>/etc/tidepool-legacy.conf
dnf -q mark remove tidepool-legacy
"""
CASES = (
    Case("everything", "every pending update, with a conffile that changes", _pinned("1.6") + _EDITED),
    Case(
        "removal",
        "an update that takes the place of another package",
        _pinned("1.30")
        + "dpkg --install /srv/patchtide-lab/pool/tidepool-legacy_1.30_all.deb >/dev/null\n"
        + "echo 'depth = 7' >>/etc/tidepool-legacy.conf\napt-mark -q auto tidepool-legacy >/dev/null\n",
        _TIDEPOOL,
    ),
    Case("newdeps", "an update that needs a new package", _pinned("1.10"), _TIDEPOOL),
    Case(
        "conffile",
        "a conffile that changes and that the admin had edited",
        _pinned("1.6") + _EDITED_TIDEPOOL,
        _TIDEPOOL,
    ),
    Case(
        "repack",
        "old versions that no mirror has any more",
        _pinned("1.1") + _NO_OLD_VERSIONS + _EDITED_TIDEPOOL + _EDITED,
    ),
    Case(
        "killed",
        "dpkg killed in the middle of a postinst",
        _pinned("1.31"),
        _TIDEPOOL,
        meanwhile="pgrep -f 'tidepool[.]postinst' >/dev/null && pkill -KILL -x dpkg",
        breaks=True,
    ),
    Case(
        "rpm",
        "an RPM package whose configuration changes and was edited",
        _only("1.6") + _EDITED_TIDEPOOL,
        system="dnf",
    ),
    Case("rpm-newdeps", "an RPM package that needs a new one", _only("1.10"), system="dnf"),
    Case("rpm-removal", "an RPM package that obsoletes another", _only("1.30") + _LEGACY_RPM, _TIDEPOOL, system="dnf"),
    Case(
        "rpm-killed",
        "dnf's library killed in the middle of a %post script",
        _only("1.31") + _EDITED_TIDEPOOL,
        meanwhile="pgrep -f '[/]var/tmp/rpm-tmp' >/dev/null && pkill -KILL -f '[p]atchtide-dnfside'",
        breaks=True,
        system="dnf",
    ),
)
