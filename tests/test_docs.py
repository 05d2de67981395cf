"""The pages: what they say is what the code does, and what they point at is there."""

import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest
import yaml
from scripts.reference.markdown import anchor

from patchtide.cli.root import patchtide
from patchtide.config.load import settings_of
from patchtide.core import errors, steps
from patchtide.core.steps import Outcome

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *ROOT.glob("roles/*/README.md"),
        *ROOT.glob("changelog.d/*.md"),
    ]
)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
# `patchtide x`, at the start of a sample's line or after a prompt: words up to the first option, argument or comment.
CALL = re.compile(r"(?:^ *(?:\$ )?|`)patchtide((?: [a-z][a-z-]*)+)", re.MULTILINE)


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


@cache
def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def links(page: Path) -> Iterator[str]:
    """The targets of a page's links, without those that leave the repository."""
    text = FENCE.sub("", text_of(page))
    return (target for target in LINK.findall(text) if not re.match(r"[a-z]+:", target))


def anchors(page: Path) -> set[str]:
    return {anchor(heading) for heading in HEADING.findall(FENCE.sub("", text_of(page)))}


def unknown_words(words: list[str]) -> str | None:
    """The first word of a call that is no command; what follows a command that takes arguments is one of these."""
    command: click.Command = patchtide
    for word in words:
        if not isinstance(command, click.Group):
            return None
        below = command.get_command(click.Context(command), word)
        if below is None:
            return word
        command = below
    return None


def readme_sample() -> str:
    """The configuration that the README shows."""
    found = re.findall(r"```yaml\n(.*?)```", text_of(ROOT / "README.md"), re.DOTALL)
    assert found, "the README shows no configuration"
    return str(found[0])


def test_the_reference_is_what_the_code_says() -> None:
    done = subprocess.run([ROOT / "scripts/docs", "--check"], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    dead = []
    for target in links(page):
        place, _, fragment = target.partition("#")
        there = (page.parent / place).resolve() if place else page
        if not there.exists() or (fragment and there.suffix == ".md" and f"#{fragment}" not in anchors(there)):
            dead.append(target)
    assert dead == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_command_on_a_page_exists(page: Path) -> None:
    calls = [call.split() for call in CALL.findall(text_of(page))]
    assert [call for call in calls if unknown_words(call)] == []


def test_the_readme_names_commands_at_all() -> None:
    assert len({tuple(call.split()) for call in CALL.findall(text_of(ROOT / "README.md"))}) >= 8


def test_the_configuration_in_the_readme_is_accepted(tmp_path: Path) -> None:
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory/hosts.yml").write_text("all: {children: {env_test: {hosts: {a: }}}}\n", encoding="utf-8")
    (tmp_path / "patchtide.yml").write_text(readme_sample(), encoding="utf-8")
    assert [tier.name for tier in settings_of(tmp_path / "patchtide.yml").tiers] == ["test", "production"]


def test_the_readme_has_every_exit_code() -> None:
    rows = re.findall(r"^\| (\d+) \|", text_of(ROOT / "README.md"), re.MULTILINE)
    known = {outcome.exit_code for outcome in Outcome}
    known |= {kind.exit_code for kind in (errors.PatchtideError, errors.UsageError, errors.LockedError)}
    known |= {steps.WAITING_EXIT_CODE, steps.PENDING_EXIT_CODE, steps.INTERRUPTED_EXIT_CODE}
    assert sorted(map(int, rows)) == sorted(known)


def test_every_page_is_found_from_the_index() -> None:
    index = ROOT / "docs/README.md"
    listed = {(index.parent / target.partition("#")[0]).resolve() for target in links(index)}
    pages = {page for page in (ROOT / "docs").rglob("*.md") if page.parent.name != "decisions"} - {index}
    assert sorted(map(named, pages - listed)) == []


def test_the_site_shows_every_page() -> None:
    site = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    shown = set(re.findall(r"[\w/-]+\.md", str(site["nav"])))
    pages = {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")}
    assert shown == pages
