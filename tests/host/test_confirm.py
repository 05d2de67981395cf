"""The confirm timer: armed on disk, taken away once, and what a host does by itself when nobody confirms it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from plugins.module_utils.host import (
    confirm,
    hold,
    host,
    network,
    patching,
    rebooting,
    retention,
    reverting,
    rollback,
    settings,
    timers,
    upkeep,
    verification,
)
from plugins.module_utils.host.command import Finished
from plugins.module_utils.host.errors import HostError
from plugins.module_utils.host.journal import Journal
from plugins.module_utils.host.names import package

NET = {"link": ["eth0 up"], "rule": ["priority 0"]}


class Host:
    """A host on disk under a folder, whose systemctl only remembers what it was told."""

    def __init__(self, root: Path) -> None:
        self.journal = Journal("r-1", root / "journal")
        self.journal.create()
        self.units = root / "units"
        self.units.mkdir()
        self.told: list[str] = []
        self.network = dict(NET)

    def finished(self, argv: Sequence[str], timeout: float = 0) -> Finished:
        self.told.append(" ".join(argv))
        return Finished(tuple(argv), 0, "", "")

    def files(self) -> set[str]:
        return {path.name for path in self.units.iterdir()}

    def patched(self, **more: Any) -> None:  # noqa: ANN401  # parts of a journal entry
        self.journal.write("record", {"network": NET})
        self.journal.write("patch", {"state": "done", "outcome": "applied", "todo": [], **more})


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    found = Host(tmp_path)
    for module in (timers, reverting):
        monkeypatch.setattr(module, "finished", found.finished)
    for module in (reverting, verification, rebooting, upkeep, patching):
        monkeypatch.setattr(module, "CALL_LOCK", str(tmp_path / "call"))
    monkeypatch.setattr(confirm, "has_systemd", lambda: True)
    monkeypatch.setattr(timers, "UNITS", found.units)
    monkeypatch.setattr(host, "require_root", lambda: None)
    monkeypatch.setattr(network, "recorded", lambda: found.network)
    monkeypatch.setattr(reverting, "_SETTLES", 0)
    monkeypatch.setattr(reverting, "_SHUTDOWN", 0)
    monkeypatch.setattr(reverting, "transact", lambda run, step, root: went_back(found.journal))
    for module in (verification, rebooting, upkeep, patching):
        monkeypatch.setattr(module, "Journal", lambda run: Journal(run, found.journal.root))
    return found


def went_back(journal: Journal) -> int:
    """What the transaction of a rollback leaves in the journal."""
    journal.write("rollback", {**(journal.read("rollback") or {}), "state": "done", "outcome": "restored"})
    return 0


def state(made: Host) -> str:
    return str((made.journal.read("confirm") or {}).get("state"))


def test_an_armed_timer_lies_on_disk_and_counts_from_each_boot(made: Host) -> None:
    confirm.arm(made.journal, 900, 600)
    name = "patchtide-r-1-confirm"
    assert made.files() == {f"{name}.timer", f"{name}.service", f"{name}-boots.service"}
    timer = (made.units / f"{name}.timer").read_text()
    assert "OnActiveSec=900s" in timer
    assert "WantedBy=timers.target" in timer
    assert "host.pyz revert r-1" in (made.units / f"{name}.service").read_text()
    assert (made.journal.folder / "host.pyz").exists()
    assert any(said.startswith("systemctl --no-reload enable") for said in made.told)
    assert f"systemctl restart {name}.timer" in made.told


def test_its_files_are_no_settings_that_an_update_changed() -> None:
    for path in ("patchtide-r-1-confirm.timer", "timers.target.wants/patchtide-r-1-confirm.timer"):
        assert settings._NOT_OURS.fullmatch(f"/etc/systemd/system/{path}")
    assert not settings._NOT_OURS.fullmatch("/etc/systemd/system/timers.target.wants/apt-daily.timer")


def test_a_host_on_which_it_cannot_be_armed_is_not_updated(made: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made, "finished", lambda argv, timeout=0: Finished(tuple(argv), 1, "", "Failed to connect"))
    monkeypatch.setattr(timers, "finished", made.finished)
    with pytest.raises(HostError, match=r"confirm\.timer could not be started"):
        confirm.arm(made.journal, 900, 600)
    monkeypatch.setattr(confirm, "has_systemd", lambda: False)
    with pytest.raises(HostError, match="without systemd"):
        confirm.arm(made.journal, 900, 600)


def test_disarming_removes_it_and_never_stops_the_service_that_may_be_calling(made: Host) -> None:
    confirm.arm(made.journal, 900, 600)
    confirm.disarm(made.journal, "confirmed")
    assert (made.files(), state(made)) == (set(), "confirmed")
    assert not [said for said in made.told if " stop " in said and ".service" in said]
    made.told.clear()
    confirm.settle(made.journal, "left")
    assert (made.told, state(made)) == ([], "confirmed"), "it is taken away once"


def test_an_unconfirmed_host_restores_itself_and_says_so_to_every_step(made: Host) -> None:
    made.patched(packages=[package(PACKAGE).as_dict()])
    confirm.arm(made.journal, 900, 600)
    assert reverting.revert("r-1", made.journal.root) == 0
    entry = made.journal.read("rollback") or {}
    assert (entry["by"], entry["outcome"], entry["measured"]) == ("timer", "restored", False)
    assert (made.files(), state(made)) == (set(), "fired")
    assert "systemctl reboot" not in made.told
    sentence = "the host was not confirmed within 900 s and restored itself"
    for answer in (
        verification.verify("r-1", [], confirm=True),
        rebooting.reboot("r-1", 1, "intended"),
        patching.apply("r-1", 1, [PACKAGE], [], [], patching.Terms(10)),
    ):
        assert (answer.failure, answer.report["reverted"]) == (sentence, True)
    assert upkeep.maintenance("r-1", 1, "left").report["reverted"] is True
    made.journal.write("rollback", {**entry, "measured": True})
    assert confirm.reverted(made.journal) == "", "somebody has judged it"


PACKAGE = {"name": "a", "arch": "all", "version": "2", "filename": "a.deb", "size": 1, "sha256": "ab" * 32}


def test_the_way_back_of_a_host_takes_its_own_time_and_waits_out_the_update(
    made: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.patched(state="running", deadline=3000)
    waited: list[float] = []
    monkeypatch.setattr(rollback, "alive", lambda entry: True)

    def ended(journal: Journal, step: str, seconds: float) -> dict[str, Any]:
        waited.append(seconds)
        return {**(journal.read(step) or {}), "state": "done"}

    monkeypatch.setattr(rollback, "ended", ended)
    confirm.arm(made.journal, 900, 600)
    assert reverting.revert("r-1", made.journal.root) == 0
    assert waited == [3000]
    assert (made.journal.read("rollback") or {})["deadline"] == 600


def test_a_confirmed_host_and_one_that_a_controller_took_over_stay_as_they_are(made: Host) -> None:
    made.patched()
    confirm.arm(made.journal, 900, 600)
    confirm.settle(made.journal, "confirmed")
    assert reverting.revert("r-1", made.journal.root) == 0
    assert made.journal.read("rollback") is None


def test_a_host_whose_update_never_began_has_nothing_to_go_back_from(made: Host) -> None:
    confirm.arm(made.journal, 900, 600)
    assert reverting.revert("r-1", made.journal.root) == 0
    assert (made.journal.read("rollback"), state(made)) == (None, "nothing")


def test_what_no_package_holds_is_brought_back_by_one_boot(made: Host) -> None:
    made.patched()
    made.network = {"link": ["eth0 down"], "rule": ["priority 0"]}
    confirm.arm(made.journal, 900, 600)
    reverting.revert("r-1", made.journal.root)
    entry = made.journal.read("confirm") or {}
    assert entry["network"] == ["link eth0 up is gone", "link eth0 down is new"]
    assert made.told[-1] == "systemctl reboot"
    assert state(made) == "fired", "it is taken away before the boot, so it is one"
    made.told.clear()
    reverting.revert("r-1", made.journal.root)
    assert made.told == []


def test_a_rollback_that_somebody_ordered_is_not_done_again_but_the_boot_is(made: Host) -> None:
    made.patched()
    made.network = {}
    made.journal.write("rollback", {"state": "done", "by": "controller", "outcome": "restored", "attempt": 3})
    confirm.arm(made.journal, 900, 600)
    reverting.revert("r-1", made.journal.root)
    assert (made.journal.read("rollback") or {})["by"] == "controller"
    assert made.told[-1] == "systemctl reboot"


def test_a_way_back_that_was_interrupted_is_taken_up_again(made: Host) -> None:
    made.patched()
    made.journal.write("rollback", {"state": "running", "by": "timer", "launch": 1})
    confirm.arm(made.journal, 900, 600)
    reverting.revert("r-1", made.journal.root)
    entry = made.journal.read("rollback") or {}
    assert (entry["launch"], entry["state"]) == (2, "done")


def test_a_host_that_boots_by_itself_again_and_again_goes_back_at_once(made: Host) -> None:
    made.patched()
    confirm.arm(made.journal, 900, 600)
    start = "systemctl start --no-block patchtide-r-1-confirm.service"
    confirm.ordered_reboot(made.journal, 300)
    assert "OnActiveSec=300s" in (made.units / "patchtide-r-1-confirm.timer").read_text()
    for own in (0, 1):
        reverting.booted("r-1", made.journal.root)
        assert (confirm.own_boots(made.journal.read("confirm")), start in made.told) == (own, False)
    reverting.booted("r-1", made.journal.root)
    assert start in made.told
    assert "rebooted by itself 2 times" in confirm.loops(made.journal)
    confirm.settle(made.journal, "confirmed")
    assert confirm.loops(made.journal) == ""


def test_an_armed_run_keeps_its_files_and_keeps_others_away(made: Host) -> None:
    made.patched()
    assert retention.is_settled(made.journal)
    confirm.arm(made.journal, 900, 600)
    assert not retention.is_settled(made.journal)
    assert confirm.armed_runs(made.journal.root) == ["r-1"]
    confirm.refuse_beside_others(made.journal)
    with pytest.raises(HostError, match="run r-1 is not confirmed"):
        confirm.refuse_beside_others(Journal("r-2", made.journal.root))


def test_only_a_healthy_host_is_confirmed(made: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    made.patched(outcome="nothing")
    confirm.arm(made.journal, 900, 600)
    check = {"name": "x", "kind": "command", "argv": ["/bin/false"], "deadline": 0.1, "every": 0.1}
    assert verification.verify("r-1", [check], enforce=False, confirm=True).report["confirmed"] is False
    assert state(made) == "armed"
    well = {**check, "argv": ["/bin/true"]}
    assert verification.verify("r-1", [well], enforce=False).report["confirmed"] is False, "nobody asked for it"
    monkeypatch.setattr(verification, "installed_differences", lambda _: ([], ["somebody changed another package"]))
    assert verification.verify("r-1", [well], enforce=False, confirm=True).report["confirmed"] is False
    monkeypatch.undo()


def test_a_healthy_host_is_confirmed_once_and_for_all(made: Host) -> None:
    made.patched(outcome="nothing")
    confirm.arm(made.journal, 900, 600)
    well = {"name": "x", "kind": "command", "argv": ["/bin/true"]}
    for _ in range(2):
        assert verification.verify("r-1", [well], enforce=False, confirm=True).report["confirmed"] is True
    assert state(made) == "confirmed"


def test_confirming_comes_too_late_while_the_host_goes_back(made: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    confirm.arm(made.journal, 900, 600)
    monkeypatch.setattr(verification, "_PATIENCE", 0)
    with hold.exclusive(str(made.units.parent / "call"), 0), pytest.raises(HostError, match="another Patchtide call"):
        verification._confirmed(made.journal)
    made.journal.write("rollback", {"by": "timer", "state": "running"})
    assert verification._confirmed(made.journal) is False


LINK = {"ifname": "eth0", "flags": ["BROADCAST", "UP"], "mtu": 1500}
ADDRESS = {
    "ifname": "eth0",
    "addr_info": [
        {"family": "inet", "local": "10.0.0.2", "prefixlen": 24, "dynamic": True, "valid_life_time": 3599},
        {"family": "inet6", "local": "2001:db8::2", "prefixlen": 64, "dynamic": True},
    ],
}
ROUTE = {"dst": "default", "gateway": "10.0.0.1", "dev": "eth0", "protocol": "dhcp", "metric": 100, "flags": []}


def test_the_network_is_told_without_what_changes_by_itself() -> None:
    assert network.link_line(LINK) == ["eth0 up"]
    assert network.link_line({**LINK, "flags": ["BROADCAST"]}) == ["eth0 down"]
    assert network.address_lines(ADDRESS) == ["10.0.0.2/24 eth0"]
    assert network.route_line(ROUTE) == ["default 10.0.0.1 eth0"]
    assert network.route_line({**ROUTE, "protocol": "ra"}) == []
    assert network.route_line({"type": "local", "dst": "10.0.0.2", "table": "local"}) == []
    rule = {"priority": 10, "src": "all", "action": "blackhole"}
    assert network.rule_line(rule) == ["action blackhole priority 10 src all"]


def test_a_network_that_cannot_be_told_is_not_taken_for_the_same() -> None:
    assert network.differences(NET, NET) == []
    assert "cannot be compared" in network.differences(None, NET)[0]
    assert "cannot be compared" in network.differences(NET, None)[0]


def test_packet_filters_are_told_without_their_counters(monkeypatch: pytest.MonkeyPatch) -> None:
    said = {
        "nft": Finished((), 127, "", "not found"),
        "iptables-save": Finished((), 0, "# Generated\n*filter\n:INPUT DROP [12:3400]\n", ""),
        "ip6tables-save": Finished((), 0, "", ""),
    }
    monkeypatch.setattr(network, "finished", lambda argv, timeout: said[argv[0]])
    assert network._filters() == ["iptables-save: *filter", "iptables-save: :INPUT DROP"]
