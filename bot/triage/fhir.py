"""One ticket as a FHIR Bundle: R4B's classes, restricted to what R4 has as well (fhir_r4.py).

| of Axis | in FHIR |
|---|---|
| ticket | Task: status and businessStatus from its state, priority from its urgency, reasonCode, owner, input, output |
| message | Communication about the Task |
| intake | QuestionnaireResponse, the Task's focus |
| rule of urgency, texts shown | Provenance of the Task, and of each Communication |

Nobody is identified: the patient is a display and no resource, since Axis knows no number of a record. Identifiers are
Axis's own ids as UUIDs. Ids of resources follow from the ticket's, so that the same ticket is always the same
resources. Control characters, which FHIR forbids, become U+FFFD; a text of white space alone is left out.
"""

import dataclasses
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from fhir.resources.R4B.bundle import Bundle
from pydantic import TypeAdapter, ValidationError

from bot import __version__
from bot.errors import DataError
from bot.triage import fhir_intake, fhir_r4
from bot.triage.case import Case, Spoken, TextUsed
from bot.triage.intake import Intake
from bot.triage.store import Ticket
from bot.triage.ticket import State, Urgency

PRIORITIES = {
    Urgency.EMERGENCY: "stat",
    Urgency.SAME_DAY: "asap",
    Urgency.SOON: "urgent",
    Urgency.ROUTINE: "routine",
}
"""FHIR orders them routine < urgent < asap < stat."""

STATUSES: dict[str, str] = {State.NEW: "requested", State.RESOLVED: "completed"}
"""All other states are work that has begun; businessStatus says which."""

PATIENT = {"display": "Patient, not identified by Axis"}
PROGRAM = {"display": f"Axis {__version__}"}
SPEAKERS = {"patient": PATIENT["display"], "assistant": "Axis", "staff": "Clinic team", "system": "Axis, notice"}
DESCRIPTION = "Request to the clinic's team from a conversation with Axis. Ordered by fixed rules; not a diagnosis."

RULE, TEXT, REST = "urgency rule | version", "topic | revision | level | sha256", "Axis: "
"""What an identifier's value, or an input's, holds."""

Json = dict[str, Any]

TICKET = TypeAdapter(Ticket)
_MAPPED = {
    "id", "conversation_id", "state", "urgency", "reason", "rule", "rule_version", "claimed_by", "outcome", "opened_at",
    "changed_at",
}  # fmt: skip
FURTHER = [field.name for field in dataclasses.fields(Ticket) if field.name not in _MAPPED]
"""What of a ticket no element of Task stands for: it becomes input, so that nothing is lost."""


def to_bundle(case: Case, *, at: datetime) -> Bundle:
    """A ticket with its conversation and intake.

    Args:
        case: the ticket; its id and those of its messages are UUIDs.
        at: the present instant, which the bundle and its provenance carry.

    Raises:
        DataError: the result would not be R4; says which places, and not what they hold.
    """
    task = _id(case, "task")
    focus = _id(case, "intake")
    resources = [
        _task(case, task, focus if case.intake else None),
        *([_response(case, case.intake, focus)] if case.intake else []),
        *(_communication(case, spoken, task) for spoken in case.spoken),
        *_provenance(case, task, at),
    ]
    entries = [{"fullUrl": f"urn:uuid:{one['id']}", "resource": _kept(one)} for one in resources]
    bundle = {"resourceType": "Bundle", "id": _id(case, "bundle"), "type": "collection", "timestamp": at.isoformat()}
    return _checked({**bundle, "entry": entries})


def _checked(document: Json) -> Bundle:
    """A bundle that both fhir.resources and R4 accept.

    Raises:
        DataError: they do not.
    """
    try:
        bundle = Bundle.model_validate(document)
    except ValidationError as error:
        places = sorted({".".join(map(str, one["loc"])) for one in error.errors()})
        raise DataError(f"not a FHIR bundle: {', '.join(places)}") from None
    if found := fhir_r4.faults(json.loads(bundle.model_dump_json())):
        raise DataError(f"not FHIR R4: {'; '.join(found)}")
    return bundle


def _id(case: Case, *of: str) -> str:
    return str(uuid5(UUID(case.ticket.id), "/".join(of)))


def _own(one: str) -> Json:
    """An id of ours as an identifier: a UUID needs no system of anybody's."""
    return {"system": "urn:ietf:rfc:3986", "value": UUID(one).urn}


def _link(one: str) -> Json:
    return {"reference": f"urn:uuid:{one}"}


def _kept(part: Any) -> Any:
    """A part without what is empty, which FHIR forbids, and without control characters."""
    if isinstance(part, dict):
        kept = {name: _kept(value) for name, value in part.items()}
        return {name: value for name, value in kept.items() if value not in (None, "", [], {})}
    if isinstance(part, list | tuple):
        return [kept for one in part if (kept := _kept(one)) not in (None, "", [], {})]
    if isinstance(part, str):
        return fhir_r4.CONTROL.sub("\ufffd", part) if part.strip() else ""
    return part


def _task(case: Case, task: str, focus: str | None) -> Json:
    ticket = case.ticket
    stored = TICKET.dump_python(ticket, mode="json")
    return {
        "resourceType": "Task",
        "id": task,
        "identifier": [_own(ticket.id)],
        "groupIdentifier": _own(ticket.conversation_id),
        "status": STATUSES.get(ticket.state, "in-progress"),
        "businessStatus": {"text": ticket.state},
        "intent": "order",
        "priority": PRIORITIES[ticket.urgency],
        "description": DESCRIPTION,
        "focus": _link(focus) if focus else None,
        "for": PATIENT,
        "authoredOn": ticket.opened_at.isoformat(),
        "lastModified": ticket.changed_at.isoformat(),
        "owner": {"display": ticket.claimed_by},
        "reasonCode": {"text": ticket.reason},
        "restriction": {"period": {"start": ticket.opened_at.isoformat(), "end": case.due.isoformat()}}
        if case.due
        else None,
        "input": [_given(name, stored[name]) for name in FURTHER if stored[name] not in (None, "")],
        "output": [{"type": {"text": "outcome"}, "valueString": ticket.outcome}] if ticket.outcome.strip() else None,
    }


def _given(name: str, value: Any) -> Json:
    """A field of the ticket as the Task's input."""
    words = value if is_words(name) else json.dumps(value)
    return {"type": {"text": f"{REST}{name}"}, "valueString": words} if words.strip() else {}


def is_words(name: str) -> bool:
    """Whether a field of the ticket is words; everything else becomes input as JSON."""
    return Ticket.__annotations__[name] is str


def _response(case: Case, intake: Intake, one: str) -> Json:
    return {
        "resourceType": "QuestionnaireResponse",
        "id": one,
        "status": "completed",
        "subject": PATIENT,
        "authored": case.ticket.opened_at.isoformat(),
        "author": PATIENT,
        "source": PATIENT,
        "item": fhir_intake.to_items(intake),
    }


def _communication(case: Case, spoken: Spoken, task: str) -> Json:
    return {
        "resourceType": "Communication",
        "id": _id(case, "message", spoken.id),
        "identifier": [_own(spoken.id)],
        "status": "completed",
        "category": [{"text": spoken.kind}],
        "subject": PATIENT,
        "about": [_link(task)],
        "sent": spoken.at.isoformat(),
        "sender": {"display": SPEAKERS.get(spoken.role, spoken.role)},
        "payload": [{"contentString": spoken.text}],
    }


def _provenance(case: Case, task: str, at: datetime) -> Iterable[Json]:
    """Where the urgency comes from, and the words of each reply."""
    rule, version = case.ticket.rule, case.ticket.rule_version
    about = _entity("source", f"rule of urgency {rule}, version {version}", RULE, f"{rule}|{version}")
    yield _origin(_id(case, "provenance"), task, at, [about])
    for spoken in case.spoken:
        if spoken.texts:
            shown = [
                _entity("quotation", f"{one.topic}, revision {one.revision}, {one.level}", TEXT, _text_id(one))
                for one in spoken.texts
            ]
            yield _origin(_id(case, "provenance", spoken.id), _id(case, "message", spoken.id), at, shown)


def _text_id(text: TextUsed) -> str:
    return f"{text.topic}|{text.revision}|{text.level}|{text.sha256}"


def _origin(one: str, target: str, at: datetime, entities: list[Json]) -> Json:
    system = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
    agent = {"type": {"coding": [{"system": system, "code": "assembler"}]}, "who": PROGRAM}
    return {
        "resourceType": "Provenance",
        "id": one,
        "target": [_link(target)],
        "recorded": at.isoformat(),
        "agent": [agent],
        "entity": entities,
    }


def _entity(role: str, display: str, kind: str, value: str) -> Json:
    return {"role": role, "what": {"display": display, "identifier": {"type": {"text": kind}, "value": value}}}
