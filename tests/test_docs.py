"""What the documentation names exists, and what exists is documented."""

import re
from pathlib import Path

import pytest

from bot.content import review
from bot.settings import ELSEWHERE, ROOT, Settings
from bot.triage import ticket

PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "data/README.md")] + sorted(ROOT.glob("docs/**/*.md"))
FILE = re.compile(r"`((?:bot|actions|data|tests|docs|evaluation|deploy)/[\w./-]+?)(?::\w+)?`")


def test_every_setting_is_documented() -> None:
    page = (ROOT / "docs/how-to/settings.md").read_text()
    named = set(re.findall(r"`(AXIS_[A-Z_]+)`", page))
    assert named == {f"AXIS_{name.upper()}" for name in Settings.model_fields} | ELSEWHERE


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    missing = [name for name in FILE.findall(page.read_text()) if not (ROOT / name).exists()]
    assert missing == []


def table(heading: str) -> set[tuple[str, str, frozenset[str]]]:
    text = (ROOT / "docs/states.md").read_text().split(f"## {heading}")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (\w+) \| (\w+) \| ([\w, ]+) \|$", text, re.MULTILINE)
    return {(a, b, frozenset(who.split(", "))) for a, b, who in rows if a != "from"}


def test_the_states_page_is_what_the_code_allows() -> None:
    revisions = {(str(a), str(b), frozenset(map(str, roles))) for (a, b), roles in review.MOVES.items()}
    tickets = {(str(a), str(b), frozenset(map(str, roles))) for (a, b), roles in ticket.MOVES.items()}
    assert table("A revision of a text") == revisions
    assert table("A ticket") == tickets
