"""Questions that the store did not answer, put together by meaning, and made into a draft. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bot.content.topic import FEWEST_QUESTIONS
from bot.datafile import dump_yaml
from bot.encoder import Vectors

ALIKE = 0.62
"""Likeness from which two questions ask for the same; ways of asking of one topic are this alike to their nearest."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One such question.

    Attributes:
        conversation: who asked; nobody counts twice.
        kind: unanswered, asked_back or withheld.
        text: redacted.
    """

    conversation: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Group:
    """Questions that ask for the same.

    Attributes:
        people: how many conversations asked.
        kinds: how often each kind.
        texts: the phrasings, each once, the most frequent first.
    """

    people: int
    kinds: dict[str, int]
    texts: tuple[str, ...]


def group(asked: Sequence[Asked], vectors: Vectors) -> list[Group]:
    """Put questions together that are alike, the most asked first.

    Args:
        asked: the questions, the oldest first.
        vectors: float32, (questions, 384), of their texts in this order.
    """
    groups: list[list[int]] = []
    centres: list[Vectors] = []
    for place, vector in enumerate(vectors):
        likeness = [float(vector @ centre) / max(float(centre @ centre) ** 0.5, 1e-9) for centre in centres]
        if likeness and max(likeness) >= ALIKE:
            nearest = likeness.index(max(likeness))
            groups[nearest].append(place)
            centres[nearest] = centres[nearest] + vector
        else:
            groups.append([place])
            centres.append(vector.copy())
    found = [_group([asked[place] for place in members]) for members in groups]
    return sorted(found, key=lambda one: (-one.people, one.texts))


def _group(members: Sequence[Asked]) -> Group:
    texts = Counter(" ".join(one.text.split()) for one in members)
    return Group(
        people=len({one.conversation for one in members}),
        kinds=dict(Counter(one.kind for one in members)),
        texts=tuple(text for text, _ in texts.most_common()),
    )


def draft(one: Group, topic_id: str, *, author: str, today: str) -> str:
    """A topic's file to be written: the patients' phrasings as its ways of asking, and empty texts.

    Args:
        one: the group.
        topic_id: the new topic's id.
        author: who will write it.
        today: as in 2027-05-31.
    """
    missing = [f"(another way of asking, {number})" for number in range(len(one.texts) + 1, FEWEST_QUESTIONS + 1)]
    head = {
        "id": topic_id, "title": "(5 to 70 characters)", "button": "(up to 40 characters)", "kind": "practical",
        "audience": ["everyone"], "drugs": [], "hormones": [], "labs": [], "symptoms": [], "conditions": [],
        "closing": "general", "related": [], "author": author, "written_on": today,
        "for_reviewer": [f"Asked by {one.people} people and not answered: {one.kinds}."],
        "asked_as": [*one.texts, *missing],
        "evidence": [{"fact": "(the key fact in one sentence)", "references": ["(an id of references.yml)"]}],
    }  # fmt: skip
    front = dump_yaml(head)
    levels = "\n".join(
        f"## {level}\n\n(The answer in the first sentence.)\n" for level in ("plain", "detail", "science")
    )
    return f"---\n{front}---\n\n{levels}"
