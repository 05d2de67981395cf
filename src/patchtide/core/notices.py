"""Which notices are due: of a planned window, so long before it opens, and of what becomes of a run."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from patchtide.core import noticewords as words
from patchtide.core.approvals import notice_over, opening_for
from patchtide.core.channels import Channel, News, takes
from patchtide.core.deliveries import Delivery
from patchtide.core.hoststate import HostState
from patchtide.core.plan import TierPlan
from patchtide.core.run import Run
from patchtide.core.soaking import soaks
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
    if not run.plan.channels:
        return
    current = tuple(_current(run, now))
    for channel in run.plan.channels:
        for notice in (*current, *_progress(run, channel, now)):
            known = run.deliveries.get((notice.name, channel.name), _NEW)
            if takes(channel, notice.news, notice.tier) and known.due(now):
                yield notice, channel


def _current(run: Run, now: datetime) -> Iterator[Notice]:
    for tier in run.plan.tiers:
        yield from _of_tier(run, tier, now)
    for event in run.extended:
        yield _notice(run, News.EXTENDED, event.tier, _stamp(event.at), words.extended(event))
    if run.outcome is not None and run.ended_at is not None:
        yield _notice(run, News.ENDED, "", _stamp(run.ended_at), words.ended(run))
        return
    if run.continued is not None:
        yield _notice(run, News.RESUMED, "", _stamp(run.continued.at), words.resumed(run.continued))
    yield from _watched(run, now)
    if run.paused is not None:
        yield _notice(run, News.PAUSED, "", _stamp(run.paused.at), words.paused(run.paused))
    elif run.held is not None and run.held.until is None:
        yield _notice(run, News.WAITING, "", f"{run.held.code} {_stamp(run.held.at)}", words.waiting(run.held))


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
        if any(host.failed for host in hosts):
            yield _notice(run, News.ISSUES, tier.name, "", words.done(tier, hosts))


def _watched(run: Run, now: datetime) -> Iterator[Notice]:
    """Yield what is patched and watched now before anything follows it: canaries, a tier, and in the end everything."""
    for tier, what, over in soaks(run):
        if now < over:
            yield _notice(run, News.SOAKING, tier, what, words.soaking(tier, what, over))


def _progress(run: Run, channel: Channel, now: datetime) -> Iterator[Notice]:
    """Yield how far each tier is for a channel that asks for it: wave by wave, and so long after the last notice."""
    for tier in run.plan.tiers if run.outcome is None and News.PROGRESS in channel.on else ():
        hosts = run.in_tier(tier.name)
        if not any(map(_begun, hosts)) or all(host.settled for host in hosts):
            continue
        done = sum(all(run.hosts[name].settled for name in wave) for wave in tier.waves)
        wave = run.deliveries.get((f"{News.PROGRESS} {tier.name} wave {done}", channel.name), _NEW)
        if done and wave.due(now):
            yield _notice(run, News.PROGRESS, tier.name, f"wave {done}", words.progress(run, tier, channel.every))
        elif any(host.worked_on or host.in_doubt for host in hosts) and (at := _next_time(run, tier, channel, now)):
            yield _notice(run, News.PROGRESS, tier.name, _stamp(at), words.progress(run, tier, channel.every))


def _next_time(run: Run, tier: TierPlan, channel: Channel, now: datetime) -> datetime | None:
    """Return the time that has come for another notice on a channel: so long after the last one, or None."""
    mine = {name: one for (name, where), one in run.deliveries.items() if where == channel.name}
    greeted = not takes(channel, News.BEGUN, tier.name) or f"{News.BEGUN} {tier.name}" in mine
    if channel.every is None or not greeted or any(one.on_its_way for one in mine.values()):
        return None
    last = max((one.sent for one in mine.values() if one.sent), default=run.opened_at)
    passed = (now - last) // channel.every
    return last + passed * channel.every if passed > 0 else None


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
    when = "always" if tier.always and opening.opens <= now else _stamp(opening.opens)
    return f"{News.PLANNED} {tier.name} {when}"


def _told_of(run: Run, tier: TierPlan, opening: Opening) -> list[str]:
    """Return the notices of an opening that were begun, in order."""
    begins = (_place(tier, opening, opening.opens), _place(tier, opening, opening.opens - timedelta(1)))
    return [name for name, _ in run.deliveries if name.rpartition(" ")[0] in begins]


def _stamp(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y%m%dT%H%M%SZ}"


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
