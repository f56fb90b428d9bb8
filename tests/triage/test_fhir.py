"""A ticket as a FHIR bundle: read back it is the same, and it is R4."""

import copy
import json
import tomllib
from dataclasses import replace
from typing import Any

import pytest
from fhir.resources.R4B import bundle as r4b_bundle
from fhir.resources.R4B import communication, provenance, questionnaireresponse, task
from fhir.resources.R4B.bundle import Bundle
from hypothesis import given, settings

from bot import __version__
from bot.errors import DataError
from bot.settings import ROOT
from bot.triage import fhir, fhir_r4
from bot.triage.case import Case, Spoken
from bot.triage.fhir_read import from_bundle
from bot.triage.ticket import State, Urgency
from tests.triage.cases import CASE, TICKET, cases
from tests.when import NOW

Json = dict[str, Any]


def bundled(case: Case = CASE) -> Json:
    document: Json = json.loads(fhir.to_bundle(case, at=NOW).model_dump_json())
    return document


def resources(document: Json, kind: str) -> list[Json]:
    return [entry["resource"] for entry in document["entry"] if entry["resource"]["resourceType"] == kind]


@given(cases())
@settings(max_examples=150, deadline=None)
def test_what_is_read_back_is_what_was_written(case: Case) -> None:
    written = fhir.to_bundle(case, at=NOW).model_dump_json()
    assert fhir_r4.faults(json.loads(written)) == []
    assert from_bundle(Bundle.model_validate_json(written)) == case
    assert fhir.to_bundle(case, at=NOW).model_dump_json() == written


def test_a_ticket_is_a_task() -> None:
    (found,) = resources(bundled(), "Task")
    assert (found["status"], found["businessStatus"]["text"], found["priority"]) == ("in-progress", "claimed", "asap")
    assert (found["owner"], found["reasonCode"]) == ({"display": "Ann"}, {"text": TICKET.reason})
    assert found["identifier"][0]["value"] == "urn:uuid:1b671a64-40d5-491e-99b0-da01ff1f3341"
    assert "reference" not in found["for"]


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("urgency", Urgency)
def test_every_state_and_urgency_has_a_code_of_r4(state: State, urgency: Urgency) -> None:
    case = replace(CASE, ticket=replace(TICKET, state=state, urgency=urgency))
    (found,) = resources(bundled(case), "Task")
    assert (
        found["priority"] == {"emergency": "stat", "same_day": "asap", "soon": "urgent", "routine": "routine"}[urgency]
    )
    assert (found["status"] == "completed") == (state is State.RESOLVED)


def test_until_when_the_team_means_to_see_it_is_the_restriction() -> None:
    (found,) = resources(bundled(replace(CASE, due=TICKET.changed_at)), "Task")
    assert found["restriction"]["period"] == {"start": "2026-11-20T12:00:00Z", "end": "2026-11-20T12:03:00Z"}


def test_the_intake_is_in_the_patients_words_and_the_task_leads_to_it() -> None:
    document = bundled()
    (response,), (found,) = resources(document, "QuestionnaireResponse"), resources(document, "Task")
    assert found["focus"]["reference"] == f"urn:uuid:{response['id']}"
    said = [item for item in response["item"][0]["item"] if item["linkId"] == "said"]
    assert said == [
        {"linkId": "said", "text": "In the patient's words", "answer": [{"valueString": "always knackered"}]}
    ]
    assert resources(bundled(replace(CASE, intake=None)), "QuestionnaireResponse") == []


def test_provenance_names_program_rule_and_texts() -> None:
    ticket, reply = resources(bundled(), "Provenance")
    assert ticket["agent"][0]["who"]["display"] == f"Axis {__version__}"
    assert ticket["entity"][0]["what"]["display"] == "rule of urgency urgent_words, version 1"
    assert reply["entity"][0]["what"]["identifier"]["value"] == "eyes|2|plain|" + "0" * 64
    assert reply["target"][0]["reference"] == f"urn:uuid:{resources(bundled(), 'Communication')[1]['id']}"


def test_the_program_says_the_version_that_it_is() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == __version__


def test_the_same_ticket_is_always_the_same_resources_and_another_has_others() -> None:
    ids = {entry["resource"]["id"] for entry in bundled()["entry"]}
    assert ids == {entry["resource"]["id"] for entry in bundled()["entry"]}
    other = bundled(replace(CASE, ticket=replace(TICKET, id="f" * 32)))
    assert not ids & {entry["resource"]["id"] for entry in other["entry"]}


def test_what_fhir_forbids_in_a_text_is_marked_and_nothing_is_refused() -> None:
    spoken = (Spoken("a" * 32, "patient", "it \x00hurts\ud800", NOW), Spoken("b" * 32, "patient", " \u2028 ", NOW))
    back = from_bundle(fhir.to_bundle(replace(CASE, spoken=spoken), at=NOW))
    assert [one.text for one in back.spoken] == ["it \ufffdhurts\ufffd", ""]


RESPONSE = "QuestionnaireResponse"
BREAKS: dict[str, tuple[str, dict[str, Any]]] = {
    "R5's element": ("Task", {"reason": [{"concept": {"text": "x"}}]}),
    "R5's answer": ("Communication", {"reason": [{"concept": {"text": "x"}}]}),
    "a made-up status": ("Task", {"status": "claimed"}),
    "a made-up priority": ("Task", {"priority": "same_day"}),
    "changed before it was opened": ("Task", {"lastModified": "2020-01-01T00:00:00Z"}),
    "no zone": ("Communication", {"sent": "2026-11-20T09:00:00"}),
    "no time recorded": ("Provenance", {"recorded": None}),
    "R5's role": ("Provenance", {"entity": [{"role": "instantiates", "what": {"display": "x"}}]}),
    "a link that leads nowhere": ("Communication", {"about": [{"reference": "urn:uuid:gone"}]}),
    "answers and items": (RESPONSE, {"item": [{"linkId": "x", "answer": [{"valueString": "x"}], "item": []}]}),
    "an answer without a value": (RESPONSE, {"item": [{"linkId": "x", "answer": [{}]}]}),
    "a control character": ("Task", {"description": "a\x01"}),
    "an empty string": ("Task", {"description": " "}),
    "an id with a slash": ("Task", {"id": "a/b"}),
    "another resource": ("Task", {"resourceType": "SubscriptionStatus"}),
    "a period that ends before it begins": (
        "Task",
        {"restriction": {"period": {"start": "2026-11-20T09:00:00Z", "end": "2026-11-19T09:00:00Z"}}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("broken", BREAKS)
def test_what_r4_does_not_allow_is_found_and_not_repeated(broken: str) -> None:
    kind, changes = BREAKS[broken]
    document = copy.deepcopy(bundled())
    assert fhir_r4.faults(document) == []
    resource = resources(document, kind)[0]
    resource.update(changes)
    for name in [name for name, value in changes.items() if value is None]:
        del resource[name]
    found = fhir_r4.faults(document)
    assert found
    assert "blurry" not in str(found)


def test_two_entries_of_one_address_are_found() -> None:
    document = bundled()
    document["entry"].append(document["entry"][0])
    assert "Bundle.entry: two have the same fullUrl" in fhir_r4.faults(document)


@pytest.mark.parametrize("module", [r4b_bundle, task, communication, provenance, questionnaireresponse])
def test_the_elements_of_r4_are_those_that_the_library_has_for_r4b(module: Any) -> None:
    """R4B changed none of our resources; what we leave out on purpose is named here."""
    name = module.__name__.rsplit(".", 1)[1]
    kind = next(kind for kind in fhir_r4.ELEMENTS if kind.lower() == name)
    fields = {field.alias or key for key, field in getattr(module, kind).model_fields.items()}
    elements = {field for field in fields if not field.startswith("_")} - {"fhir_comments"}
    left_out = {"QuestionnaireResponse": {"identifier"}}.get(kind, set())
    assert fhir_r4.ELEMENTS[kind] - {"resourceType"} == elements - left_out - {"resourceType"}


def test_a_bundle_of_somebody_else_is_refused() -> None:
    with pytest.raises(DataError, match="not a bundle of Axis"):
        from_bundle(Bundle.model_validate({"resourceType": "Bundle", "type": "collection"}))
    with pytest.raises(DataError, match="not FHIR R4"):
        from_bundle(Bundle.model_validate({"resourceType": "Bundle", "type": "searchset"}))
