"""A run as CSV: a row per host."""

import csv
import io
from collections.abc import Sequence

from patchtide.report.runview import Bar, HostView, RunView
from patchtide.report.words import cleaned, stamp

COLUMNS = (
    "run", "tier", "wave", "host", "state", "failed", "updates", "installed", "reboot_owed", "began", "ended", "why",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_text(view: RunView, bars: Sequence[Bar]) -> str:
    """Return a header and a row per host; cells that a spreadsheet would run as a formula are disarmed."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for host in view.hosts:
        own = [bar for bar in bars if bar.host == host.name]
        writer.writerow([_cell(text) for text in _row(view.run, host, own)])
    return out.getvalue()


def _row(run: str, host: HostView, bars: Sequence[Bar]) -> list[str]:
    began = stamp(bars[0].start) if bars else ""
    ended = [bar.end for bar in bars if bar.end]
    return [
        run,
        host.tier,
        str(host.wave),
        host.name,
        host.state,
        "yes" if host.failed else "no",
        str(host.updates),
        " ".join(host.installed),
        "yes" if host.reboot_owed else "no",
        began,
        stamp(max(ended)) if ended else "",
        host.why,
    ]


def _cell(text: str) -> str:
    return f"'{cleaned(text)}" if text.startswith(_FORMULA) else cleaned(text)
