"""How well drugs, hormones, tests, symptoms and conditions are recognised in patients' spelling."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.dialogue.entities import ClinicalEntities
from bot.lexicon import KINDS, Lexicon
from evaluation import held_out
from evaluation.figures import Found, Share
from evaluation.markdown import bullets, quoted, section, table


@dataclass(frozen=True, slots=True)
class Named:
    """One sentence: what it puts to the test, the ids that it names, and those that were found."""

    sort: str
    text: str
    wanted: frozenset[str]
    found: frozenset[str]


def measure(find: Callable[[str], frozenset[str]]) -> list[Named]:
    """Each sentence of entities.yml with what was found in it."""
    return [
        Named(sort, one["text"], frozenset(one["ids"]), find(one["text"]))
        for sort, sentences in held_out.read("entities").items()
        for one in sentences
    ]


def find_by_pipeline() -> Callable[[str], frozenset[str]]:
    """What the pipeline's component finds."""
    component = ClinicalEntities()
    return lambda text: frozenset(str(one["value"]) for one in component.find(text))


def report(lexicon: Lexicon) -> str:
    """The section on entities."""
    named = measure(find_by_pipeline())
    whole = Share.among(one.wanted == one.found for one in named)
    sorts = list(dict.fromkeys(one.sort for one in named))
    rows = [_row(one, [(each.wanted, each.found) for each in named if each.sort == one]) for one in sorts]
    rows.append(_row("all", [(one.wanted, one.found) for one in named]))
    return section(
        "4. Entities: names in patients' spelling",
        f"{len(named)} sentences of `entities.yml`; wholly right, nothing missing and nothing extra: {whole}.",
        table(("sentences", "precision", "recall"), rows),
        table(("terms of", "precision", "recall"), [_row(kind, _of_kind(named, kind, lexicon)) for kind in KINDS]),
        section("Every sentence that differs", bullets(_lines(named)), depth=3),
    )


def _row(name: str, pairs: Sequence[tuple[frozenset[str], frozenset[str]]]) -> tuple[object, ...]:
    found = Found.over(pairs)
    return name, found.precision, found.recall


def _of_kind(named: Sequence[Named], kind: str, lexicon: Lexicon) -> list[tuple[frozenset[str], frozenset[str]]]:
    known = frozenset(term.id for term in lexicon.terms(kind))
    return [(one.wanted & known, one.found & known) for one in named]


def _lines(named: Sequence[Named]) -> list[str]:
    lines = []
    for one in named:
        missing, extra = ", ".join(sorted(one.wanted - one.found)), ", ".join(sorted(one.found - one.wanted))
        said = [f"missing {missing}"] * bool(missing) + [f"extra {extra}"] * bool(extra)
        if said:
            lines.append(f"{one.sort}: {quoted(one.text)} — {'; '.join(said)}")
    return lines
