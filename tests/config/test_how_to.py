"""What the how-to about windows shows is valid, as it stands there."""

import re
from pathlib import Path

from tests.config.cases import DATA, TODAY

from patchtide.config.load import settings_of

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "say-when.md"
ICS = DATA / "good"


def test_every_example_of_the_how_to_is_understood(tmp_path: Path) -> None:
    tiers, windows, blackouts, impact = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "calendars").mkdir()
    for shown, there in (("windows.ics", "windows.ics"), ("freeze.ics", "freezes.ics")):
        (tmp_path / "calendars" / shown).write_bytes((ICS / there).read_bytes())
    (tmp_path / "hosts.yml").write_text("all: {}\n", encoding="utf-8")
    head = "inventory: hosts.yml\nhealth: [{name: units, services: unchanged}]\n"
    path = tmp_path / "patchtide.yml"
    impact_windows, _, classes = impact.partition("impacts:\n")
    more = impact_windows.removeprefix("windows:\n")
    path.write_text(f"{head}{tiers}{windows}{more}impacts:\n{classes}{blackouts}", encoding="utf-8")
    settings = settings_of(path, today=TODAY)
    assert len(settings.windows) == 11
    assert len({blackout.name for blackout in settings.blackouts}) == 9
    assert settings.impacts_ask
