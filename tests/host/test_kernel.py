"""The running kernel, the one that comes, and the proof that a reboot was the one that was meant."""

import os
from pathlib import Path
from typing import Any

import pytest
from plugins.module_utils.host import boot, host, inspection, kernel, rebooting, settings
from plugins.module_utils.host.errors import HostError
from plugins.module_utils.host.journal import Journal
from plugins.module_utils.host.kernel import Kernel, Kernels

Part = dict[str, Any] | None
OLD, NEW = Kernel("6.1.0-41-amd64", "#1 SMP Debian 6.1.158-1"), Kernel("6.1.0-42-amd64", "#1 SMP Debian 6.1.159-1")


def image(folder: Path, release: str, build: str = "", told: str = "") -> None:
    """A kernel image whose header says its build, as an x86 image does."""
    (folder / "boot").mkdir(exist_ok=True)
    head = bytearray(0x1000)
    if build:
        text = f"{told or release} (builder@host) {build}".encode()
        head[0x202:0x206] = b"HdrS"
        head[0x20E:0x210] = (0x600).to_bytes(2, "little")
        head[0x800 : 0x800 + len(text)] = text
    (folder / "boot" / f"vmlinuz-{release}").write_bytes(bytes(head))


def test_the_newest_image_is_what_the_next_boot_starts(tmp_path: Path) -> None:
    for release in ("6.1.0-9-amd64", "6.1.0-41-amd64", "6.1.0-42-amd64.old", "0-rescue-abc"):
        image(tmp_path, release)
    image(tmp_path, "6.1.0-42-amd64", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.159-1 (2025-12-30)")
    found = kernel.kernels(str(tmp_path), OLD)
    assert found.expected == Kernel("6.1.0-42-amd64", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.159-1 (2025-12-30)")
    assert kernel.kernels().running == Kernel(os.uname().release, os.uname().version)
    assert found.difference().startswith("kernel 6.1.0-42-amd64 (#1 SMP")


def test_a_new_build_of_the_same_release_is_another_kernel(tmp_path: Path) -> None:
    image(tmp_path, os.uname().release, "#1 SMP another build")
    assert "another build" in kernel.kernels(str(tmp_path)).difference()
    image(tmp_path, os.uname().release, "#1 SMP another build", told="9.9.9")
    assert kernel.kernels(str(tmp_path)).difference() == "", "what an image says of another release is not believed"
    image(tmp_path, os.uname().release)
    assert kernel.kernels(str(tmp_path)).difference() == ""


@pytest.mark.parametrize("path", ["run/systemd/container", "run/.containerenv", ".dockerenv"])
def test_a_container_has_no_kernel_of_its_own(tmp_path: Path, path: str) -> None:
    image(tmp_path, "6.1.0-42-amd64")
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).touch()
    found = kernel.kernels(str(tmp_path))
    assert (found.expected, found.own, found.difference()) == (None, False, "")
    assert "container" in found.note
    assert boot.owed([("b", ["linux-image-6.1.0-42-amd64"])], "b", root=str(tmp_path))["owed"] is False


@pytest.mark.parametrize(
    ("default", "saved", "chosen"),
    [
        ("GRUB_DEFAULT=0", "", ""),
        ("", "", ""),
        ("GRUB_DEFAULT=saved", "# GRUB Environment Block", ""),
        ("GRUB_DEFAULT='1>2'", "", "1>2"),
        ("GRUB_DEFAULT=2\nGRUB_DEFAULT=0", "", ""),
        ("GRUB_DEFAULT=saved", "saved_entry=gnulinux-6.1.0-41", "gnulinux-6.1.0-41"),
    ],
)
def test_what_an_admin_chose_to_boot_is_not_guessed_at(tmp_path: Path, default: str, saved: str, chosen: str) -> None:
    image(tmp_path, "6.1.0-42-amd64")
    (tmp_path / "etc/default").mkdir(parents=True)
    (tmp_path / "etc/default/grub").write_text(f"GRUB_TIMEOUT=5\n{default}\n")
    (tmp_path / "boot/grub").mkdir()
    (tmp_path / "boot/grub/grubenv").write_text(f"{saved}\n")
    image(tmp_path, OLD.release)
    found = kernel.kernels(str(tmp_path), OLD)
    assert (found.expected is None) is bool(chosen)
    assert chosen in found.note
    assert bool(found.difference()) is not bool(chosen)
    assert boot._counts("linux-image-6.1.0-42-amd64", found) is bool(chosen)


def test_a_machine_whose_kernel_comes_from_elsewhere_is_not_asked_for_that_in_its_boot_folder(tmp_path: Path) -> None:
    image(tmp_path, NEW.release)
    found = kernel.kernels(str(tmp_path), OLD)
    assert (found.expected, found.own, found.difference()) == (None, True, "")
    assert "something else decides" in found.note
    assert boot.owed([("b", ["linux-image-6.1.0-42-amd64"])], "b", root=str(tmp_path))["owed"] is True


def test_after_a_way_back_the_kernel_from_before_is_expected(owing: dict[str, Any]) -> None:
    journal = Journal("r-1", owing["root"])
    journal.create()
    journal.write("record", {"kernel": Kernels(OLD, OLD).as_dict()})
    assert rebooting._expected(journal, "patch")["expected"] == kernel.kernels().as_dict()["expected"]
    if kernel.kernels().expected is None:
        assert rebooting._expected(journal, "rollback")["expected"] == str(OLD)


def intent(expected: Kernel | None = NEW, why: tuple[str, ...] = ("libc6 changed",)) -> dict[str, Any]:
    return {"boot": "b1", "why": list(why), "kernel": Kernels(OLD, expected).as_dict()}


@pytest.mark.parametrize(
    ("now", "running", "why", "sentence"),
    [
        ("b1", NEW, [], "did not reboot"),
        ("b2", OLD, [], "came back on kernel 6.1.0-41-amd64"),
        ("b2", NEW, ["libc6 changed"], "still owes the same reboot: libc6 changed"),
        ("b2", NEW, ["something else"], ""),
        ("b2", NEW, [], ""),
    ],
)
@pytest.mark.fault(31, how="the same boot, the old kernel, a reason that stays")
def test_a_reboot_is_proven_by_boot_kernel_and_reasons(
    now: str, running: Kernel, why: list[str], sentence: str
) -> None:
    told = rebooting.unproven(intent(), now, Kernels(running, NEW), why)
    assert sentence in told
    assert bool(sentence) is bool(told)


def test_the_proof_says_which_kernel_runs_or_why_that_says_nothing() -> None:
    assert rebooting.proof(Kernels(NEW, NEW)).endswith("#1 SMP Debian 6.1.159-1), as expected")
    assert rebooting.proof(Kernels(OLD, None, "this is a container")).endswith("; this is a container")


def test_without_a_known_kernel_another_boot_is_the_proof() -> None:
    assert rebooting.unproven(intent(None), "b2", Kernels(OLD, None, "a container"), []) == ""
    assert "came back" in rebooting.unproven(intent(NEW), "b2", Kernels(OLD, None, "the boot loader's choice"), [])


@pytest.fixture
def owing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A host of which the tests say which boot it is and what it owes."""
    state: dict[str, Any] = {"boot": "b1", "why": ["libc6 changed"], "root": tmp_path}
    monkeypatch.setattr(rebooting, "CALL_LOCK", str(tmp_path / "lock"))
    monkeypatch.setattr(rebooting, "Journal", lambda run: Journal(run, tmp_path))
    monkeypatch.setattr(host, "require_root", lambda: None)
    monkeypatch.setattr(rebooting, "fingerprint", lambda: state["boot"])
    monkeypatch.setattr(rebooting, "reboot_owed", lambda: {"owed": bool(state["why"]), "why": state["why"]})
    monkeypatch.setattr(rebooting, "journal_view", lambda _: {})
    return state


def test_a_reboot_is_intended_proven_and_not_done_twice(owing: dict[str, Any]) -> None:
    assert rebooting.reboot("r-1", 1, "intended").report["wanted"] is True
    assert rebooting.reboot("r-1", 1, "intended").report["wanted"] is True, "it did not happen yet"
    owing.update(boot="b2", why=[])
    assert rebooting.reboot("r-1", 2, "intended").report["wanted"] is False
    assert "another boot" in rebooting.reboot("r-1", 2, "proven").report["reason"]
    assert rebooting.reboot("r-1", 2, "proven").changed is False, "it is proven once"
    owing.update(why=["something new"])
    assert rebooting.reboot("r-1", 2, "intended").report["wanted"] is True


@pytest.mark.fault(31, how="a reboot that is owed again after it was done")
def test_a_host_that_owes_again_after_its_reboot_is_not_rebooted_in_a_loop(owing: dict[str, Any]) -> None:
    rebooting.reboot("r-1", 1, "intended")
    owing.update(boot="b2")
    assert "still owes" in rebooting.reboot("r-1", 1, "proven").failure
    again = rebooting.reboot("r-1", 2, "intended")
    assert (again.report["wanted"], "not done again" in again.failure) == (False, True)
    Journal("r-1", owing["root"]).write("rollback", {"state": "done"})
    assert rebooting.reboot("r-1", 3, "intended").report["wanted"] is True, "the way back may reboot once too"


def test_never_and_always_mean_what_they_say(owing: dict[str, Any]) -> None:
    assert rebooting.reboot("r-1", 1, "intended", "never").report["wanted"] is False
    owing.update(why=[])
    assert rebooting.reboot("r-1", 1, "intended", "always").report["wanted"] is True
    owing.update(boot="b2")
    assert rebooting.reboot("r-1", 1, "intended", "always").report["wanted"] is False


def test_an_orphan_of_an_older_controller_does_not_reboot(owing: dict[str, Any]) -> None:
    rebooting.reboot("r-1", 2, "intended")
    with pytest.raises(HostError, match="too late"):
        rebooting.reboot("r-1", 1, "intended")


@pytest.mark.parametrize(
    ("patch", "back", "changes"),
    [
        (None, None, []),
        ({"boot_before": "b1"}, None, [("b1", ["libc6"])]),
        ({"boot_before": "b1"}, {"outcome": "restored", "boot": "b1"}, []),
        ({"boot_before": "b1"}, {"outcome": "restored", "boot": "b2"}, [("b2", ["libc6"])]),
        ({"boot_before": "b1"}, {"outcome": "failed", "boot": "b2"}, [("b1", ["libc6"]), ("b2", ["libc6"])]),
    ],
)
def test_going_back_in_another_boot_owes_a_reboot_too(
    tmp_path: Path, patch: Part, back: Part, changes: list[tuple[str, list[str]]]
) -> None:
    journal = Journal("r-1", tmp_path)
    journal.create()
    if patch:
        journal.write("patch", {**patch, "todo": [{"name": "libc6"}]})
    if back:
        journal.write("rollback", back)
    assert inspection.run_changes(journal) == changes


def test_what_the_boot_loader_goes_by_is_part_of_the_recovery_point(tmp_path: Path) -> None:
    entries = tmp_path / "boot" / "loader" / "entries"
    entries.mkdir(parents=True)
    (entries / "6.1.0-41.conf").write_text("title old")
    found = kernel.loader_files(str(tmp_path))
    wanted = ("vmlinuz", "vmlinuz.old", "boot/initrd.img", "boot/grub/grub.cfg", "boot/loader/entries/6.1.0-41.conf")
    assert found >= {f"{tmp_path}/{path}" for path in wanted}
    assert str(tmp_path / "boot" / "loader" / "entries" / "6.1.0-42.conf") not in found


def test_a_link_to_the_old_kernel_comes_back(tmp_path: Path) -> None:
    link = tmp_path / "vmlinuz"
    link.symlink_to("boot/vmlinuz-6.1.0-41-amd64")
    record = settings.recorded_files([str(link)], tmp_path / "copies", str(tmp_path / "etc"))
    link.unlink()
    link.symlink_to("boot/vmlinuz-6.1.0-42-amd64")
    assert list(settings.changed_files(record, str(tmp_path / "etc"))) == [str(link)]
    assert settings.put_back(record, [str(link)], tmp_path / "copies") == []
    assert link.readlink() == Path("boot/vmlinuz-6.1.0-41-amd64")
