"""A ticket read back from the FHIR Bundle that fhir.py wrote."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from fhir.resources.R4B.bundle import Bundle

from bot.errors import DataError
from bot.triage import fhir_intake, fhir_r4
from bot.triage.case import Case, Spoken, TextUsed
from bot.triage.fhir import FURTHER, PRIORITIES, REST, RULE, SPEAKERS, TEXT, TICKET, Json, is_words
from bot.triage.store import Ticket


def from_bundle(bundle: Bundle) -> Case:
    """The ticket, messages and intake that `to_bundle` wrote.

    Raises:
        DataError: it is not R4, or not a bundle of Axis.
    """
    document = json.loads(bundle.model_dump_json())
    if found := fhir_r4.faults(document):
        raise DataError(f"not FHIR R4: {'; '.join(found)}")
    resources: list[Json] = [entry["resource"] for entry in document.get("entry", [])]
    try:
        return _case(resources)
    except (KeyError, IndexError, ValueError) as error:
        raise DataError(f"not a bundle of Axis ({type(error).__name__})") from None


def _case(resources: list[Json]) -> Case:
    task = next(iter(_of("Task", resources)), {})
    origins = {one["target"][0]["reference"]: _values(one) for one in _of("Provenance", resources)}
    responses = _of("QuestionnaireResponse", resources)
    end = task.get("restriction", {}).get("period", {}).get("end")
    return Case(
        ticket=_ticket(task, *origins[f"urn:uuid:{task['id']}"][0]),
        spoken=tuple(_spoken(one, origins) for one in _of("Communication", resources)),
        intake=fhir_intake.from_items(responses[0].get("item", [])) if responses else None,
        due=datetime.fromisoformat(end) if end else None,
    )


def _of(kind: str, resources: list[Json]) -> list[Json]:
    return [one for one in resources if one["resourceType"] == kind]


def _values(provenance: Json) -> list[list[str]]:
    """What the identifiers of its entities hold, in their parts; only the first part may hold a bar."""
    kinds = {RULE: 1, TEXT: 3}
    found = [entity["what"]["identifier"] for entity in provenance["entity"]]
    return [one["value"].rsplit("|", kinds[one["type"]["text"]]) for one in found]


def _ticket(task: Json, rule: str, version: str) -> Ticket:
    urgencies = {priority: urgency for urgency, priority in PRIORITIES.items()}
    given = {one["type"]["text"].removeprefix(REST): one["valueString"] for one in task.get("input", [])}
    return TICKET.validate_python(
        {
            **{name: _taken(given, name) for name in FURTHER},
            "id": UUID(task["identifier"][0]["value"]).hex,
            "conversation_id": UUID(task["groupIdentifier"]["value"]).hex,
            "state": task["businessStatus"]["text"],
            "urgency": urgencies[task["priority"]],
            "reason": task.get("reasonCode", {}).get("text", ""),
            "rule": rule,
            "rule_version": int(version),
            "claimed_by": task.get("owner", {}).get("display"),
            "outcome": next((one["valueString"] for one in task.get("output", [])), ""),
            "opened_at": task["authoredOn"],
            "changed_at": task["lastModified"],
        }
    )


def _taken(given: dict[str, str], name: str) -> Any:
    """A field that became input; one that is no string was written as JSON."""
    if name not in given:
        return "" if is_words(name) else None
    return given[name] if is_words(name) else json.loads(given[name])


def _spoken(communication: Json, origins: dict[str, list[list[str]]]) -> Spoken:
    roles = {display: role for role, display in SPEAKERS.items()}
    sender = communication["sender"]["display"]
    texts = origins.get(f"urn:uuid:{communication['id']}", [])
    return Spoken(
        id=UUID(communication["identifier"][0]["value"]).hex,
        role=roles.get(sender, sender),
        text="".join(one["contentString"] for one in communication.get("payload", [])),
        at=datetime.fromisoformat(communication["sent"]),
        kind=next((one["text"] for one in communication.get("category", [])), ""),
        texts=tuple(TextUsed(topic, int(revision), level, sha) for topic, revision, level, sha in texts),
    )
