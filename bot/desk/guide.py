"""What staff are told to do and to ask while somebody is on the telephone: data/en/phone.yml. Pure, but for `load`."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from bot.conversation.fixed import Fixed
from bot.datafile import checked, read_yaml
from bot.errors import DataError
from bot.safety.red_flags import Level


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Steps(_Strict):
    emergency: list[str]
    crisis: list[str]
    urgent: list[str]
    refusal: list[str]
    none: list[str]


class _Group(_Strict):
    id: str
    symptoms: list[str] = []
    red_flags: list[str] = []
    refusals: list[str] = []
    ask: list[str] = Field(min_length=1)


class _File(_Strict):
    next_steps: _Steps
    written_only: dict[str, str]
    first_person: dict[str, str]
    questions: dict[str, str]
    always: list[str]
    groups: list[_Group]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to a caller."""

    id: str
    text: str


class Guide:
    """The steps and questions of one language, with the clinic's numbers filled in.

    Args:
        file: data/<language>/phone.yml, checked.
        fixed: has the clinic's facts.
    """

    def __init__(self, file: _File, fixed: Fixed) -> None:
        self._file = file
        numbers = fixed.numbers
        self._facts = {
            "emergency_number": numbers.emergency,
            "crisis_line": f"{numbers.crisis_name} ({numbers.crisis_number})",
            "clinic_phone": fixed.clinic.telephone,
        }

    def steps(self, name: str) -> list[str]:
        """What to do next.

        Args:
            name: a red flag's level, refusal, or none.
        """
        steps: list[str] = getattr(self._file.next_steps, name)
        return [step.format_map(self._facts) for step in steps]

    def read_out(self, reply: str, paragraphs: list[str]) -> list[str]:
        """The paragraphs of a fixed text that can be said aloud.

        Args:
            reply: the text's id.
            paragraphs: the text.
        """
        written = self._file.written_only.get(reply)
        return [text for text in paragraphs if not (written and text.startswith(written))]

    def in_first_person(self, text: str) -> tuple[str, list[int]]:
        """What staff wrote down of somebody, as that person would say it: the rules were made for patients' own words.

        Args:
            text: as typed.

        Returns:
            The text, and for each of its characters the place in `text` that it stands for.
        """
        said, places, after = [], [], 0
        for word in _WORD.finditer(text):
            own = self._file.first_person.get(word[0].lower().replace("\u2019", "'"))
            if own is None:
                continue
            said += [text[after : word.start()], own]
            places += [*range(after, word.start()), *_stretched(word.start(), word.end(), len(own))]
            after = word.end()
        return "".join([*said, text[after:]]), [*places, *range(after, len(text))]

    def questions(
        self, *, symptoms: Collection[str], red_flags: Collection[str], refusals: Collection[str]
    ) -> list[Asked]:
        """What to ask, each question once: first what belongs to red flags, then to the rest, then what always helps.

        Args:
            symptoms: ids of the symptoms that were named.
            red_flags: ids of the rules that matched.
            refusals: ids of the refusals.
        """
        flagged = [group for group in self._file.groups if set(group.red_flags) & set(red_flags)]
        others = [
            group
            for group in self._file.groups
            if set(group.symptoms) & set(symptoms) or set(group.refusals) & set(refusals)
        ]
        names = [name for group in (*flagged, *others) for name in group.ask] + self._file.always
        return self.named(dict.fromkeys(names))

    def named(self, names: Collection[str]) -> list[Asked]:
        """The questions with these ids; an unknown id is left out."""
        return [Asked(name, self._file.questions[name]) for name in names if name in self._file.questions]

    @property
    def covered(self) -> dict[str, set[str]]:
        """Ids of the symptoms, red flags and refusals that have questions of their own."""
        groups = self._file.groups
        return {kind: {name for group in groups for name in getattr(group, kind)} for kind in KINDS}


KINDS = ("symptoms", "red_flags", "refusals")
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")


def _stretched(start: int, end: int, length: int) -> list[int]:
    """Places for the characters of a word that replaces another: the first and the last stay first and last."""
    return [min(start + place, end - 1) if place < length - 1 else end - 1 for place in range(length)]


def load(path: Path, fixed: Fixed) -> Guide:
    """Read data/<language>/phone.yml.

    Raises:
        DataError: it does not fit, or names a question, symptom, red flag, refusal or text that is not there.
    """
    file = checked(_File, read_yaml(path), path=path)
    known = {
        "symptoms": {term.id for term in fixed.lexicon.terms("symptoms")},
        "red_flags": {rule.id for rule in fixed.red_flags.rules},
        "refusals": {rule.id for rule in fixed.refusals.rules},
    }
    unknown = {name for name in file.always if name not in file.questions}
    for group in file.groups:
        unknown |= {name for name in group.ask if name not in file.questions}
        unknown |= {name for kind in KINDS for name in getattr(group, kind) if name not in known[kind]}
    for reply, beginning in file.written_only.items():
        text = fixed.red_flags.replies.get(reply)
        if text is None or not any(one.startswith(beginning) for one in text.paragraphs):
            unknown.add(reply)
    if unknown:
        raise DataError(f"names what is not there: {', '.join(sorted(unknown))}", path=path)
    guide = Guide(file, fixed)
    try:
        for name in (*Level, "refusal", "none"):
            guide.steps(name)
    except (KeyError, ValueError) as error:
        raise DataError(f"a step cannot be filled in: {error}", path=path) from error
    return guide
