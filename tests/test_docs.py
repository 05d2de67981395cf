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
# `patchtide x --y` at the start of a sample's line, after a prompt, or in backquotes.
CALL = re.compile(r"(?:^ *(?:\$ )?|`)patchtide((?: [^\s`#]+)+)", re.MULTILINE)


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


def calls(page: Path) -> Iterator[list[str]]:
    """The words after `patchtide` of every call that a page shows; prose that only begins with the name is none."""
    shown = (call.split() for call in CALL.findall(text_of(page)))
    return (words for words in shown if re.fullmatch(r"[a-z-]+", words[0]))


def unknown(words: list[str]) -> str | None:
    """The first word of a call that is no command where one has to be, or no option of its command."""
    command: click.Command = patchtide
    rest = list(words)
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        below = command.get_command(click.Context(command), rest.pop(0))
        if below is None:
            return " ".join(words)
        command = below
    known = {name for parameter in command.params for name in parameter.opts} | {"--help", "--version"}
    return next((word for word in rest if word.startswith("--") and word.partition("=")[0] not in known), None)


def configurations() -> Iterator[tuple[str, str]]:
    """Every whole configuration that a page shows, with the page's name."""
    for page in PAGES:
        for block in re.findall(r"^```yaml\n(.*?)^```$", text_of(page), re.DOTALL | re.MULTILINE):
            if re.search(r"^inventory:", block, re.MULTILINE):
                yield named(page), block


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
def test_every_command_and_option_on_a_page_exists(page: Path) -> None:
    assert [found for words in calls(page) if (found := unknown(words))] == []


@pytest.mark.parametrize("page", ["README.md", "docs/tutorial.md"])
def test_commands_are_found_on_the_pages_at_all(page: str) -> None:
    assert len({words[0] for words in calls(ROOT / page)}) >= 8


@pytest.mark.parametrize("words", [["paln"], ["lab", "pu"], ["plan", "--detailed-exit-code"]])
def test_a_call_that_is_wrong_is_noticed(words: list[str]) -> None:
    assert unknown(words)


@pytest.mark.parametrize(("page", "text"), [pytest.param(*found, id=found[0]) for found in configurations()])
def test_a_configuration_on_a_page_is_accepted(page: str, text: str, tmp_path: Path) -> None:
    inventory = tmp_path / yaml.safe_load(text)["inventory"]
    inventory.parent.mkdir()
    inventory.write_text("all: {children: {env_test: {hosts: {a: }}, env_prod: {hosts: {b: }}}}\n", encoding="utf-8")
    (tmp_path / "patchtide.yml").write_text(text, encoding="utf-8")
    assert [tier.name for tier in settings_of(tmp_path / "patchtide.yml").tiers] == ["test", "production"]


def test_readme_tutorial_and_rehearsal_show_a_configuration() -> None:
    assert {page for page, _ in configurations()} >= {
        "README.md",
        "docs/tutorial.md",
        "docs/how-to/rehearse-a-rollback.md",
    }


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
