"""Every bad input of the design through the real command line: exit code 2, the file with the line, a sentence."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import Patchtide
from tests.core.made import plan as made_plan

from patchtide.documents import plan_text

BASE = """\
inventory: hosts.yml
tiers:
  - {name: test, hosts: env_test, window: always}
  - {name: prod, hosts: env_prod, window: night, waves: [1]}
windows:
  night: {rrule: "FREQ=DAILY", at: "03:00", duration: 4h, timezone: Europe/Berlin}
health:
  - {name: web, http: {port: 80}}
"""
HOSTS = "all: {children: {env_test: {hosts: {%s: }}, env_prod: {hosts: {p1: , p2: }}}}\n"
DEEP = "x: " + "[" * 400 + "]" * 400


def laughs() -> str:
    """The billion laughs."""
    lines = ["a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    return "\n".join(lines) + "\n"


CONFIGURATIONS: dict[str, tuple[str, str, str]] = {
    # name: what is replaced in the configuration, by what, and a word of the refusal
    "duplicate key": ("    - x", "", "`tiers` is there twice"),
    "unknown key": ("hosts: env_test,", "hosts: env_test, hostz: x,", "unknown key"),
    "no": ("name: test,", "name: no,", ""),
    "1e3": ("port: 80", "port: 1e3", "port"),
    "0o17": ("port: 80", "port: 0o17", "port"),
    "a python tag": ("hosts: env_test,", "hosts: !!python/object/apply:os.system ['true'],", "tag"),
    "end before start": ("duration: 4h", "duration: -4h", "duration"),
    "no length": ("duration: 4h", "duration: 0h", "duration"),
    "February 30": ("FREQ=DAILY", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "never"),
    "unknown zone": ("Europe/Berlin", "Europe/Atlantis", "Atlantis"),
    "shorter than the step": ("duration: 4h", "duration: 1m", ""),
    "0 %": ("waves: [1]", "waves: [0%]", "0%"),
    "101 %": ("waves: [1]", "waves: [101%]", "101%"),
    "NaN": ("waves: [1]", "waves: [.nan]", ".nan"),
    "NaN %": ("waves: [1]", "waves: [nan%]", "nan%"),
    "infinity": ("waves: [1]", "waves: [.inf]", ".inf"),
    "a negative wave": ("waves: [1]", "waves: [-1]", "-1"),
    "deadline below healthy_for": ("{port: 80}", "{port: 80}, healthy_for: 10m, deadline: 5m", "can never pass"),
    "a shell in an exclusion": (
        "health:",
        'updates: {exclude: [{package: "a;reboot", owner: o, until: 2099-01-01, reason: r}]}\nhealth:',
        "a;reboot",
    ),
    "an option for a host pattern": ("hosts: env_test", "hosts: -oProxyCommand=x", "ProxyCommand"),
    "a template for a host pattern": ("hosts: env_test", "hosts: '{{ x }}'", "{{"),
    "too deep": ("inventory: hosts.yml", DEEP, ""),
}


def changed(old: str, new: str) -> str:
    return BASE.replace(old, new, 1) if old in BASE else BASE + "tiers: []\n"


@pytest.mark.parametrize(("old", "new", "said"), CONFIGURATIONS.values(), ids=CONFIGURATIONS)
def test_a_bad_configuration(patchtide: Patchtide, project: Path, old: str, new: str, said: str) -> None:
    text = changed(old, new)
    (project / "patchtide.yml").write_text(text, encoding="utf-8")
    answer = patchtide("config", "validate", "--no-inventory")
    if answer.code == 0:
        assert old == "name: test,"
        return  # `no` is the text that was typed, and a fine name
    assert answer.code == 2
    assert "patchtide.yml:" in answer.err
    assert said in answer.err
    assert "Traceback" not in answer.err


BYTES = {
    "billion laughs": laughs().encode(),
    "50 MB": b"# " + b"x" * 50_000_000,
    "invalid UTF-8": BASE.encode().replace(b"env_test", b"env_\xff\xfe"),
    "NUL": BASE.encode().replace(b"env_test", b"env\0test"),
    "a byte order mark": b"\xef\xbb\xbf" + BASE.encode(),
    "UTF-16": BASE.encode("utf-16"),
    "half a character": b"inventory: \xf0\x9f",
    "nothing": b"",
}


@pytest.mark.parametrize("raw", BYTES.values(), ids=BYTES)
def test_bytes_that_are_no_configuration(patchtide: Patchtide, project: Path, raw: bytes) -> None:
    (project / "patchtide.yml").write_bytes(raw)
    for words in (("config", "validate"), ("windows", "next"), ("status",), ("run", "--yes")):
        answer = patchtide(*words)
        assert answer.code == 2
        assert "patchtide.yml" in answer.err
        assert len(answer.err) < 2000


WINDOWS = {
    "a start that does not exist": ("FREQ=DAILY", "02:30", "2027-03-28T01:00:00Z", "2027-03-28T01:30:00Z"),
    "a start that comes twice": ("FREQ=DAILY", "02:30", "2027-10-31T00:00:00Z", "2027-10-31T00:30:00Z"),
    "the fifth Tuesday": ("FREQ=MONTHLY;BYDAY=5TU", "02:30", "2027-02-01T00:00:00Z", "2027-03-30T00:30:00Z"),
}


@pytest.mark.parametrize(("rule", "at", "now", "opens"), WINDOWS.values(), ids=WINDOWS)
def test_odd_windows_have_a_right_answer(
    patchtide: Patchtide, project: Path, rule: str, at: str, now: str, opens: str
) -> None:
    text = BASE.replace("FREQ=DAILY", rule).replace("03:00", at)
    (project / "patchtide.yml").write_text(text, encoding="utf-8")
    answer = patchtide("windows", "next", "--tier", "prod", "--at", now, "--json")
    assert answer.document["next"]["opens"] == opens


INVENTORIES = {
    "a shell": (HOSTS % "'h;reboot'", "h;reboot"),
    "a path": (HOSTS % "'../x'", "../x"),
    "an option": (HOSTS % "'-oProxyCommand=touch x'", "ProxyCommand"),
    "a template": (HOSTS % "'{{ 7*7 }}'", "{{ 7*7 }}"),
    "a NUL": (HOSTS % '"h\\0x"', ""),
    "a connection smuggled in": (HOSTS % "'h ansible_connection=local'", "ansible_connection"),
    "a template in a value": (HOSTS % 't1: {v: \'{{ lookup("pipe", "id") }}\'}, t2', "template"),
    "names that differ in case": (HOSTS % "P1", "differ only in case"),
    "a host in both tiers": (HOSTS % "p1", "in two tiers"),
    "groups in a circle": (
        "all: {children: {env_test: {children: {env_prod: {children: {env_test: }}}}}}\n",
        "recursive",
    ),
}


@pytest.mark.parametrize(("text", "said"), INVENTORIES.values(), ids=INVENTORIES)
def test_a_bad_inventory(patchtide: Patchtide, project: Path, text: str, said: str) -> None:
    (project / "patchtide.yml").write_text(BASE, encoding="utf-8")
    (project / "hosts.yml").write_text(text, encoding="utf-8")
    answer = patchtide("config", "validate")
    assert answer.code == 2
    assert said in answer.err
    assert "hosts.yml" in answer.err or "patchtide.yml:" in answer.err
    assert not (project / "x").exists()


@pytest.mark.parametrize("waves", ["[1]", "[1%]", "[100%]"])
def test_a_fleet_of_one_host_a_tier_has_one_wave(patchtide: Patchtide, project: Path, waves: str) -> None:
    (project / "patchtide.yml").write_text(BASE.replace("[1]", waves), encoding="utf-8")
    (project / "hosts.yml").write_text((HOSTS % "t1").replace(", p2: ", ""), encoding="utf-8")
    assert patchtide("config", "validate").code == 0


def test_a_wave_that_is_bigger_than_its_fleet_is_refused(patchtide: Patchtide, project: Path) -> None:
    (project / "patchtide.yml").write_text(BASE.replace("[1]", "[3]"), encoding="utf-8")
    (project / "hosts.yml").write_text(HOSTS % "t1", encoding="utf-8")
    answer = patchtide("config", "validate")
    assert (answer.code, "a wave of 3 hosts, but 2 hosts in all (patchtide.yml:4)" in answer.err) == (2, True)


NAMES = ["../x", "a/../b", "{{ 1 }}", "-rf", "x" * 300, "a;b", "a\n", ""]


@pytest.mark.parametrize("name", NAMES)
def test_a_run_that_cannot_be(patchtide: Patchtide, project: Path, name: str) -> None:
    for words in (("status", "--", name), ("report", "--", name), ("resume", "--", name), ("rollback", "--", name)):
        answer = patchtide(*words)
        assert answer.code == 2
        assert answer.err.startswith("error: ")


PLAN = plan_text(made_plan())
PLANS = {
    "half written": PLAN[: len(PLAN) // 2],
    "one character": PLAN.replace("tide", "tidf", 1),
    "a number of thousands of digits": '{"schema": ' + "1" * 5000 + "}",
    "brackets in brackets": "[" * 100_000,
    "half a character": '{"schema": "patchtide/plan/v1", "digest": "x", "y": "\\ud800"}',
    "NaN": '{"schema": "patchtide/plan/v1", "digest": NaN}',
    "no digest": '{"schema": "patchtide/plan/v1", "y": "\\ud800"}',
    "a list": "[]",
    "nothing": "",
}


@pytest.mark.parametrize("text", PLANS.values(), ids=PLANS)
def test_a_plan_that_is_none(patchtide: Patchtide, project: Path, text: str) -> None:
    (project / "plan.json").write_text(text, encoding="utf-8")
    (project / "kept.json").write_text(text.replace("plan/v1", "checkpoint/v1"), encoding="utf-8")
    for words in (("run", "--yes", "--plan", "plan.json"), ("audit", "verify", "--against", "kept.json")):
        answer = patchtide(*words)
        assert (answer.code, ".json" in answer.err) == (2, True), answer


@pytest.mark.parametrize("raw", [b"", b"x" * 512, b"\0" * 10240, b"PK\x03\x04", bytes(range(256)) * 8])
def test_an_archive_that_is_none(patchtide: Patchtide, project: Path, raw: bytes) -> None:
    (project / "a.bundle").write_bytes(raw)
    answer = patchtide("bundle", "import", "a.bundle", "--untrusted")
    assert (answer.code, "a.bundle" in answer.err) == (2, True)


def test_a_link_in_the_place_of_the_log_is_not_followed(patchtide: Patchtide, project: Path) -> None:
    (project / ".patchtide").mkdir(mode=0o700)
    (project / "victim").write_text("mine", encoding="utf-8")
    (project / ".patchtide" / "log.db").symlink_to(project / "victim")
    answer = patchtide("history")
    assert answer.code == 1
    assert "log.db" in answer.err
    assert (project / "victim").read_text("utf-8") == "mine"


def test_without_stdin_and_with_a_home_that_cannot_be_written_all_is_well(project: Path) -> None:
    environment = {**os.environ, "HOME": "/proc/nowhere"}
    command = f"exec {sys.executable} -m patchtide config validate --json <&-"
    done = subprocess.run(["sh", "-c", command], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, json.loads(done.stdout)["ok"]) == (0, True), done.stderr
