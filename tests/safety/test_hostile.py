"""Texts made to break the rules of safety: none raises, what is found stands in the text, time grows as the text."""

import ast
import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from re import _compiler, _constants, _parser  # type: ignore[attr-defined]
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.fixed import Fixed
from bot.conversation.noted import Noted
from bot.safety import red_flags, scope
from bot.safety.text import words
from bot.settings import ROOT, Settings
from evaluation.speed import HOSTILE, filled

FIXED = Fixed.load(Settings())
RULES = FIXED.red_flags
NAMED = frozenset(term.id for term in FIXED.lexicon.terms("drugs"))
MOST = 4000
REPEATS = (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT)

READERS: dict[str, Callable[[str], Any]] = {
    "words": words,
    "red_flags.check": partial(red_flags.check, rules=RULES),
    "red_flags.check, drugs named": partial(red_flags.check, rules=RULES, named=NAMED),
    "red_flags.hear": partial(red_flags.hear, rules=RULES, named=NAMED),
    "red_flags.told": partial(red_flags.told, rules=RULES),
    "refusals": FIXED.refusals.check,
    "moments": FIXED.moments.check,
    "goals": FIXED.goals.find,
    "lexicon": FIXED.lexicon.find,
    "noted": partial(FIXED.ears.listen, Noted()),
}

PIECES = st.sampled_from(
    [
        *(
            "chest pain",
            "my leg",
            "swollen",
            "no",
            "not",
            "never",
            "cant",
            "breathe",
            "clomid",
            "tamoxifen",
            "can",
            "had",
        ),
        *("my dad", "years ago", "in 2019", "since", "now", "i", "want to", "kill myself", "how much", "dose", "cause"),
        *("my t", "normal", "is", "?", ".", ",", "and", "but", "(", "\n", "\t", "\u200b", "\u0301", "\u1369", "\u2473"),
        *("\ufdfa", "\u0130", "\u00b4", "'", "1.5", "9" * 30, "\U0001f600", "\ud800", "\x00", "\u202e", "%s", "#", "*"),
        "{clinic_phone}",
    ]
)
TEXTS = st.one_of(
    st.text(max_size=300), st.lists(PIECES, max_size=40).map(" ".join), st.lists(PIECES, max_size=40).map("".join)
)
DIGITS = [chr(code) for code in range(0x3000) if chr(code).isdigit()]


def spans(found: Any) -> Iterator[tuple[int, int]]:
    """The offsets that a reader gave."""
    match found:
        case red_flags.Heard():
            yield from (span for one in (*found.alarms, *found.doubtful) for span in one.spans)
        case list() | tuple():
            yield from ((one.start, one.end) for one in found)
        case Noted() | None | str():
            return
        case _:
            yield from found.spans


def read(name: str, text: str) -> None:
    """Read a text; whatever was found stands in it."""
    found = READERS[name](text)
    assert all(0 <= start < end <= len(text) for start, end in spans(found)), found
    if isinstance(found, Noted):
        assert all(one.said in text and one.when in text for one in found.symptoms)


@pytest.mark.parametrize("name", READERS)
@given(text=TEXTS)
def test_any_text_is_read_and_what_was_found_stands_in_it(name: str, text: str) -> None:
    read(name, text)


@pytest.mark.parametrize("size", [1, 7, MOST])
@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("unit", HOSTILE.values(), ids=list(HOSTILE))
def test_a_hostile_text_is_read(unit: str, name: str, size: int) -> None:
    read(name, filled(unit, size))


@pytest.mark.parametrize("text", [*DIGITS, "\u2473" * MOST, "9" * MOST, "\u0663" * MOST])
def test_no_digit_of_any_script_stops_the_rules(text: str) -> None:
    """`int` refuses some of what `isdigit` allows, and numbers of more than 4,300 digits."""
    for said in (f"i had chest pain in {text}", f"chest pain since {text} and {text} years ago"):
        assert red_flags.check(said, rules=RULES) or red_flags.hear(said, rules=RULES).doubtful


@pytest.mark.parametrize(
    "text",
    [
        "crushing\tchest\tpain right now",
        "crushing\rchest\rpain right now",
        "crushing\x0bchest\x0cpain right now",
        "crushing\x85chest\xa0pain right now",
        "crushing\u2028chest\u3000pain right now",
        "CRUSHING CHEST PA\u0130N R\u0130GHT NOW",
        "I can\u00b4t breathe",
        "I can\uff07t breathe",
        "\uff43\uff41\uff4e\uff54 breathe",
        "c\u200bh\u00ade\ufeffst p\u0301ain right now",
    ],
)
def test_a_trick_of_typing_hides_no_emergency(text: str) -> None:
    alarm = red_flags.check(text, rules=RULES)
    assert alarm is not None
    assert alarm.level is red_flags.Level.EMERGENCY


def cost(reader: Callable[[str], Any], text: str) -> float:
    """Seconds of this thread's processor for one reading, at best."""
    times = []
    for _ in range(3):
        started = time.thread_time()
        reader(text)
        times.append(time.thread_time() - started)
    return min(times)


@given(text=TEXTS, first=st.integers(0, 60), length=st.integers(0, 3))
def test_the_scope_of_any_place_is_judged_and_the_same_alone(text: str, first: int, length: int) -> None:
    spoken = words(f"{text} chest pain")
    first = min(first, len(spoken) - 1)
    last = min(first + length, len(spoken) - 1)
    verdict = RULES.scopes.about(spoken).judge(first, last)
    assert verdict.counts is not bool(verdict.cue)
    near = len(spoken) <= scope.NEAR
    assert not near or RULES.scopes.judge(spoken, first, last) == verdict


@given(phone=TEXTS)
def test_what_fills_a_closing_is_never_read_as_a_name_to_fill(phone: str) -> None:
    for name in FIXED.closings.ids:
        before, _, after = FIXED.closings.template(name).partition("{clinic_phone}")
        said = FIXED.closings.text(name, clinic_phone=phone)
        assert said.startswith(before)
        assert "{clinic_phone}" in after or said.endswith(after)


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("unit", HOSTILE.values(), ids=list(HOSTILE))
def test_four_times_the_text_takes_about_four_times_as_long(unit: str, name: str) -> None:
    """Sixteen times would be quadratic; what is too quick to be measured is never slow.

    What is noted looks for the words of each symptom one by one: it is held to this up to the longest message only.
    """
    reader, size = READERS[name], MOST // 4 if name == "noted" else MOST
    ratios = []
    for _ in range(4):
        ratios.append((cost(reader, filled(unit, 4 * size)) + 0.001) / (cost(reader, filled(unit, size)) + 0.001))
        if ratios[-1] < 8:
            return
    pytest.fail(f"{ratios}")


def patterns() -> Iterator[tuple[str, str]]:
    """Every regular expression of bot/ and actions/ that is a constant or made of constants: where, and what."""
    for path in sorted([*ROOT.glob("bot/**/*.py"), *ROOT.glob("actions/**/*.py")]):
        known = _constants_of(path)
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and _is_of_re(node.func) and node.args:
                yield f"{path.relative_to(ROOT)}:{node.lineno}", _written(node.args[0], known)


def _is_of_re(called: ast.expr) -> bool:
    return isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name) and called.value.id == "re" and (
        called.attr in {"compile", "search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer"}
    )  # fmt: skip


def _constants_of(path: Path) -> dict[str, str]:
    """The strings that a module's names stand for."""
    known: dict[str, str] = {}
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            known[node.targets[0].id] = _written(node.value, known)
    return known


def _written(node: ast.expr, known: dict[str, str]) -> str:
    """A pattern as it is written; what is only known when it runs, always escaped words, stands as one letter."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(_written(part, known) for part in parts)
        case ast.FormattedValue(value=value):
            return _written(value, known)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _written(left, known) + _written(right, known)
        case ast.Name(id=name):
            return known.get(name, "x")
        case _:
            return "x"


def doubtful(parsed: Any) -> bool:
    """Whether a pattern repeats without end something that holds another such repeat, and nothing tells them apart.

    "(a+)+" can take a word apart in ever so many ways; "(\\w+,)+" cannot, as a comma that is no letter stands in each.
    """
    for op, value in parsed:
        if op in REPEATS and value[1] is _constants.MAXREPEAT:
            between = list(certain(value[2]))
            for inner in unended(value[2]):
                if not any(inner.isdisjoint(one) for one in between):
                    return True
        if any(doubtful(part) for part in parts(op, value)):
            return True
    return False


def unended(parsed: Any) -> Iterator[frozenset[int]]:
    """The characters of each endless repeat inside a pattern."""
    for op, value in parsed:
        if op in REPEATS and value[1] is _constants.MAXREPEAT:
            yield every_character(value[2])
        for part in parts(op, value):
            yield from unended(part)


def certain(parsed: Any) -> Iterator[frozenset[int]]:
    """The characters of each element that stands in whatever a pattern matches."""
    for op, value in parsed:
        if op is _constants.BRANCH:
            each = [list(certain(branch)) for branch in value[1]]
            if all(each):
                yield frozenset().union(*(one[0] for one in each))
        elif op is _constants.SUBPATTERN or (op in REPEATS and value[0] > 0):
            yield from certain(value[-1])
        elif characters := own_characters(op, value):
            yield characters


def every_character(parsed: Any) -> frozenset[int]:
    """The characters that a pattern may hold."""
    own = [own_characters(op, value) for op, value in parsed]
    inside = [every_character(part) for op, value in parsed for part in parts(op, value)]
    return frozenset().union(*own, *inside)


def own_characters(op: Any, value: Any) -> frozenset[int]:
    """The characters, of those that are looked at, that one element stands for; none for what holds other patterns."""
    if op in (_constants.LITERAL, _constants.NOT_LITERAL, _constants.ANY, _constants.IN):
        one = _parser.SubPattern(_parser.State(), [(op, value)])
        pattern = _compiler.compile(one, re.IGNORECASE)
        return frozenset(code for code in range(0x250) if pattern.fullmatch(chr(code)))
    return frozenset()


def parts(op: Any, value: Any) -> Iterator[Any]:
    """The patterns inside an element."""
    if op in REPEATS or op in (_constants.SUBPATTERN, _constants.ASSERT, _constants.ASSERT_NOT):
        yield value[-1]
    elif op is _constants.BRANCH:
        yield from value[1]
    elif op is _constants.ATOMIC_GROUP:
        yield value


@pytest.mark.parametrize(
    ("pattern", "blows_up"),
    [
        (r"(a+)+$", True), (r"(\w+\s?)*$", True), (r"(?:x*)*", True), (r"(?:a|b+)+", True), (r"((?:ab)+)*", True),
        (r"(?:\d+[a-z]*)+", True), (r"(.*,)+", True), (r"(a{1,5})+", False), (r"\w+(?:'\w+)*", False),
        (r"(?:\w+\s+)*", False), (r"(?:ab)+c+", False), (r"(?:(?:hi|so)[\s,]+)*", False),
    ],
)  # fmt: skip
def test_what_blows_up_is_told_from_what_does_not(pattern: str, blows_up: bool) -> None:
    assert doubtful(_parser.parse(pattern)) is blows_up


def test_no_regular_expression_repeats_a_repeat() -> None:
    found = dict(patterns())
    assert len(found) > 50
    assert {place: pattern for place, pattern in found.items() if doubtful(_parser.parse(pattern))} == {}
