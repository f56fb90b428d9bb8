"""Tickets as CSV and as text for a record system."""

import csv
import io
from dataclasses import replace

import pytest
from hypothesis import given

from bot.triage import export
from bot.triage.case import Case
from bot.triage.store import Ticket
from tests.triage.cases import CASE, TICKET, cases, tickets


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@given(tickets())
def test_every_cell_comes_back_and_none_is_a_formula(ticket: Ticket) -> None:
    (row,) = read(export.as_csv([ticket]))
    assert not any(cell.startswith(export.FORMULAS) for cell in row.values())
    assert row["summary"].removeprefix("'") == ticket.summary.removeprefix("'")
    assert (row["id"], row["urgency"], row["rule_version"]) == (ticket.id, ticket.urgency, str(ticket.rule_version))


@pytest.mark.parametrize(
    "cell", ["=1+1", "+44 7700", "-2", "@SUM(A1)", "\t=1", '=HYPERLINK("http://x","y")', "\n=1", "\uff1d1"]
)
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(cell: str) -> None:
    (row,) = read(export.as_csv([replace(TICKET, matched=cell)]))
    assert row["matched"] == "'" + cell


def test_a_list_of_none_is_its_heading() -> None:
    assert read(export.as_csv([])) == []
    assert export.as_csv([]).startswith('"id","urgency","state","opened_at"')


@given(cases())
def test_no_line_is_longer_than_72_columns(case: Case) -> None:
    assert max(map(len, export.as_text(case).split("\n"))) <= 72


def test_the_text_says_why_by_which_rule_and_that_it_is_no_diagnosis() -> None:
    long = "it began a week ago and " + "gets worse and worse " * 6 + "\nURGENCY: none"
    text = export.as_text(replace(CASE, ticket=replace(TICKET, summary=long, outcome="Called back.")))
    assert "REQUEST TO THE TEAM, SAME DAY" in text
    assert "not a diagnosis" in " ".join(text.split())
    assert "Reason: The patient's words matched a sign." in text
    assert "Rule: urgent_words, version 1" in text
    assert "\n> URGENCY: none\n" in text
    assert text.count("\n> ") == 5
    assert "Symptom denied: “no headaches” (headache)" in text
    assert "eyes, revision 2, plain" in text
    assert text.endswith("OUTCOME\nCalled back.\n")
    assert "Call the clinic today." not in text
