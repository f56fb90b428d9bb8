"""Questions that the store did not answer, put together by meaning, and made into a draft. Pure.

The vectors are made where there is an encoder, and read here without one: the web process has none.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.content.topic import FEWEST_QUESTIONS
from bot.datafile import dump_yaml

Vectors = NDArray[np.float32]

ALIKE = 0.62
"""Likeness from which two questions ask for the same; ways of asking of one topic are this alike to their nearest."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One such question.

    Attributes:
        conversation: who asked; nobody counts twice.
        kind: unanswered, asked_back or withheld.
        text: redacted.
        id: of the stored question.
        vector: of its text as it was stored; empty where no encoder has read it yet.
        dismissed: why it is not for this clinic's texts; empty unless somebody has said so.
    """

    conversation: str
    kind: str
    text: str
    id: int = 0
    vector: bytes = b""
    dismissed: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Questions that ask for the same.

    Attributes:
        people: how many conversations asked.
        kinds: how often each kind.
        texts: the phrasings, each once, the most frequent first.
        ids: of the stored questions, the oldest first.
        dismissed: why it is not for us, if somebody has said so of one of them; later ones that are alike belong to it.
    """

    people: int
    kinds: dict[str, int]
    texts: tuple[str, ...]
    ids: tuple[int, ...] = ()
    dismissed: str = ""


def group(asked: Sequence[Asked], vectors: Vectors) -> list[Group]:
    """Put questions together that are alike, the most asked first.

    Args:
        asked: the questions, the oldest first.
        vectors: float32, (questions, 384), of their texts in this order.
    """
    groups: list[list[int]] = []
    centres = np.zeros((len(asked), vectors.shape[1]), np.float32)
    for place, vector in enumerate(vectors):
        lengths = np.maximum(np.linalg.norm(centres[: len(groups)], axis=1), 1e-9)
        likeness = centres[: len(groups)] @ vector / lengths
        nearest = int(likeness.argmax()) if groups else 0
        if groups and likeness[nearest] >= ALIKE:
            groups[nearest].append(place)
        else:
            nearest = len(groups)
            groups.append([place])
        centres[nearest] += vector
    found = [_group([asked[place] for place in members]) for members in groups]
    return sorted(found, key=lambda one: (-one.people, one.texts))


def _group(members: Sequence[Asked]) -> Group:
    texts = Counter(" ".join(one.text.split()) for one in members)
    return Group(
        people=len({one.conversation for one in members}),
        kinds=dict(Counter(one.kind for one in members)),
        texts=tuple(text for text, _ in texts.most_common()),
        ids=tuple(one.id for one in members),
        dismissed=next((one.dismissed for one in reversed(members) if one.dismissed), ""),
    )


def by_meaning(asked: Sequence[Asked]) -> list[Group]:
    """Put stored questions together by the vectors that they were stored with, the most asked first.

    Those without a vector are put together by their words alone.
    """
    read = [one for one in asked if one.vector]
    unread: dict[str, list[Asked]] = {}
    for one in asked:
        if not one.vector:
            unread.setdefault(" ".join(one.text.lower().split()), []).append(one)
    vectors = np.stack([unpacked(one.vector) for one in read]) if read else np.zeros((0, 1), np.float32)
    found = [*group(read, vectors), *(_group(members) for members in unread.values())]
    return sorted(found, key=lambda one: (-one.people, one.texts))


def unpacked(stored: bytes) -> Vectors:
    """A vector as it was stored, in half precision: float32, (384,)."""
    return np.frombuffer(stored, np.float16).astype(np.float32)


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
