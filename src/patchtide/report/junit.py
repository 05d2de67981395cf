"""A run as JUnit XML: a suite per tier, a test case per host, so that every CI system can show it."""

from collections.abc import Iterable, Iterator, Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from patchtide.core.steps import EndState
from patchtide.report.fixes import cves_text, left_text
from patchtide.report.runview import Bar, HostView, RunView, TierView
from patchtide.report.words import cleaned


def junit_text(view: RunView, bars: Sequence[Bar]) -> str:
    """Return the XML: hosts that went wrong are failures, hosts that a halt left alone are skipped."""
    root = Element("testsuites", name="patchtide")
    for tier in view.tiers:
        _suite(root, view, tier, bars)
    _count(root, root.iter("testcase"))
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _suite(root: Element, view: RunView, tier: TierView, bars: Sequence[Bar]) -> None:
    suite = SubElement(root, "testsuite", name=cleaned(tier.name), timestamp=f"{view.opened_at:%Y-%m-%dT%H:%M:%S}")
    properties = SubElement(suite, "properties")
    known = (("run", view.run), ("digest", view.digest), ("outcome", view.outcome or "not ended"))
    for name, value in (*known, *_plan(view)):
        SubElement(properties, "property", name=name, value=value)
    for host in view.hosts:
        if host.tier == tier.name:
            _case(suite, host, [bar for bar in bars if bar.host == host.name])
    _count(suite, suite.iter("testcase"))


def _plan(view: RunView) -> Iterator[tuple[str, str]]:
    yield "fixes", cleaned(view.totals)
    yield "stayed away", cleaned(left_text(view.left_out))
    for fix in view.fixes:
        yield "fixes of " + cleaned(" ".join(fix.packages)), cleaned(cves_text(fix.cves))


def _case(suite: Element, host: HostView, bars: Sequence[Bar]) -> None:
    seconds = sum((bar.end - bar.start).total_seconds() for bar in bars if bar.end)
    place = cleaned(f"patchtide.{host.tier}.wave{host.wave}")
    case = SubElement(suite, "testcase", name=cleaned(host.name), classname=place, time=f"{seconds:.3f}")
    text = cleaned(f"{host.state}: {host.why}")
    if _went_wrong(host):
        steps = "\n".join(f"{bar.step}: {bar.status} {bar.reason}".rstrip() for bar in bars)
        SubElement(case, "failure", type=host.state, message=text).text = cleaned(f"{text}\n{steps}")
    elif host.end is None or (host.end == EndState.UNTOUCHED and host.updates):
        SubElement(case, "skipped", message=text)
    else:
        SubElement(case, "system-out").text = cleaned("\n".join([text, *host.installed]))


def _went_wrong(host: HostView) -> bool:
    return host.failed or host.end in {EndState.ROLLED_BACK, EndState.QUARANTINED}


def _count(element: Element, cases: Iterable[Element]) -> None:
    known = list(cases)
    element.set("tests", str(len(known)))
    element.set("failures", str(sum(case.find("failure") is not None for case in known)))
    element.set("errors", "0")
    element.set("skipped", str(sum(case.find("skipped") is not None for case in known)))
    element.set("time", f"{sum(float(case.get('time', '0')) for case in known):.3f}")
