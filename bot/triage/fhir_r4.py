"""What FHIR R4 asks of a bundle of Axis, beyond what fhir.resources checks. Pure.

fhir.resources has R4B, R5 and STU3, and no R4. The five resources of our bundle have the same elements in R4 (4.0.1)
and R4B (4.3.0), so its R4B classes check names, types and cardinality. They check no required code and match
strings only somewhere. What is held here:

- resources: Bundle, Task, QuestionnaireResponse, Communication and Provenance only; no type that R4B added;
- elements: those of R4. R5 renamed or retyped some, which R4 would not know: `Task.reason` (R4: `reasonCode`),
  `Communication.reason` (`reasonCode`), `payload.contentCodeableConcept` (`contentString`), `Provenance.authorization`
  (`reason`), and `CodeableReference`, which R4B has as a type, nowhere;
- QuestionnaireResponse.identifier is one in R4 and a list in R5: not used;
- codes of required bindings: Bundle.type, Task.status, Task.intent (R5 binds it anew), Task.priority,
  Communication.status, QuestionnaireResponse.status, and Provenance.entity.role, where only the codes that R4 and R5
  share are allowed (R4 has `derivation` and R5 has not, R5 has `instantiates` and R4 has not);
- Provenance.recorded is required in R4 and optional in R5: required;
- QuestionnaireResponse: an answer has a value (R5 requires it); an item has answers or items of its own, not both
  levels at once (qrs-1);
- Task: lastModified is not before authoredOn (inv-1); a period does not end before it begins (per-1);
- strings are not empty and hold no control character but tab, line feed and carriage return; a string has at most
  1,048,576 characters; an id fits [A-Za-z0-9-.]{1,64};
- an instant, and a dateTime with a time, have seconds and a zone;
- each entry has a fullUrl of its own, urn:uuid with the resource's id (bdl-7), and references within lead somewhere.

Sources: hl7.org/fhir/R4/codesystem-provenance-entity-role.html and hl7.org/fhir/R4B/history.html (what R4B changed:
none of these five resources), read 2026-11-21. A test compares the lists of elements with fhir.resources' R4B classes.
No validator of R4 itself was at hand.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

_ANY = {
    "resourceType",
    "id",
    "meta",
    "implicitRules",
    "language",
    "text",
    "contained",
    "extension",
    "modifierExtension",
}

ELEMENTS: dict[str, set[str]] = {
    "Bundle": {"resourceType", "id", "meta", "implicitRules", "language", "identifier", "type", "timestamp", "total",
               "link", "entry", "signature"},
    "Task": _ANY | {"identifier", "instantiatesCanonical", "instantiatesUri", "basedOn", "groupIdentifier", "partOf",
                    "status", "statusReason", "businessStatus", "intent", "priority", "code", "description", "focus",
                    "for", "encounter", "executionPeriod", "authoredOn", "lastModified", "requester", "performerType",
                    "owner", "location", "reasonCode", "reasonReference", "insurance", "note", "relevantHistory",
                    "restriction", "input", "output"},
    "Communication": _ANY | {"identifier", "instantiatesCanonical", "instantiatesUri", "basedOn", "partOf",
                             "inResponseTo", "status", "statusReason", "category", "priority", "medium", "subject",
                             "topic", "about", "encounter", "sent", "received", "recipient", "sender", "reasonCode",
                             "reasonReference", "payload", "note"},
    "QuestionnaireResponse": _ANY | {"basedOn", "partOf", "questionnaire", "status", "subject", "encounter", "authored",
                                     "author", "source", "item"},
    "Provenance": _ANY | {"target", "occurredPeriod", "occurredDateTime", "recorded", "policy", "location", "reason",
                          "activity", "agent", "entity", "signature"},
}  # fmt: skip
"""The elements that each resource has in R4."""

CODES: dict[tuple[str, str], set[str]] = {
    ("Bundle", "type"): {"collection"},
    ("Task", "status"): {"draft", "requested", "received", "accepted", "rejected", "ready", "cancelled", "in-progress",
                         "on-hold", "failed", "completed", "entered-in-error"},
    ("Task", "intent"): {"unknown", "proposal", "plan", "order", "original-order", "reflex-order", "filler-order",
                         "instance-order", "option"},
    ("Task", "priority"): {"routine", "urgent", "asap", "stat"},
    ("Communication", "status"): {"preparation", "in-progress", "not-done", "on-hold", "stopped", "completed",
                                  "entered-in-error", "unknown"},
    ("QuestionnaireResponse", "status"): {"in-progress", "completed", "amended", "entered-in-error", "stopped"},
}  # fmt: skip
"""The codes of R4's required bindings."""

REQUIRED: dict[str, set[str]] = {
    "Bundle": {"type"},
    "Task": {"status", "intent"},
    "Communication": {"status"},
    "QuestionnaireResponse": {"status"},
    "Provenance": {"target", "recorded", "agent"},
}
ROLES = {"revision", "quotation", "source", "removal"}
LONGEST_STRING = 1024 * 1024
INSTANTS = {"timestamp", "recorded", "authoredOn", "lastModified", "sent", "authored", "start", "end", "valueDateTime"}

CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def faults(bundle: dict[str, Any]) -> list[str]:
    """What in a bundle R4 does not allow, each as a place and a reason; never what the place holds.

    Args:
        bundle: as JSON has it.
    """
    entries = bundle.get("entry", [])
    found = [*_resource("Bundle", bundle, {"Bundle"}), *_urls(bundle, entries)]
    for number, entry in enumerate(entries):
        place = f"entry[{number}]"
        resource = entry["resource"]
        found += _resource(place, resource, set(ELEMENTS) - {"Bundle"})
        found += [f"{place}: {fault}" for fault in _of_its_kind(resource)]
    return found + [f"{place}: {fault}" for place, name, value in _walk(bundle) if (fault := _primitive(name, value))]


def _resource(place: str, resource: dict[str, Any], kinds: set[str]) -> Iterator[str]:
    kind = resource.get("resourceType", "")
    if kind not in kinds:
        yield f"{place}: a resource that is not ours"
        return
    for name in sorted(set(resource) - ELEMENTS[kind]):
        yield f"{place}.{name}: R4 has no such element"
    for name in sorted(REQUIRED[kind] - set(resource)):
        yield f"{place}.{name}: R4 requires it"
    for (of, name), codes in CODES.items():
        if of == kind and resource.get(name, next(iter(codes))) not in codes:
            yield f"{place}.{name}: not a code of R4"


def _urls(bundle: dict[str, Any], entries: list[dict[str, Any]]) -> Iterator[str]:
    urls = [entry.get("fullUrl") for entry in entries]
    if len(set(urls)) < len(urls):
        yield "Bundle.entry: two have the same fullUrl"
    for number, entry in enumerate(entries):
        if entry.get("fullUrl") != f"urn:uuid:{entry['resource'].get('id')}":
            yield f"entry[{number}].fullUrl: not urn:uuid with the resource's id"
    for place, name, value in _walk(bundle):
        if name == "reference" and value not in urls:
            yield f"{place}: leads nowhere"


def _of_its_kind(resource: dict[str, Any]) -> Iterator[str]:
    match resource.get("resourceType"):
        case "Task":
            if _at(resource.get("lastModified")) < _at(resource.get("authoredOn")):
                yield "lastModified is before authoredOn"
            period = resource.get("restriction", {}).get("period", {})
            if "end" in period and _at(period["end"]) < _at(period.get("start")):
                yield "a period ends before it begins"
        case "Provenance":
            if any(entity.get("role") not in ROLES for entity in resource.get("entity", [])):
                yield "entity.role is not a code that R4 and R5 share"
        case "QuestionnaireResponse":
            yield from _items(resource.get("item", []))


def _items(items: list[dict[str, Any]]) -> Iterator[str]:
    for item in items:
        if "answer" in item and "item" in item:
            yield "an item has answers and items of its own"
        if any(not any(name.startswith("value") for name in answer) for answer in item.get("answer", [])):
            yield "an answer has no value"
        yield from _items(item.get("item", []))


def _at(value: str | None) -> float:
    return datetime.fromisoformat(value).timestamp() if value else 0.0


def _walk(part: Any, place: str = "Bundle", name: str = "") -> Iterator[tuple[str, str, Any]]:
    """Every single value, with where it stands and what it is called."""
    if isinstance(part, dict):
        for key, value in part.items():
            yield from _walk(value, f"{place}.{key}", key)
    elif isinstance(part, list):
        for number, value in enumerate(part):
            yield from _walk(value, f"{place}[{number}]", name)
    else:
        yield place, name, part


def _primitive(name: str, value: Any) -> str:
    """What is wrong with a single value; empty if nothing is."""
    if not isinstance(value, str):
        return ""
    checks = {
        "an empty string": not value.strip(),
        "a control character": CONTROL.search(value),
        "a string of more than 1 MiB": len(value) > LONGEST_STRING,
        "not an id": name == "id" and not _ID.fullmatch(value),
        "no seconds or no zone": name in INSTANTS and not _INSTANT.fullmatch(value),
    }
    return next((fault for fault, found in checks.items() if found), "")
