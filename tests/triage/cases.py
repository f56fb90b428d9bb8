"""Tickets with conversation and intake as hypothesis makes them up, and one as an example."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from bot.conversation.message import Kind
from bot.conversation.message import Role as Speaker
from bot.triage.case import Case, Spoken, TextUsed
from bot.triage.intake import Consent, Course, Goal, Intake, Symptom, Treatment
from bot.triage.store import Ticket
from bot.triage.ticket import State, Urgency
from tests.when import NOW

LETTERS = st.characters(
    exclude_categories=["Cs"], exclude_characters=[chr(n) for n in range(32) if n not in (9, 10, 13)]
)
TEXTS = st.text(LETTERS, max_size=60).filter(lambda text: not text or text.strip())
"""Words of a patient or of staff: anything but control characters, and not white space alone."""
WORDS = TEXTS.map(str.strip)
NAMED = WORDS.filter(bool)
SLUGS = st.from_regex(r"[a-z][a-z0-9_-]{0,20}", fullmatch=True)
IDS = st.uuids().map(lambda one: one.hex)
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
AGES = st.timedeltas(timedelta(), timedelta(days=400))

SYMPTOMS = st.builds(
    Symptom, term=SLUGS | st.just(""), said=NAMED, present=st.booleans(), since=WORDS, severity=WORDS,
    course=st.none() | st.sampled_from(Course),
)  # fmt: skip
INTAKES = st.builds(
    Intake,
    symptoms=st.lists(SYMPTOMS, max_size=3).map(tuple),
    treatments=st.lists(st.builds(Treatment, drug=SLUGS, said=WORDS, current=st.booleans()), max_size=3).map(tuple),
    goal=st.sampled_from(Goal), goal_said=WORDS, tests=WORDS, contact=WORDS, best_time=WORDS,
    consent=st.none() | st.builds(Consent, given=st.booleans(), at=INSTANTS),
    questions=st.lists(NAMED, max_size=3).map(tuple),
)  # fmt: skip
USED = st.builds(
    TextUsed, topic=SLUGS, revision=st.integers(0, 999), level=st.sampled_from(["plain", "detail", "science"]),
    sha256=st.from_regex(r"[0-9a-f]{64}", fullmatch=True),
)  # fmt: skip
SPOKEN = st.builds(
    Spoken, id=IDS, role=st.sampled_from(Speaker).map(str), text=TEXTS, at=INSTANTS,
    kind=st.just("") | st.sampled_from(Kind).map(str), texts=st.lists(USED, max_size=2).map(tuple),
)  # fmt: skip


@st.composite
def tickets(draw: st.DrawFn) -> Ticket:
    opened_at = draw(INSTANTS)
    return Ticket(
        id=draw(IDS), conversation_id=draw(IDS), state=draw(st.sampled_from(State)),
        urgency=draw(st.sampled_from(Urgency)), reason=draw(NAMED), rule=draw(SLUGS),
        rule_version=draw(st.integers(0, 99)),
        matched=draw(TEXTS), summary=draw(TEXTS), claimed_by=draw(st.none() | NAMED), outcome=draw(TEXTS),
        opened_at=opened_at, changed_at=opened_at + draw(AGES),
    )  # fmt: skip


@st.composite
def cases(draw: st.DrawFn) -> Case:
    ticket = draw(tickets())
    spoken = draw(st.lists(SPOKEN, max_size=4, unique_by=lambda one: one.id))
    due = draw(st.none() | AGES.map(lambda age: ticket.opened_at + age))
    return Case(ticket, tuple(spoken), draw(st.none() | INTAKES), due)


WORSE = Course.WORSE
EYES = TextUsed("eyes", 2, "plain", "0" * 64)
INTAKE = Intake(
    symptoms=(
        Symptom(term="fatigue", said="always knackered", since="last spring", severity="can't work", course=WORSE),
        Symptom(term="headache", said="no headaches", present=False),
    ),
    treatments=(Treatment(drug="clomiphene", said="clomid 25"), Treatment(drug="testosterone", said="", current=False)),
    goal=Goal.WITHIN_A_YEAR,
    tests="blood in May, no sperm test",
    contact="07700 900123",
    consent=Consent(given=True, at=NOW),
    questions=("does it = a risk?\nreally",),
)
TICKET = Ticket(
    id="1b671a64-40d5-491e-99b0-da01ff1f3341".replace("-", ""), conversation_id="0" * 31 + "1", state=State.CLAIMED,
    urgency=Urgency.SAME_DAY, reason="The patient's words matched a sign.", rule="urgent_words", rule_version=1,
    matched="vision: everything is blurry", summary="everything is blurry since i started clomid", claimed_by="Ann",
    outcome="", opened_at=NOW, changed_at=NOW + timedelta(minutes=3),
)  # fmt: skip
CASE = Case(
    TICKET,
    (
        Spoken("a" * 32, "patient", "everything is blurry since i started clomid", NOW),
        Spoken("b" * 32, "assistant", "Call the clinic today.", NOW, "emergency", (EYES,)),
    ),
    INTAKE,
)
