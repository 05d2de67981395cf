"""A run as CSV: a row per host."""

import csv
import io
from collections.abc import Sequence

from patchtide.report.runview import Bar, HostView, RunView
from patchtide.report.words import cleaned, stamp

COLUMNS = (
    "run", "tier", "wave", "host", "state", "failed", "updates", "installed", "fixed", "unknown", "left_out",
    "reboot_owed", "began", "ended", "why",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_text(view: RunView, bars: Sequence[Bar]) -> str:
    """Return a header and a row per host; cells that a spreadsheet would run as a formula are disarmed."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for host in view.hosts:
        own = [bar for bar in bars if bar.host == host.name]
        writer.writerow([_cell(text) for text in _row(view, host, own)])
    return out.getvalue()


def _row(view: RunView, host: HostView, bars: Sequence[Bar]) -> list[str]:
    fixed = [fix for fix in view.fixes if host.name in fix.patched]
    began = stamp(bars[0].start) if bars else ""
    ended = [bar.end for bar in bars if bar.end]
    return [
        view.run,
        host.tier,
        str(host.wave),
        host.name,
        host.state,
        "yes" if host.failed else "no",
        str(host.updates),
        " ".join(host.installed),
        " ".join(dict.fromkeys(cve for fix in fixed for cve in fix.cves or ())),
        " ".join(name for fix in fixed if fix.cves is None for name in fix.packages),
        str(sum(host.name in left.hosts for left in view.left_out)),
        "yes" if host.reboot_owed else "no",
        began,
        stamp(max(ended)) if ended else "",
        host.why,
    ]


def _cell(text: str) -> str:
    return f"'{cleaned(text)}" if text.startswith(_FORMULA) else cleaned(text)
