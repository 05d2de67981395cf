"""What a run looks like, whoever looks."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.core.made import NOW, host_plan, opened, package, plan, tier
from tests.report.stories import NASTY, RUN_ID, Teller, harmed_in_production, promoted, waiting

from patchtide.core.actions import Ask, Do, End, Settle, Wait
from patchtide.core.brief import brief
from patchtide.core.channels import Command, News
from patchtide.core.events import Finding, Status, StepStarted
from patchtide.core.hoststate import HostState
from patchtide.core.listing import listed
from patchtide.core.packages import Removal
from patchtide.core.plan import HostPlan
from patchtide.core.policy import Limits
from patchtide.core.steps import EndState, Outcome, Step
from patchtide.report.lines import history_text, line_view
from patchtide.report.plantext import plan_text_view
from patchtide.report.runtext import OUTCOMES, next_words, standing_text, summary
from patchtide.report.runview import bars, debt, run_view, why
from patchtide.report.table import aligned, markdown, marked, table
from patchtide.report.words import cleaned, counted, data_of, one_line, size, span, stamp


def test_each_host_says_how_it_ended_and_why() -> None:
    view = run_view(RUN_ID, harmed_in_production().run)
    told = {host.name: (host.state, host.why) for host in view.hosts}
    assert told["t1"] == ("patched", "1 package installed, healthy: web")
    assert told["p1"] == ("rolled_back", "unhealthy: web (status 500); put back as it was, healthy: web")
    assert told["p3"][0] == "untouched"
    assert told["p3"][1].startswith("left as it was: 1 of 3 hosts failed")


def test_the_exit_code_of_a_run_that_has_not_ended_is_the_one_for_waiting() -> None:
    assert run_view(RUN_ID, waiting().run).exit_code == 6
    assert run_view(RUN_ID, harmed_in_production().run).exit_code == 9


def test_a_quarantined_host_is_given_to_a_person() -> None:
    told = Teller(plan(tier()))
    for step in (Step.STAGE, Step.ENTER, Step.PATCH):
        told.did(step, "t1")
    told.did(Step.VERIFY, "t1", finding=Finding())
    told.did(Step.ROLLBACK, "t1", status=Status.FAILED, reason="dpkg is broken")
    told.did(Step.LEAVE, "t1")
    host = run_view(RUN_ID, told.run).hosts[0]
    assert host.state == "quarantined"
    assert "dpkg is broken" in host.why
    assert host.why.endswith("a person has to look at it")


@pytest.mark.parametrize(
    ("step", "word"),
    [(Step.STAGE, "staging"), (Step.PATCH, "patching"), (Step.ROLLBACK, "rolling back"), (Step.VERIFY, "verifying")],
)
def test_a_host_at_work_says_what_is_done_to_it(step: Step, word: str) -> None:
    told = Teller()
    told.events.append(StepStarted(told.later(), step, ("t1",), 1))
    assert run_view(RUN_ID, told.run).hosts[0].state == word


def test_a_lost_host_says_so() -> None:
    told = Teller()
    told.did(Step.STAGE, "t1", "t2")
    told.did(Step.ENTER, "t1", status=Status.UNREACHABLE, reason="no route to host")
    assert run_view(RUN_ID, told.run).hosts[0].state == "lost"


def test_bars_cover_every_step_and_one_that_was_cut_off_is_unknown() -> None:
    told = Teller()
    told.did(Step.STAGE, "t1")
    told.events.append(StepStarted(told.later(), Step.ENTER, ("t1",), 2))
    told.events.append(StepStarted(told.later(), Step.PROBE, ("t1",), 3))
    assert [(bar.step, bar.status) for bar in bars(told.events)] == [
        (Step.STAGE, "ok"),
        (Step.ENTER, "unknown"),
        (Step.PROBE, "running"),
    ]


def test_a_step_says_which_check_failed_and_what_a_rollback_left_different() -> None:
    told = harmed_in_production()
    (verify,) = [bar for bar in bars(told.events) if bar.host == "p1" and bar.step is Step.VERIFY]
    assert verify.reason == "web fail (status 500)"
    left = Teller()
    left.did(Step.ROLLBACK, "t1", finding=Finding(restored="unverified", differences=("tide is 1.1, was 1.0",)))
    assert bars(left.events)[0].reason == "tide is 1.1, was 1.0"


def test_a_late_answer_of_a_fenced_attempt_ends_no_bar() -> None:
    told = Teller()
    told.did(Step.STAGE, "t1")
    late = told.events.pop()
    told.events.append(StepStarted(told.later(), Step.STAGE, ("t1",), 2))
    told.events.append(late)
    assert [bar.status for bar in bars(told.events)] == ["unknown", "running"]


def test_the_summary_names_every_host_and_the_outcome_in_words() -> None:
    text = summary(run_view(RUN_ID, harmed_in_production().run))
    assert OUTCOMES["rolled_back"] in text
    assert [line.split()[2] for line in text.partition("\nTIER")[2].splitlines()[1:]] == ["t1", "t2", "p1", "p2", "p3"]


def test_every_outcome_has_words() -> None:
    assert set(OUTCOMES) == {str(outcome) for outcome in Outcome}


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (Do(Step.PATCH, ("p1",), "its window is open"), "next is patch on p1 (its window is open)"),
        (Settle(("p1",), EndState.UNTOUCHED, "held"), "p1: untouched: held"),
        (Wait(NOW, "shut", "no window is open"), "until 2026-11-21 05:00 UTC: no window is open"),
        (Ask("approval", "one is missing"), "`patchtide approve R`"),
        (Ask("on_failure", "roll back p1?"), "`patchtide rollback R --reason ...`"),
        (End(Outcome.DONE, "5 patched"), "done: "),
    ],
)
def test_what_comes_next_is_one_sentence(action: Do | Settle | Wait | Ask | End, words: str) -> None:
    assert words in next_words(action, "R", None)


def test_nobody_at_work_is_said_with_the_command_that_helps() -> None:
    action = Do(Step.PATCH, ("p1",))
    assert "`patchtide resume R`" in next_words(action, "R", None)
    assert "resume" not in next_words(action, "R", "run R (ann)")


def test_the_standing_of_a_run_at_work_is_what_is_being_done() -> None:
    told = Teller()
    told.events.append(StepStarted(told.later(), Step.PATCH, ("t1", "t2"), 1))
    text = standing_text(run_view(RUN_ID, told.run), Do(Step.PROBE, ("t1", "t2"), "in doubt"), "run R (ann)")
    assert "patching t1, t2 [run R (ann)]" in text
    assert "in doubt" not in text


def test_history_tells_the_end_of_each_run() -> None:
    text = history_text([line_view("b", brief(waiting().run)), line_view("a", brief(promoted().run))])
    rows = text.splitlines()[1:]
    assert "not ended" in rows[0]
    assert "done" in rows[1]
    assert "5 patched" in rows[1]


def test_a_plan_tells_packages_waves_windows_and_what_stays_away() -> None:
    refused = HostPlan("t2", "", "", (), {}, refused="dpkg is locked", unreachable=False)
    kept = host_plan("p1", left_out={"docker:amd64": "excluded by web"})
    text = plan_text_view(plan(hosts=(refused, kept)), NOW)
    assert "tide" in text
    assert "wave 2: p2 (1), p3 (1)" in text
    assert "t2: dpkg is locked" in text
    assert "docker:amd64: excluded by web (p1)" in text
    assert "a host that nobody could confirm 21 min after its update began restores itself" in text
    assert "owe a reboot" not in text


def test_what_a_host_owes_is_told_before_and_after() -> None:
    owing = host_plan("t1", owes_reboot=("kernel 6.1.0-42 is installed, 6.1.0-41 runs",))
    of = plan(hosts=(owing,), limits=Limits(confirm=timedelta(0)))
    text = plan_text_view(of, NOW)
    assert "hosts that owe a reboot from before:\n  t1: kernel 6.1.0-42 is installed, 6.1.0-41 runs" in text
    assert "a host that goes dark stays as it is" in text
    before = run_view(RUN_ID, opened(of)).hosts[0]
    assert (before.reboot_owed, "6.1.0-42" in before.why) == (True, True)
    put_off = HostState(
        "t1", "test", changed=True, next=None, end=EndState.PATCHED, reboot_owed=True, reboot_why=("libc6 changed",)
    )
    after = why(replace(put_off, stale=("cron.service (libc.so.6)",)), owing)
    assert after.endswith("owes a reboot (libc6 changed); still runs replaced files: cron.service (libc.so.6)")
    assert debt(replace(put_off, reboot_why=()), owing) == (), "the reboot was done with the update"


def test_a_plan_tells_exactly_which_packages_leave_which_hosts() -> None:
    losing = [host_plan(name, removes=(Removal("ebb:all", "1:2-3"),)) for name in ("t1", "p1")]
    text = plan_text_view(plan(hosts=losing), NOW)
    assert "packages that leave, kept for the way back:\n  ebb:all 1:2-3 (t1, p1)\n" in text
    assert "leave" not in plan_text_view(plan(), NOW)


def test_a_plan_tells_who_hears_of_it_and_how_often() -> None:
    often = Command("room", ("tell",), on=(News.PROGRESS,), every=timedelta(minutes=30))
    waves = Command("wall", ("tell",), on=(News.PROGRESS,), tiers=("test",))
    text = plan_text_view(plan(channels=(often, waves, Command("ops", ("tell",)))), NOW, 0)
    assert text.count("announced when it begins and ends, on: ops") == 2
    assert "updates while it lasts, on: room (wave by wave, every 30 min), wall (wave by wave)" in text
    assert text.count("wall") == 1


def test_a_plan_without_updates_says_so() -> None:
    assert "nothing is pending" in plan_text_view(plan(patch_set={}), NOW)


def test_new_packages_and_kinds_are_shown() -> None:
    from patchtide.core.plan import Change

    fresh = host_plan("t1", Change("tide:amd64", None))
    lock = {"debian-12-amd64": (package(security=True),)}
    text = plan_text_view(plan(hosts=(fresh,), patch_set=lock), NOW)
    assert "(new)" in text
    assert "1 of them security" in text


def test_no_text_for_a_terminal_keeps_a_hosts_control_characters() -> None:
    view = run_view(RUN_ID, harmed_in_production(NASTY).run)
    line = line_view("a", brief(harmed_in_production(NASTY).run))
    text = summary(view) + standing_text(view, End(Outcome.DONE, NASTY), None) + history_text([line])
    assert not {"\x1b", "\u202e"} & set(text)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (8.1, "8.1 s"), (59, "59 s"), (60, "1 min"), (95, "1 min 35 s"), (3600, "1 h"), (93784, "26 h 3 min"),
     (190000, "2 d 4 h")],
)  # fmt: skip
def test_durations_are_told_in_two_units(seconds: float, words: str) -> None:
    assert span(seconds) == words
    assert span(timedelta(seconds=seconds)) == words


def test_words() -> None:
    assert stamp(datetime(2027, 1, 3, 1, 30, tzinfo=UTC)) == "2027-01-03T01:30:00Z"
    assert [size(n) for n in (0, 999, 1500, 2_000_000, 3_000_000_000_000)] == [
        "0 B",
        "999 B",
        "1.5 kB",
        "2.0 MB",
        "3.0 TB",
    ]
    assert listed("abc", 8) == "a, b, c"
    assert listed("abcdef", 3) == "a, b and 4 more"
    assert counted(["x", "y", "x"]) == "2 x, 1 y"
    assert one_line(" a\n b\tc ") == "a b c"
    assert one_line("x" * 600).endswith("…")
    assert cleaned("a\x00b\nc\x9bd") == "a\ufffdb\nc\ufffdd"
    assert data_of({"at": NOW, "for": timedelta(seconds=2), "set": ("a",)}) == {
        "at": "2026-11-21T05:00:00Z",
        "for": 2.0,
        "set": ["a"],
    }


def test_a_wide_last_column_is_wrapped_under_itself() -> None:
    shown = table(("a", "why"), [("1", "word " * 20)])
    lines = aligned(shown, 40).splitlines()
    assert max(map(len, lines)) <= 40
    assert lines[2].startswith("   word")


def test_markdown_shows_markup_as_text() -> None:
    text = markdown(table(("a",), [("<b>|`x`",)]))
    assert text.splitlines()[2] == "| &lt;b>\\|\\`x\\` |"
    assert marked("[link](x)") == "\\[link\\](x)"
