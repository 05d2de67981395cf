"""What the rounds add up to: medians, spread, ratios, and the page that shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from bench.tools import Timed

GOALS = {
    "in_window_vs_ssh": 1.2,
    "in_window_vs_pyinfra": 0.8,
    "in_window_vs_usual_playbook": 0.25,
    "whole_run_vs_usual_playbook": 0.6,
}
_OURS = {"patchtide": "", "patchtide_watching": "watching_"}
_BAR = 320  # pixels of the longest bar
_ROW = 26


@dataclass(frozen=True, slots=True)
class Round:
    """One tool's turn: seconds, with how many hosts."""

    tool: str
    hosts: int
    timed: Timed


def ratios(rounds: Sequence[Round]) -> dict[str, float]:
    """Return Patchtide's medians over those of the others, by the names of the goals and some more."""
    found: dict[str, float] = {}
    for ours, prefix in _OURS.items():
        for tool in (one for one in _tools(rounds) if one not in _OURS):
            theirs = _median(rounds, tool, "whole")
            found[f"{prefix}in_window_vs_{tool}"] = round(_median(rounds, ours, "in_window") / theirs, 3)
            found[f"{prefix}whole_run_vs_{tool}"] = round(_median(rounds, ours, "whole") / theirs, 3)
    return found


def _median(rounds: Sequence[Round], tool: str, which: str) -> float:
    return median(_seconds(rounds, tool, which))


def _seconds(rounds: Sequence[Round], tool: str, which: str) -> list[float]:
    return [getattr(one.timed, which) for one in rounds if one.tool == tool]


def document(rounds: Sequence[Round], growth: Sequence[Round], scale: Mapping[str, object]) -> dict[str, object]:
    """Return everything that was measured, for `bench/results.json`."""
    return {
        "schema": "patchtide/bench/v1",
        "ratios": ratios(rounds),
        "goals": GOALS,
        "runs": [_row(one) for one in rounds],
        "growth": [_row(one) for one in growth],
        "scale": dict(scale),
    }


def _row(one: Round) -> dict[str, object]:
    seconds = {"whole_s": round(one.timed.whole, 2), "in_window_s": round(one.timed.in_window, 2)}
    return {"tool": one.tool, "hosts": one.hosts, **seconds}


def page(rounds: Sequence[Round], growth: Sequence[Round]) -> str:
    """Return the Markdown of what was measured: the tools side by side, goals, and how the cost grows."""
    hosts = rounds[0].hosts
    lines = [f"{hosts} hosts, {_turns(rounds)} rounds of each, taking turns. Seconds, median (least to most).", ""]
    lines += ["| tool | whole run | hosts out of service |", "|---|---|---|"]
    lines += [
        f"| {tool} | {_spread(rounds, tool, 'whole')} | {_spread(rounds, tool, 'in_window')} |"
        for tool in _tools(rounds)
    ]
    lines += ["", "| ratio | measured | goal |", "|---|---|---|"]
    lines += [f"| {name} | {value:g} | {_goal(name)} |" for name, value in ratios(rounds).items()]
    if growth:
        lines += ["", "| hosts | whole run | per host | out of service |", "|---|---|---|---|"]
        lines += [
            f"| {one.hosts} | {one.timed.whole:.1f} | {one.timed.whole / one.hosts:.2f} | {one.timed.in_window:.1f} |"
            for one in growth
        ]
    return "\n".join(lines) + "\n"


def _tools(rounds: Sequence[Round]) -> list[str]:
    return list(dict.fromkeys(one.tool for one in rounds))


def _turns(rounds: Sequence[Round]) -> int:
    return sum(one.tool == rounds[0].tool for one in rounds)


def _goal(name: str) -> str:
    return f"at most {GOALS[name]:g}" if name in GOALS else ""


def _spread(rounds: Sequence[Round], tool: str, which: str) -> str:
    seconds = _seconds(rounds, tool, which)
    return f"{median(seconds):.1f} ({min(seconds):.1f} to {max(seconds):.1f})"


def chart(rounds: Sequence[Round]) -> str:
    """Return the medians as an SVG of bars: the whole run pale, the time out of service dark."""
    tools = _tools(rounds)
    whole = {tool: _median(rounds, tool, "whole") for tool in tools}
    window = {tool: _median(rounds, tool, "in_window") for tool in tools}
    longest = max(whole.values())
    rows = []
    for number, tool in enumerate(tools):
        y = 4 + number * _ROW
        pale, dark = (round(_BAR * seconds / longest) for seconds in (whole[tool], window[tool]))
        rows += [
            f'<text x="0" y="{y + 14}">{tool}</text>',
            f'<rect x="150" y="{y}" width="{pale}" height="18" fill="#b9d3e0"/>',
            f'<rect x="150" y="{y}" width="{dark}" height="18" fill="#1f6f8b"/>',
            f'<text x="{158 + pale}" y="{y + 14}">{window[tool]:.1f} s of {whole[tool]:.1f} s</text>',
        ]
    size = f'width="{_BAR + 290}" height="{_ROW * len(tools) + 8}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="13">'
    return "\n".join([head, *rows, "</svg>"]) + "\n"
