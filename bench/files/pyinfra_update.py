"""The update and its checks as a pyinfra deploy."""

from pyinfra.operations import apt, server

apt.update()
apt.dist_upgrade()
server.shell(
    name="See the service run and answer",
    commands=[
        "systemctl is-active --quiet tidepool",
        "python3 -c 'import urllib.request as u; u.urlopen(\"http://127.0.0.1:8080/healthz\", timeout=5)'",
    ],
    _retries=15,
    _retry_delay=1,
)
