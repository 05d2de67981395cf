set -e
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
apt-get -qq -y -o Dpkg::Options::=--force-confold dist-upgrade >/dev/null 2>&1
systemctl is-active --quiet tidepool
n=0
until python3 -c 'import urllib.request as u; u.urlopen("http://127.0.0.1:8080/healthz", timeout=5)' 2>/dev/null; do
    n=$((n + 1)); [ $n -lt 15 ]; sleep 1
done
