"""Every string that staff read goes through gettext: in templates, in code, and on the pages in a made-up language."""

import ast
import re
from collections.abc import Iterator
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2 import nodes
from typer.testing import CliRunner

from bot import translation
from bot.cli import app
from bot.database import Database
from bot.desk import screen, strings
from bot.desk.screen import FOLDER
from bot.errors import DataError
from tests.desk.conftest import Browser, Open, open_ticket

TEMPLATES = sorted((FOLDER / "templates").glob("*.html"))
BESIDES = ("triage/export", "triage/calendar", "triage/around", "triage/store", "triage/ticket", "content/governance")
BESIDES += ("content/review", "content/tasks", "conversation/handover", "hours")
MODULES = [*sorted(FOLDER.glob("*.py")), *(FOLDER.parent / f"{name}.py" for name in BESIDES)]
"""The staff pages, and what raises the errors that they show."""
READ = frozenset({"aria-label", "title", "placeholder", "alt", "data-label"})
WORD = re.compile(r"[^\W\d_]{2,}")
LOOSE = re.compile(r'[a-z-]+="[^"]*"')
"""An attribute that a macro adds to a tag."""
UNTRANSLATED = frozenset({"Axis", "UTC", "CSV", "FHIR"})
SENTENCE = re.compile(r"^[A-Z][a-z]+( [a-z]+)*$|[a-z]{2,}[,.:;]? [a-z]{2,}|[a-z]\.$")


class Visible(HTMLParser):
    """What a reader of a page sees or hears."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self._silent = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in ("style", "script")
        self.said += [value for name, value in attrs if name in READ and value]

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("style", "script")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.said.append(data)

    @property
    def words(self) -> list[str]:
        return [text for text in self.said if set(WORD.findall(LOOSE.sub("", text))) - UNTRANSLATED]


def outside_gettext(node: nodes.Node) -> list[str]:
    """The constants of an expression that are neither an argument of gettext nor compared, looked up or filtered."""
    if isinstance(node, nodes.Call):
        named = node.node.name if isinstance(node.node, nodes.Name) else ""
        if named in ("_", "gettext", "ngettext"):
            return [text for value in node.kwargs for text in outside_gettext(value.value)]
    if isinstance(node, nodes.Const):
        return [node.value] if isinstance(node.value, str) and SENTENCE.search(node.value) else []
    if isinstance(node, nodes.Compare | nodes.Filter | nodes.Test | nodes.Getitem | nodes.Getattr):
        return []
    return [text for child in node.iter_child_nodes() for text in outside_gettext(child)]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_says_nothing_of_its_own(path: Path) -> None:
    tree = screen.environment().parse(path.read_text(encoding="utf-8"))
    html, expressions = "", []
    for part in tree.find_all(nodes.Output):
        for node in part.nodes:
            html += node.data if isinstance(node, nodes.TemplateData) else "…"
            expressions += [] if isinstance(node, nodes.TemplateData) else outside_gettext(node)
    assert Visible(html).words == []
    assert expressions == []


def shown(tree: ast.Module) -> list[tuple[int, str]]:
    """The sentences of a module that go through nothing: no docstrings, not what is marked, not what a log gets."""
    passed: set[int] = set()
    for node in ast.walk(tree):
        quiet = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            quiet = name in ("_", "later", "ngettext", "Field", "Query", "debug", "info", "warning", "error", "compile")
            quiet = quiet or name in ("ValueError", "RuntimeError", "DataError")
        if quiet or (isinstance(node, ast.JoinedStr | ast.Constant) and id(node) in passed):
            passed |= {id(one) for one in ast.walk(node)}
    return [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in passed
        if SENTENCES.search(node.value) and not HEADER.search(node.value)
    ]


SENTENCES = re.compile(r"^[A-Z][a-z]+ [a-z]{2,}|[a-z]{2,}[,.:;]? [a-z]{2,}|[a-z]{2,} [a-z]{2,}[.:]$")
HEADER = re.compile(r"; (?:charset|filename)=")
SILENT = {
    "governance": {"changes requested", "nobody yet", "review overdue"},
    "hours": {"Value error, ", "restored from version "},
    "inbox": {"until the clinic opens next"},
    "linking": {"sign-in service"},
    "listening": {"the second net"},
    "provider": {"openid profile email"},
    "strings": {"# The staff pages of Axis."},
}
"""What is stored, is an id, or belongs to a protocol."""


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_says_nothing_of_its_own(path: Path) -> None:
    found = shown(ast.parse(path.read_text(encoding="utf-8")))
    assert [one for one in found if one[1] not in SILENT.get(path.stem, ())] == []


def pseudo(text: str) -> str:
    return f"⟦{text}⟧"


@pytest.fixture
def made_up(tmp_path: Path) -> Path:
    """A language in which every text stands in brackets."""
    catalog = Catalog(locale="de", charset="utf-8", fuzzy=False)
    for message in strings.extract():
        if message.id:
            said = message.id if isinstance(message.id, str) else message.id[-1]
            string = pseudo(said) if isinstance(message.id, str) else (pseudo(said), pseudo(said))
            catalog.add(message.id, string)
    with (tmp_path / translation.FILE).open("wb") as file:
        write_po(file, catalog)
    return tmp_path


@pytest.fixture
def speaking(made_up: Path) -> Iterator[None]:
    translation.speak("de", made_up)
    yield
    translation.speak("en", made_up.parent / "none")


BRACKETED = re.compile(r"⟦[^⟦⟧]*(?:⟦[^⟦⟧]*⟧[^⟦⟧]*)*⟧")


def unbracketed(html: str) -> list[str]:
    text = "\n".join(Visible(html).said)
    for _ in range(3):
        text = BRACKETED.sub("", text)
    return [line for line in text.splitlines() if set(WORD.findall(line)) - UNTRANSLATED]


@pytest.mark.usefixtures("speaking")
def test_before_signing_in_all_is_in_the_language(stranger: Browser) -> None:
    answer = stranger.get("/desk/login")
    assert '<html lang="de">' in answer.text
    assert "⟦Password⟧" in answer.text
    assert unbracketed(answer.text) == []


PAGES = {
    "front_desk": ["/desk", "/desk?show=resolved", "/desk/search", "/desk/account"],
    "admin": ["/desk/staff", "/desk/audit", "/desk/hours", "/desk/review"],
    "reviewer": ["/desk/review", "/desk/review/gaps"],
}


@pytest.mark.usefixtures("speaking")
@pytest.mark.parametrize(("role", "path"), [(role, path) for role, paths in PAGES.items() for path in paths])
def test_a_page_is_in_the_language_and_whole(browser: Open, role: str, path: str) -> None:
    answer = browser(role).get(path)
    assert answer.status_code == 200
    assert "⟦" in answer.text


@pytest.mark.usefixtures("speaking")
def test_a_ticket_and_its_refusals_are_in_the_language(browser: Open, database: Database) -> None:
    mine, ticket = browser("front_desk"), open_ticket(database)
    here = f"/desk/tickets/{ticket.id}"
    assert "⟦Claim this ticket⟧" in mine.get(here).text
    assert "⟦" in mine.submit(here, f"{here}/note", words="").text


def test_a_file_for_translators_is_made_and_kept_up_to_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AXIS_DATA_DIR", str(tmp_path))
    first = CliRunner().invoke(app, ["staff", "strings", "de"])
    assert first.exit_code == 0
    path = tmp_path / "de" / translation.FILE
    path.write_text(
        path.read_text("utf-8").replace('msgid "Queue"\nmsgstr ""', 'msgid "Queue"\nmsgstr "Warteschlange"')
    )
    again = CliRunner().invoke(app, ["staff", "strings", "de"])
    assert "0 to confirm" in again.output
    with path.open("rb") as file:
        assert read_po(file)["Queue"].string == "Warteschlange"


@pytest.mark.parametrize(
    ("id_", "said", "why"),
    [
        ("{name} has it now.", "Jemand hat es jetzt.", "the places for values differ"),
        ("{name} has it now.", "{wer} hat es jetzt.", "the places for values differ"),
    ],
)
def test_a_translation_that_loses_a_name_is_refused(tmp_path: Path, id_: str, said: str, why: str) -> None:
    (tmp_path / translation.FILE).write_text(f'msgid ""\nmsgstr ""\n\nmsgid "{id_}"\nmsgstr "{said}"\n', "utf-8")
    with pytest.raises(DataError, match=why) as error:
        translation.speak("de", tmp_path)
    assert f"{translation.FILE}:4" in str(error.value)


def test_a_percent_sign_that_would_break_a_page_is_refused(tmp_path: Path) -> None:
    place = "#: bot/desk/templates/queue.html:6\n"
    (tmp_path / translation.FILE).write_text(f'{place}msgid "Queue"\nmsgstr "100 % Warten"\n', "utf-8")
    with pytest.raises(DataError, match="percent sign"):
        translation.speak("de", tmp_path)
    (tmp_path / translation.FILE).write_text(f'{place}msgid "Queue"\nmsgstr "100 %% Warten"\n', "utf-8")
    translation.speak("de", tmp_path)
    translation.speak("en", tmp_path / "none")


def test_what_is_no_translation_is_refused(tmp_path: Path) -> None:
    (tmp_path / translation.FILE).write_text('msgid "Queue\n', "utf-8")
    with pytest.raises(DataError):
        translation.speak("de", tmp_path)


def test_numbers_and_dates_follow_the_language(made_up: Path) -> None:
    translation.speak("de", made_up)
    try:
        assert translation.day(date(2026, 12, 3)) == "03 Dez. 2026"
    finally:
        translation.speak("en", made_up.parent / "none")
    assert translation.day(date(2026, 12, 3)) == "03 Dec 2026"
