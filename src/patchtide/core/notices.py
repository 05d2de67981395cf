"""Which notices are due: of a planned window, so long before it opens, and of what becomes of a run."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from patchtide.core import noticewords as words
from patchtide.core.approvals import notice_over, opening_for
from patchtide.core.channels import Channel, News, takes
from patchtide.core.deliveries import Delivery
from patchtide.core.plan import TierPlan
from patchtide.core.run import HostState, Run
from patchtide.core.steps import Step
from patchtide.core.verdict import Verdict, no, yes
from patchtide.core.windows import Opening

_NEW = Delivery()


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to be told: `name` tells it apart within its run, `tier` is "" for the run as a whole."""

    name: str
    news: News
    tier: str
    subject: str
    text: str
    opening: Opening | None = None


def due(run: Run, now: datetime) -> Iterator[tuple[Notice, Channel]]:
    """Yield what is to be told now and has not been, with each channel that takes it."""
    for notice in _current(run, now) if run.plan.channels else ():
        for channel in run.plan.channels:
            known = run.deliveries.get((notice.name, channel.name), _NEW)
            if takes(channel, notice.news, notice.tier) and known.due(now):
                yield notice, channel


def _current(run: Run, now: datetime) -> Iterator[Notice]:
    for tier in run.plan.tiers:
        yield from _of_tier(run, tier, now)
    for event in run.extended:
        yield _notice(run, News.EXTENDED, event.tier, f"{event.at:%Y%m%dT%H%M%SZ}", words.extended(event))
    held = run.held
    if run.outcome is not None and run.ended_at is not None:
        yield _notice(run, News.ENDED, "", f"{run.ended_at:%Y%m%dT%H%M%SZ}", words.ended(run))
    elif run.paused is not None:
        yield _notice(run, News.PAUSED, "", f"{run.paused.at:%Y%m%dT%H%M%SZ}", words.paused(run.paused))
    elif held is not None and held.until is None:
        yield _notice(run, News.WAITING, "", f"{held.code} {held.at:%Y%m%dT%H%M%SZ}", words.waiting(held))


def _of_tier(run: Run, tier: TierPlan, now: datetime) -> Iterator[Notice]:
    hosts = run.in_tier(tier.name)
    begun = [host for host in hosts if _begun(host)]
    settled = all(host.settled for host in hosts)
    if run.outcome is None and run.paused is None and run.aborted is None and not run.asked:
        yield from _planned(run, tier, now)
    if begun and not settled:
        yield _notice(run, News.BEGUN, tier.name, "", words.begun(run, tier))
    back = [host.name for host in hosts if host.rolled_back or host.next is Step.ROLLBACK]
    if back:
        yield _notice(run, News.ROLLED_BACK, tier.name, "", words.rolled_back(tier, back))
    if begun and settled:
        yield _notice(run, News.DONE, tier.name, "", words.done(tier, hosts))


def _begun(host: HostState) -> bool:
    return host.entered or host.changed or host.left_at is not None


def _planned(run: Run, tier: TierPlan, now: datetime) -> Iterator[Notice]:
    """Yield what is to be told of a tier's next opening: of several times that have passed only the last one counts."""
    opening = _opening(run, tier, now)
    if opening is None:
        return
    passed = [before for before in tier.announce if opening.opens - before <= now < opening.opens]
    known = _told_of(run, tier, opening)
    place = _place(tier, opening, now)
    if passed:
        name = f"{place} T-{words.span(min(passed))}"
    elif opening.opens <= now:
        name = known[-1] if known else f"{place} now"
    else:
        return
    subject, text = words.planned(run, tier, opening)
    yield Notice(name, News.PLANNED, tier.name, subject, text, opening)


def _opening(run: Run, tier: TierPlan, now: datetime) -> Opening | None:
    """Return when a tier is worked on next; None: never, or nothing is left to begin there."""
    left = any(run.plan.hosts[host.name].changes and host.unbegun for host in run.in_tier(tier.name))
    return opening_for(run, tier, now) if left else None


def _place(tier: TierPlan, opening: Opening, now: datetime) -> str:
    """Return the name that all notices of one opening begin with; a tier that is always open has one opening."""
    when = "always" if tier.always and opening.opens <= now else f"{opening.opens.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    return f"{News.PLANNED} {tier.name} {when}"


def _told_of(run: Run, tier: TierPlan, opening: Opening) -> list[str]:
    """Return the notices of an opening that were begun, in order."""
    begins = (_place(tier, opening, opening.opens), _place(tier, opening, opening.opens - timedelta(1)))
    return [name for name, _ in run.deliveries if name.rpartition(" ")[0] in begins]


def _notice(run: Run, news: News, tier: str, more: str, told: tuple[str, str]) -> Notice:
    subject, text = told
    name = " ".join(part for part in (news, tier, more) if part)
    return Notice(name, news, tier, subject, f"{text}\n\n{words.asked_for(run)}")


def notices_sent(run: Run, tier: TierPlan, now: datetime) -> Verdict:
    """Say whether the opening that comes next was announced: each notice of it, on each channel that takes it."""
    channels = [one for one in run.plan.channels if takes(one, News.PLANNED, tier.name)]
    if not channels:
        return no("notice", "no channel is configured (`notices`) that tells of the tier's windows, so nobody was told")
    if now < (over := notice_over(run, tier, now)):
        return no("notice", f"the notice is not over before {words.moment(over)}")
    unsent = next(_unsent(run, tier, channels, now), "")
    return no("notice", unsent) if unsent else yes("notice", f"announced on {', '.join(one.name for one in channels)}")


def _unsent(run: Run, tier: TierPlan, channels: list[Channel], now: datetime) -> Iterator[str]:
    opening = _opening(run, tier, now)
    names = dict.fromkeys(_told_of(run, tier, opening) if opening else _last_told_of(run, tier))
    if not names and opening:
        ahead = [at for before in tier.announce if (at := opening.opens - before) > now]
        then = words.moment(min(ahead, default=now))
        yield f"nobody was told yet; a controller or a tick sends the next notice {then}"
    elif not names:
        yield "nobody was told"
    for name in names:
        for channel in channels:
            known = run.deliveries.get((name, channel.name), _NEW)
            if known.sent is None:
                yield f"{channel.name} was not told ({name}): {known.why or 'not sent yet'}"


def _last_told_of(run: Run, tier: TierPlan) -> list[str]:
    """Return the notices of the last opening that was announced: that in which the tier is, or was, worked on."""
    names = [name for name, _ in run.deliveries if name.startswith(f"{News.PLANNED} {tier.name} ")]
    return [name for name in names if name.rpartition(" ")[0] == names[-1].rpartition(" ")[0]]
