"""Health on real hosts: slower than it was, down as it was, looked at from the controller, crashing again and again."""

import http.server
import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import parse_qs, urlparse

import pytest
from tests.system.conftest import Made, Project

pytestmark = pytest.mark.system

# A service of the host's own; where the marker is, it is 40 % slower with tidepool 1.1 than with 1.0.
TIDES = """\
import http.server, json, os, time
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        new = json.load(open("/usr/lib/tidepool/release.json"))["version"] == "1.1"
        time.sleep(0.42 if new and os.path.exists("/etc/slow-tides") else 0.3)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"high")
    def log_message(self, *_):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", 9000), Page).serve_forever()
"""
UNIT = "[Service]\nExecStart=/usr/bin/python3 /usr/local/lib/tides.py\n[Install]\nWantedBy=multi-user.target\n"
HEALTH = """\
health:
  - {{name: web, http: {{port: 8080, path: /healthz}}, deadline: 15s}}
  - {{name: tides, http: {{port: 9000, p95_within: 25%, samples: 25}}, deadline: 60s}}
  - {{name: never-up, tcp: {{port: 9}}, timeout: 1s, deadline: 2s}}
  - {{name: errors, prometheus: {{url: "http://127.0.0.1:{port}", query: 'errors{{instance="{{host}}"}}', max: 1}}}}
  - {{name: smoke, playbook: smoke.yml, deadline: 60s}}
  - {{name: database, sql: {{client: {psql}, password_file: /etc/probe.password, matches: "^1$"}}, deadline: 20s}}
"""
PSQL = ["psql", "-h", "127.0.0.1", "-U", "probe", "-d", "postgres", "-A", "-t", "-c", "select 1"]
PASSWORD = "low-water-17"
# PostgreSQL as Debian has it, for a user with a password. Where the marker is, it only runs with tidepool 1.0.
DATABASE = f"""\
set -e
apt-get -q update
DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install postgresql
runuser -u postgres -- psql -c "create role probe login password '{PASSWORD}'"
umask 077
echo {PASSWORD} > /etc/probe.password
cat > /usr/local/sbin/with-tidepool << 'END'
#!/bin/sh
test -e /etc/old-tides-only || exit 0
test "$(dpkg-query -W -f '${{Version}}' tidepool)" = 1.0 && systemctl start postgresql || systemctl stop postgresql
END
chmod 755 /usr/local/sbin/with-tidepool
echo 'DPkg::Post-Invoke {{"/usr/local/sbin/with-tidepool";}};' > /etc/apt/apt.conf.d/99tides
"""
SMOKE = """\
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.command: test -e /usr/lib/tidepool/release.json
      changed_when: false
"""


@contextmanager
def prometheus() -> Iterator[tuple[int, list[str]]]:
    """A server that has a value for every query, and what it was asked."""
    queries: list[str] = []

    class Api(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            queries.append(parse_qs(urlparse(self.path).query)["query"][0])
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"status": "success", "data": {"resultType": "scalar", "result": [1, "0.5"]}}')

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port, queries
        server.shutdown()
        thread.join()


def judged_by(project: Project, health: str) -> None:
    path = project.directory / "patchtide.yml"
    path.write_text(path.read_text("utf-8").partition("health:")[0] + health, "utf-8")


def why(project: Project, host: str) -> str:
    return next(str(one["why"]) for one in project.status()["hosts"] if one["name"] == host)


def asks(project: Project, host: str) -> str:
    """What the database of a host answers to its client, past SSH and Patchtide."""
    return project.fleet.shell(host, ["env", f"PGPASSWORD={PASSWORD}", *PSQL]).stdout.strip()


def looks(project: Project, host: str, check: str) -> list[str]:
    """How a check came out on a host, look by look, as the log has it."""
    with closing(sqlite3.connect(f"file:{project.directory}/.patchtide/log.db?mode=ro", uri=True)) as log:
        rows = log.execute("SELECT body FROM events WHERE kind = 'host_finished' ORDER BY seq").fetchall()
    told = [answer for row in rows if (answer := json.loads(row[0]))["host"] == host]
    return [one["status"] for answer in told for one in answer["finding"]["measurements"] if one["name"] == check]


def test_slower_than_it_was_goes_back_and_down_as_it_was_does_not(made: Made) -> None:
    """One host has a slow service and a stopped database after its update; the other one is as it was."""
    project = made(test=2, offered=["1.1"])
    project.configure(test=", failure_budget: 1")
    (project.directory / "smoke.yml").write_text(SMOKE, encoding="utf-8")
    for host in ("test-1", "test-2", "prod-1"):
        assert project.fleet.shell(host, ["tee", "/usr/local/lib/tides.py"], text=TIDES).returncode == 0
        assert project.fleet.shell(host, ["tee", "/etc/systemd/system/tides.service"], text=UNIT).returncode == 0
        project.shell(host, "systemctl", "enable", "--now", "tides.service")
    project.shell("test-1", "sh", "-c", DATABASE)
    project.shell("test-2", "install", "-m", "600", "/dev/null", "/etc/probe.password")  # and no client beside it
    assert asks(project, "test-1") == "1"
    project.shell("test-1", "touch", "/etc/slow-tides", "/etc/old-tides-only")
    with prometheus() as (port, queries):
        judged_by(project, HEALTH.format(port=port, psql=json.dumps(PSQL)))
        project.run()
    assert project.ends() == {"test-1": "rolled_back", "test-2": "patched", "prod-1": "untouched"}
    assert "tides" in why(project, "test-1")
    assert "psql ended with 2" in why(project, "test-1")
    assert asks(project, "test-1") == "1"
    assert looks(project, "test-1", "database") == ["fail", "pass"]  # after its update, and after its way back
    assert looks(project, "test-2", "database") == ["skipped"]  # there is no client
    assert PASSWORD.encode() not in (project.directory / ".patchtide" / "log.db").read_bytes()
    assert project.version("test-1") == "1.0"
    assert project.version("test-2") == "1.1"
    assert set(queries) == {'errors{instance="test-1"}', 'errors{instance="test-2"}'}
    page = project.patchtide("report", "--format", "html").stdout
    assert page.count('<line class="was"') >= 50


def test_a_service_that_crashes_again_and_again_looks_active_and_is_put_back(made: Made) -> None:
    project = made(offered=["1.3"])
    judged_by(project, "health: [{name: units, services: unchanged, crash_window: 30s, deadline: 70s}]\n")
    assert project.run().returncode == 9
    assert project.ends() == {"test-1": "rolled_back", "prod-1": "untouched"}
    assert "tidepool.service crashed and was restarted" in why(project, "test-1")
    assert project.version("test-1") == "1.0"
