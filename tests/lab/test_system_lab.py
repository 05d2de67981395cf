"""A practice fleet for real: containers with systemd, sshd, apt and Debian's own updates."""

import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from patchtide import lab
from patchtide.lab.inventory import ssh_options

pytestmark = pytest.mark.system
INSTALL = "DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Options::=--force-confold --allow-downgrades install"

# The lab's own source alone: asking Debian's mirrors again for every version would only take time.
REFRESH = (
    "apt-get -q --error-on=any -o Dir::Etc::SourceList=sources.list.d/patchtide-lab.sources"
    " -o Dir::Etc::SourceParts=- -o APT::Get::List-Cleanup=0 update"
)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[lab.Lab]:
    directory = tmp_path_factory.mktemp("lab")
    spec = lab.default_spec(directory, f"ptlab-{os.getpid()}", test=1, production=2, fragile=("prod-2",))
    try:
        yield lab.up(spec, print)
    finally:
        lab.down(directory, print)


def done(fleet: lab.Lab, host: str, script: str) -> subprocess.CompletedProcess[str]:
    return fleet.shell(host, ["sh", "-c", script])


def said(fleet: lab.Lab, host: str, script: str) -> str:
    result = done(fleet, host, script)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout.strip()


def install(fleet: lab.Lab, host: str, version: str) -> int:
    fleet.offer(version)
    said(fleet, host, REFRESH)
    return done(fleet, host, f"{INSTALL} tidepool={version}").returncode


def installed(fleet: lab.Lab, host: str) -> str:
    return said(fleet, host, "dpkg-query -f '${db:Status-Abbrev}${Version}' -W tidepool")


def health(fleet: lab.Lab, host: str) -> int:
    """The status of /healthz as the machine sees it, once the service listens."""
    deadline = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{fleet.host(host).web_port}/healthz", timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code
        except OSError:
            assert time.monotonic() < deadline, "the web service does not listen"
            time.sleep(0.2)


def ssh(fleet: lab.Lab, host: str, *options: str, user: str = "root") -> subprocess.CompletedProcess[str]:
    port, key = str(fleet.host(host).ssh_port), str(fleet.directory / "id_ed25519")
    command = ["ssh", "-F", "/dev/null", "-p", port, "-i", key, "-o", "BatchMode=yes", *options]
    command += [*ssh_options(fleet.directory), f"{user}@127.0.0.1", "sudo -n id -u"]
    return subprocess.run(command, capture_output=True, check=False, text=True, timeout=60)


def await_boot(fleet: lab.Lab, host: str) -> None:
    deadline = time.monotonic() + 90
    while done(fleet, host, "systemctl is-system-running --wait").stdout.strip() != "running":
        assert time.monotonic() < deadline, f"{host} did not come back"
        time.sleep(0.5)


def test_every_host_runs_with_its_service_and_an_identity_of_its_own(fleet: lab.Lab) -> None:
    assert [(host.state, host.tidepool) for host in lab.status(fleet.directory).hosts] == [("running", "1.0")] * 3
    assert len({said(fleet, host.name, "cat /etc/machine-id") for host in fleet.hosts}) == 3
    assert len({said(fleet, host.name, "cat /etc/ssh/ssh_host_ed25519_key.pub") for host in fleet.hosts}) == 3
    assert [said(fleet, host.name, "systemctl --failed --quiet --plain") for host in fleet.hosts] == ["", "", ""]


def test_ansible_reads_the_inventory_and_reaches_every_host(fleet: lab.Lab) -> None:
    command = ["ansible", "-i", str(fleet.inventory), "env_test:env_prod", "-m", "ansible.builtin.ping", "-o"]
    result = subprocess.run(command, capture_output=True, check=False, text=True, timeout=120)
    assert result.stdout.count("SUCCESS") == 3, result.stdout + result.stderr


def test_both_users_get_in_and_deploy_may_become_root(fleet: lab.Lab) -> None:
    assert [ssh(fleet, "test-1", user=user).stdout for user in ("root", "deploy")] == ["0\n", "0\n"]


@pytest.mark.fault(24, how="known_hosts without the host's key")
def test_a_host_key_that_nobody_read_is_refused(fleet: lab.Lab, tmp_path: Path) -> None:
    (tmp_path / "known_hosts").touch()
    refused = ssh(fleet, "test-1", "-o", f"UserKnownHostsFile={tmp_path}/known_hosts")
    assert refused.returncode == 255
    assert "Host key verification failed" in refused.stderr


def test_real_security_updates_are_pending_both_versions_are_there_and_no_network_is_asked(fleet: lab.Lab) -> None:
    alone = "set -e; way=$(ip route show default); ip route del default; trap 'ip route add $way' EXIT;"
    said(fleet, "test-1", f"{alone} rm -rf /var/lib/apt/lists/*; apt-get -q --error-on=any update")
    plan = said(fleet, "test-1", "apt-get -s upgrade | grep ^Inst").splitlines()
    assert len([line for line in plan if "Debian-Security" in line]) > 5
    pending = [line.replace("[", "(").replace("]", "").split("(")[:3] for line in plan]
    both = [f"{name.split()[1]}={version.split()[0]}" for name, *versions in pending for version in versions]
    assert len(both) == 2 * len(plan)
    said(fleet, "test-1", f"{alone} cd $(mktemp -d); apt-get -q download {' '.join(both)}; rm *.deb")


def test_a_version_shows_when_it_is_offered_and_not_after_it_is_withdrawn(fleet: lab.Lab) -> None:
    look = f"{REFRESH} >/dev/null && apt-cache policy tidepool | grep -o 'Candidate: .*'"
    before = said(fleet, "prod-1", look)
    fleet.offer("1.7")
    assert said(fleet, "prod-1", look) == "Candidate: 1.7" != before
    fleet.withdraw("1.7")
    assert said(fleet, "prod-1", look) == before
    with pytest.raises(lab.LabError, match="not offered"):
        fleet.withdraw("1.7")
    with pytest.raises(lab.LabError, match="no version '9'"):
        fleet.offer("9")


@pytest.mark.fault(29, how="an index that does not fit its signature")
def test_a_repository_changed_by_another_hand_is_refused_by_apt(fleet: lab.Lab) -> None:
    release = fleet.directory / "repository" / "public" / "dists" / "lab" / "InRelease"
    good = release.read_text(encoding="utf-8")
    release.write_text(good.replace("Origin: Patchtide-Lab", "Origin: Debian"), encoding="utf-8")
    try:
        assert done(fleet, "test-1", REFRESH).returncode != 0
    finally:
        release.write_text(good, encoding="utf-8")
    said(fleet, "test-1", REFRESH)


def test_versions_behave_as_they_say_and_go_back(fleet: lab.Lab) -> None:
    expected = {"1.1": (0, 200), "1.2": (0, 500), "1.4": (100, 200), "1.5": (0, 200), "1.11": (0, 500)}
    for version, outcome in expected.items():
        assert (install(fleet, "test-1", version), health(fleet, "test-1")) == outcome, version
    assert (install(fleet, "test-1", "1.0"), health(fleet, "test-1")) == (0, 200)


def test_a_new_package_comes_with_a_version_and_has_to_be_removed_by_somebody(fleet: lab.Lab) -> None:
    assert install(fleet, "test-1", "1.10") == 0
    assert "tidepool-extra" in said(fleet, "test-1", "apt-mark showauto").split()
    assert install(fleet, "test-1", "1.0") == 0
    assert "tidepool-extra" in said(fleet, "test-1", "apt-mark showauto").split()
    said(fleet, "test-1", "apt-get -y purge tidepool-extra")


def test_a_changed_conffile_is_the_packages_where_nobody_edited_it_and_the_hosts_where_somebody_did(
    fleet: lab.Lab,
) -> None:
    conffile = "/etc/tidepool/tidepool.conf"
    assert install(fleet, "test-1", "1.6") == 0
    assert "depth = 3" in said(fleet, "test-1", f"cat {conffile}")
    assert install(fleet, "test-1", "1.0") == 0
    said(fleet, "test-1", f"echo 'greeting = ours' > {conffile}")
    assert install(fleet, "test-1", "1.6") == 0
    assert said(fleet, "test-1", f"cat {conffile}") == "greeting = ours"


def test_some_versions_only_fail_where_the_environment_says_so(fleet: lab.Lab) -> None:
    assert [install(fleet, host, "2.0") for host in ("test-1", "prod-1")] == [0, 0]
    assert [health(fleet, host) for host in ("test-1", "prod-1")] == [200, 500]
    assert [install(fleet, host, "2.1") for host in ("prod-1", "prod-2")] == [0, 0]
    assert [health(fleet, host) for host in ("prod-1", "prod-2")] == [200, 500]


def test_a_version_that_crashes_is_gone_for_a_while_and_comes_again(fleet: lab.Lab) -> None:
    assert install(fleet, "prod-2", "1.3") == 0
    assert health(fleet, "prod-2") == 200
    deadline = time.monotonic() + 60
    while said(fleet, "prod-2", "systemctl show -P NRestarts tidepool") == "0":
        assert time.monotonic() < deadline, "it did not crash"
        time.sleep(1)
    assert health(fleet, "prod-2") == 200


def test_a_version_that_takes_the_network_down_gives_it_back_when_it_goes(fleet: lab.Lab) -> None:
    assert install(fleet, "prod-1", "1.8") == 0
    assert ssh(fleet, "prod-1", "-o", "ConnectTimeout=3").returncode == 255
    assert done(fleet, "prod-1", f"{INSTALL} tidepool=1.0").returncode == 0
    assert ssh(fleet, "prod-1").stdout == "0\n"


def test_a_host_comes_back_after_a_reboot_and_after_its_power_was_cut(fleet: lab.Lab) -> None:
    started = said(fleet, "prod-1", "touch /root/kept; stat -c %Y /proc/1")
    done(fleet, "prod-1", "systemctl reboot")
    deadline = time.monotonic() + 90
    while done(fleet, "prod-1", "stat -c %Y /proc/1").stdout.strip() in {"", started}:
        assert time.monotonic() < deadline, "it did not reboot"
        time.sleep(0.5)
    await_boot(fleet, "prod-1")
    fleet.kill("prod-1")
    assert {host.host.name: host.state for host in lab.status(fleet.directory).hosts}["prod-1"] == "exited"
    fleet.start("prod-1")
    await_boot(fleet, "prod-1")
    assert said(fleet, "prod-1", "ls /root/kept") == "/root/kept"
    assert (ssh(fleet, "prod-1").stdout, health(fleet, "prod-1")) == ("0\n", 200)


def test_a_version_without_a_way_back_stays(fleet: lab.Lab) -> None:
    assert install(fleet, "prod-1", "1.9") == 0
    assert health(fleet, "prod-1") == 500
    assert install(fleet, "prod-1", "1.0") != 0
    assert done(fleet, "prod-1", "apt-get -y remove tidepool").returncode != 0
    assert installed(fleet, "prod-1").endswith("1.9")


def test_a_lab_is_neither_started_twice_nor_in_anothers_place(fleet: lab.Lab, tmp_path: Path) -> None:
    with pytest.raises(lab.LabError, match="there is a lab in"):
        lab.up(lab.default_spec(fleet.directory, "ptlab-twice"), print)
    with pytest.raises(lab.LabError, match="is there already"):
        lab.up(lab.LabSpec(fleet.name, (lab.LabHost("test-1", "test"),), tmp_path / "other"), print)
    assert not (tmp_path / "other").exists()
    assert [host.state for host in lab.status(fleet.directory).hosts] == ["running"] * 3


def test_files_of_others_are_neither_overwritten_nor_removed(tmp_path: Path) -> None:
    (tmp_path / "id_ed25519").write_text("another's key", encoding="utf-8")
    with pytest.raises(lab.LabError, match="in the way of a lab"):
        lab.up(lab.blank_spec(tmp_path, f"ptlab-{os.getpid()}-x"), print)
    lab.down(tmp_path, print)
    assert (tmp_path / "id_ed25519").read_text(encoding="utf-8") == "another's key"


def test_blank_hosts_come_up_beside_another_lab_and_go_without_a_trace(fleet: lab.Lab, tmp_path: Path) -> None:
    directory = tmp_path / "blank"
    blank = lab.up(lab.blank_spec(directory, f"ptlab-{os.getpid()}-b"), print)
    assert [host.tidepool for host in lab.status(directory).hosts] == [None]
    assert lab.load(directory) == blank
    lab.down(directory, print)
    assert not directory.exists()
    assert said(fleet, "test-1", "systemctl is-active tidepool") == "active"
    with pytest.raises(lab.LabError, match="there is no lab"):
        lab.status(directory)
