"""A stored text as the Markdown that it could have been written as, for revisions whose own was not kept. Pure.

The facts that a text states are not in its document, so they are left out; everything that a patient or a reviewer
sees is the same when it is read in again.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from bot.content.blocks import Block, BulletList, Figure, Notice, Paragraph, Table, as_text
from bot.content.figures import Facts, Plan, draw
from bot.content.store import Draft
from bot.datafile import dump_yaml
from bot.errors import DataError
from bot.lexicon import Lexicon

KINDS = ("drugs", "hormones", "labs", "symptoms", "conditions")
_MARKS = re.compile(r"([\\`*_\[\]<>&|~])")
_AT_START = re.compile(r"^(#{1,6}(?= |$)|[-+](?= |-|$)|\d+(?=[.)] ))")


def write(draft: Draft, *, lexicon: Lexicon, plan: Plan, facts: Facts, written_on: str) -> str:
    """A topic's file from what the store holds of it.

    Args:
        draft: the stored text of a topic.
        lexicon: tells which of its terms is a drug, which a symptom.
        plan: the words of the drawings.
        facts: what all topics state; the drawings are made from it.
        written_on: as in 2027-05-31.

    Raises:
        DataError: a drawing cannot be told from its words.
    """
    head = {
        "id": draft.id, "title": draft.title, "button": draft.button, "kind": str(draft.kind),
        "audience": list(draft.audience), **_terms(draft, lexicon), "closing": draft.closing,
        "related": list(draft.related), "author": draft.author, "written_on": written_on,
        "for_reviewer": list(draft.for_reviewer), "asked_as": list(draft.questions),
        "evidence": [_without_empty(one) for one in draft.evidence],
    }  # fmt: skip
    levels = (
        f"## {level}\n\n" + "\n\n".join(_markdown(block, plan, facts) for block in text.blocks)
        for level, text in draft.texts.items()
    )
    return "---\n" + dump_yaml(head) + "---\n\n" + "\n\n".join(levels) + "\n"


def _terms(draft: Draft, lexicon: Lexicon) -> dict[str, list[str]]:
    """The tags by the file of the lexicon that they stand in."""
    ids = {kind: {term.id for term in lexicon.terms(kind)} for kind in KINDS}
    rest = [tag for tag in draft.tags if tag not in draft.drugs]
    return {kind: list(draft.drugs) if kind == "drugs" else [tag for tag in rest if tag in ids[kind]] for kind in KINDS}


def _without_empty(evidence: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in evidence.items() if value}


def _markdown(block: Block, plan: Plan, facts: Facts) -> str:
    match block:
        case Paragraph(text=text):
            return _escaped(text)
        case BulletList(items=items, ordered=ordered):
            marks = (f"{number}." if ordered else "-" for number in range(1, len(items) + 1))
            return "\n".join(f"{mark} {_escaped(item)}" for mark, item in zip(marks, items, strict=True))
        case Notice(text=text):
            return f"> {_escaped(text)}"
        case Table(caption=caption, columns=columns, rows=rows):
            head, *body = ("| " + " | ".join(map(_escaped, cells)) + " |" for cells in (columns, *rows))
            lines = [f"Table: {_escaped(caption)}\n", head, "|" + " --- |" * len(columns), *body]
            return "\n".join(lines)
        case Figure():
            return _figure(block, plan, facts)


def _escaped(text: str) -> str:
    """Words of which Markdown must not make a mark."""
    return _AT_START.sub(_first, _MARKS.sub(r"\\\1", text))


def _first(found: re.Match[str]) -> str:
    return f"{found[0]}\\" if found[0].isdigit() else f"\\{found[0]}"


def _figure(figure: Figure, plan: Plan, facts: Facts) -> str:
    """Which drawing it was: the one that comes out the same when it is made anew."""
    said = as_text(figure)
    named = sorted((place, one) for one, name in plan.names.items() if (place := _place(name, said)) >= 0)
    medicines = [one for _, one in named]
    for name in ("hpg-axis", "tissues", "recovery"):
        for highlighted in ([], medicines, medicines[:1]):
            try:
                made = draw(Figure(name, "", " ".join(highlighted)), facts, plan, Path("figure"))
            except DataError:
                continue
            if made == figure:
                return " ".join(["Figure:", name, *highlighted])
    raise DataError(f"the drawing {figure.title!r} cannot be told from its words")


def _place(name: str, said: str) -> int:
    """Where a name first stands in a text; -1 if it does not."""
    found = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", said, re.IGNORECASE)
    return found.start() if found else -1
