# Goes on where image.sh ends: the same system as a practice distribution whose packages are RPMs.
rm -f "$root/etc/os-release"
cat >"$root/etc/os-release" <<'END'
NAME="Patchtide practice system"
ID=patchtide-lab
ID_LIKE="fedora"
VERSION_ID=12
END

# As on every RPM distribution, there is one database, whoever looks.
mkdir -p "$root/etc/rpm" "$root/etc/yum.repos.d" "$root/var/lib/rpm"
echo '%_dbpath /var/lib/rpm' >"$root/etc/rpm/macros"

# This plugin keeps a copy of every package in a repository of its own: old files would never be missing here.
sed -i 's/^enabled.*/enabled = false/' "$root/etc/dnf/plugins/local.conf"

# What the base system gives to packages; it is no RPM here, so that one stands for it in the database.
cat >"$root/tmp/base.spec" <<'END'
Name: patchtide-lab-base
Version: 12
Release: 1
Summary: what the base system of a practice host provides
License: MIT
BuildArch: noarch
AutoReqProv: no
Provides: /bin/sh
Provides: python3
Provides: system-release = 12
%description
Stands for the base system in the database of packages.
%files
END
chroot "$root" rpmbuild --quiet -bb --define "_topdir /tmp/base" /tmp/base.spec
chroot "$root" sh -c "rpm --upgrade /tmp/base/RPMS/noarch/*.rpm"
rm -rf "$root/tmp/base" "$root/tmp/base.spec" "$root/root/.rpmdb"
