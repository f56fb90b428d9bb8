"""An intake as the items of a FHIR QuestionnaireResponse, and back: each field of the model is one item. Pure.

A field's name is the item's linkId and its title the item's text. What was skipped has no item. Lists repeat
their item; a part with fields of its own is an item with items and without an answer.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.triage.intake import Consent, Intake, Part, Symptom, Treatment

PARTS: dict[str, type[Part]] = {"symptoms": Symptom, "treatments": Treatment, "consent": Consent}
"""Fields that have fields of their own."""

REPEATED = {"symptoms", "treatments", "questions"}

Item = dict[str, Any]


def to_items(part: Part) -> list[Item]:
    """The items of an intake, or of a part of it."""
    items: list[Item] = []
    for name, field in type(part).model_fields.items():
        value = getattr(part, name)
        for one in value if isinstance(value, tuple) else (value,):
            asked = {"linkId": name, "text": field.title}
            if isinstance(one, Part):
                items.append({**asked, "item": to_items(one)})
            elif one is not None and one != "":
                items.append({**asked, "answer": [_answer(one)]})
    return items


def _answer(value: bool | datetime | str) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"valueBoolean": value}
    if isinstance(value, datetime):
        return {"valueDateTime": value.isoformat()}
    if isinstance(value, StrEnum):
        return {"valueCoding": {"code": str(value)}}
    return {"valueString": value}


def from_items(items: list[Item]) -> Intake:
    """The intake that `to_items` wrote.

    Raises:
        ValueError: an item is none of ours.
    """
    return Intake.model_validate(_read(items))


def _read(items: list[Item]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for item in items:
        name = item["linkId"]
        value = PARTS[name].model_validate(_read(item["item"])) if name in PARTS else _value(item["answer"][0])
        if name in REPEATED:
            found[name] = (*found.get(name, ()), value)
        else:
            found[name] = value
    return found


def _value(answer: dict[str, Any]) -> bool | str:
    ((name, value),) = answer.items()
    read: bool | str = value["code"] if name == "valueCoding" else value
    return read
