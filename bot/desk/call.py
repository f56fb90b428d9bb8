"""A telephone call as staff write it down, and the ticket that it becomes, once, however often it is sent."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bot.content import record
from bot.content.blocks import Block, Paragraph, Text
from bot.content.topic import Level, sha256
from bot.conversation import store as conversations
from bot.conversation.fixed import Fixed
from bot.conversation.message import Kind, Message, Provenance, Role
from bot.database import SESSION, one_at_a_time
from bot.desk import store as staff_store
from bot.desk.guide import Guide
from bot.desk.listening import TELEPHONE, Understood
from bot.desk.screen import words
from bot.desk.store import Staff
from bot.errors import NotAllowed, NotFound
from bot.safety import red_flags
from bot.translation import gettext as _
from bot.translation import later
from bot.triage import store as tickets
from bot.triage.ticket import STAFF, Urgency
from bot.triage.urgency import Assessment

CHANNEL = "phone"
LONGEST = {"said": 4000, "answer": 300, "summary": 1000, "caller": 100, "number": 40, "reason": 200}
"""Characters of each field; nothing that is longer is cut off: it is refused, and the page keeps it."""

MISSING = later("Write what the caller says.")
NO_REASON = later("Say why it is less urgent than the rules say.")
NOT_THERE = later(
    "A text that is marked as read out is not in the store: take the mark away, and say in the summary what it was."
)


class About(StrEnum):
    """Whom a call is about."""

    CALLER = "caller"
    PARTNER = "partner"
    CHILD = "child"


HEADING = later("Caller: {who}. {about}")
"""How the note of a call begins; the search looks for people in it."""

ABOUT = {
    About.CALLER: later("The call is about the caller."),
    About.PARTNER: later("The call is about the caller's partner."),
    About.CHILD: later("The call is about a child."),
}


@dataclass(frozen=True, slots=True)
class Call:
    """What stands on the page.

    Attributes:
        id: made with the page: the conversation's id once it is a ticket.
        said: what the caller says.
        answers: question id to answer, those that have one.
        read: what was read out: `emergency:...`, `refusal:...`, or `topic/<id>/<revision>/<level>`.
        urgency: what staff chose; None: as the rules say.
        reason: why it is lower.
    """

    id: str
    about: About = About.CALLER
    said: str = ""
    level: Level = Level.PLAIN
    answers: tuple[tuple[str, str], ...] = ()
    read: tuple[str, ...] = ()
    summary: str = ""
    caller: str = ""
    number: str = ""
    urgency: Urgency | None = None
    reason: str = ""

    @property
    def further(self) -> list[str]:
        """What else may hold a red flag."""
        return [*(answer for _name, answer in self.answers), self.summary]


def faults(call: Call, rules: Assessment) -> dict[str, str]:
    """What keeps a call from becoming a ticket: field to reason.

    Args:
        call: as it was sent.
        rules: the urgency that the rules give.
    """
    found = {}
    for name in ("said", "summary", "caller", "number", "reason"):
        if len(getattr(call, name)) > LONGEST[name]:
            found[name] = _("At most {longest} characters.").format(longest=LONGEST[name])
    if any(len(answer) > LONGEST["answer"] for _name, answer in call.answers):
        found["answers"] = _("An answer has at most {longest} characters.").format(longest=LONGEST["answer"])
    if not call.said:
        found["said"] = MISSING
    if call.urgency and _rank(call.urgency) > _rank(rules.level) and not call.reason:
        found["reason"] = NO_REASON
    return found


def _rank(level: Urgency) -> int:
    return list(Urgency).index(level)


def open_ticket(
    session: SESSION, call: Call, understood: Understood, *, staff: Staff, fixed: Fixed, guide: Guide, now: datetime
) -> str:
    """Keep a call as a conversation with a ticket; a call that was kept before is only found.

    Args:
        session: a session that writes.
        call: without faults.
        understood: what the rules found in it.
        staff: who took the call.
        fixed: the fixed texts that may have been read out.
        guide: the questions.
        now: the present instant.

    Returns:
        The ticket's id.

    Raises:
        NotAllowed: the role does not work on tickets.
        NotFound: a text that is marked as read out does not exist.
    """
    if staff.role not in STAFF:
        raise NotAllowed(_("telephone triage is for front desk, clinicians and admins"))
    one_at_a_time(session, "calls")
    try:
        return tickets.of_conversation(session, call.id).id
    except NotFound:
        pass
    said = list(_messages(session, call, fixed=fixed, guide=guide, now=now))
    conversations.open_conversation(
        session, channel=CHANNEL, locale="en", consent_version=CHANNEL, greeting=said[0], now=now, own_id=call.id
    )
    settled = settle(understood.assessment, call, staff)
    matched = "; ".join(f"{flag.alarm.rule}: {', '.join(flag.alarm.words)}" for flag in understood.flags) or TELEPHONE
    heading = said[0].text
    ticket = tickets.open_ticket(
        session, conversation_id=call.id, assessment=settled, matched=matched,
        summary=f"{heading}\n{call.summary or call.said}", now=now,
    )  # fmt: skip
    rule = understood.flags[0].alarm.rule if understood.flags else None
    for message in said[1:]:
        first = message is said[1]
        conversations.tell(session, call.id, message, alarm=rule if first else None)
    staff_store.note(session, actor=staff.name, action="call.noted", subject=ticket.id, now=now)
    if settled.level is not understood.assessment.level:
        how = "raised" if _rank(settled.level) < _rank(understood.assessment.level) else "lowered"
        staff_store.note(session, actor=staff.name, action=f"call.urgency_{how}", subject=ticket.id, now=now)
    return ticket.id


def settle(rules: Assessment, call: Call, staff: Staff) -> Assessment:
    """The urgency of the rules, or what staff made of it, with the reason.

    Args:
        rules: what the rules say.
        call: what staff chose.
        staff: who they are.
    """
    if call.urgency is None or call.urgency is rules.level:
        return rules
    if _rank(call.urgency) < _rank(rules.level):
        return replace(
            rules,
            level=call.urgency,
            reason=_("{reason} Raised by {name} on the telephone.").format(reason=rules.reason, name=staff.name),
        )
    why = _("Lowered from {urgency} by {name} on the telephone: {reason}").format(
        urgency=words(rules.level).lower(), name=staff.name, reason=call.reason
    )
    return replace(rules, level=call.urgency, reason=f"{why} ({rules.reason})"[:500])


def _messages(session: SESSION, call: Call, *, fixed: Fixed, guide: Guide, now: datetime) -> Iterator[Message]:
    """The call as a transcript: who called, what they said, each question with its answer, and what was read out."""
    who = ", ".join(part for part in (call.caller, call.number) if part) or _("not given")
    yield _line(HEADING.format(who=who, about=ABOUT[call.about]), now)
    yield Message(role=Role.PATIENT, text=call.said, created_at=now)
    asked = {one.id: one.text for one in guide.named([name for name, _answer in call.answers])}
    for name, answer in call.answers:
        yield _line(asked.get(name, name), now)
        yield Message(role=Role.PATIENT, text=answer, created_at=now)
    for one in call.read:
        kind, blocks, source = read_out(session, one, fixed=fixed, guide=guide, now=now)
        text = str(Text(blocks))
        yield Message(role=Role.STAFF, text=text, blocks=blocks, provenance=[source], kind=kind, created_at=now)
    if call.summary:
        yield _line(_("Summary: {summary}").format(summary=call.summary), now)


def _line(text: str, now: datetime) -> Message:
    return Message(role=Role.STAFF, text=text, created_at=now)


def read_out(
    session: SESSION, name: str, *, fixed: Fixed, guide: Guide, now: datetime
) -> tuple[Kind, list[Block], Provenance]:
    """A text that was read to a caller, exactly the revision that the page showed.

    Args:
        session: a session that reads.
        name: as in `Call.read`.
        fixed: the fixed texts.
        guide: which of their paragraphs are said aloud.
        now: the present instant.

    Raises:
        NotFound: there is no such text.
    """
    if name.startswith("topic/"):
        return _topic(session, name, now)
    sort, _colon, reply = name.partition(":")
    clinic_phone = fixed.clinic.telephone
    if sort == "refusal" and reply in fixed.refusals.replies:
        sha256, title = fixed.refusals.replies[reply].sha256, fixed.refusals.replies[reply].title
        paragraphs = fixed.refusals.render(reply, clinic_phone=clinic_phone)
    elif reply in fixed.red_flags.replies and fixed.red_flags.replies[reply].kind == sort:
        sha256, title = fixed.red_flags.replies[reply].sha256, fixed.red_flags.replies[reply].title
        whole = red_flags.render(reply, rules=fixed.red_flags, numbers=fixed.numbers, clinic_phone=clinic_phone)
        paragraphs = guide.read_out(reply, whole)
    else:
        raise NotFound(_("no such fixed text"))
    source = Provenance(
        topic=name, title=title, revision=fixed.revisions.get(name, 0), level=Level.PLAIN, sha256=sha256
    )  # fmt: skip
    kind = {"refusal": Kind.REFUSAL, "emergency": Kind.EMERGENCY, "crisis": Kind.CRISIS}.get(sort, Kind.ANSWER)
    return kind, [Paragraph(text) for text in paragraphs], source


def _topic(session: SESSION, name: str, now: datetime) -> tuple[Kind, list[Block], Provenance]:
    parts = name.split("/")
    if len(parts) != 4 or not parts[2].isdecimal() or len(parts[2]) > 9 or parts[3] not in set(Level):  # noqa: PLR2004
        raise NotFound(_("no such text"))
    topic, number, level = parts[1], int(parts[2]), Level(parts[3])
    revision = record.revision(session, topic, number)
    if revision is None or level not in revision.draft.texts:
        raise NotFound(_("no such text"))
    text, where = revision.draft.texts[level], revision.standing_at(now)
    source = Provenance(
        topic=topic, title=revision.draft.title, revision=number, level=level, sha256=sha256(str(text)),
        reviewed_by=where.reviewed_by if where else None, reviewed_on=where.reviewed_on if where else None,
        review_due=where.review_due if where else None, sources=list(revision.draft.sources),
    )  # fmt: skip
    return Kind.ANSWER, list(text.blocks), source
