"""Everything that must be said even when all else is down, read once at start-up: emergency texts, closings,
fallbacks, the clinic's facts, the rules that find red flags.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property

from bot.content.blocks import Block, Notice, Paragraph
from bot.content.files import fixed_draft
from bot.content.store import WORDS, Draft
from bot.conversation import goals
from bot.conversation.message import Closing, Handoff, Kind, Offer, Provenance, Reply
from bot.conversation.noted import Ears
from bot.hours import Hours
from bot.lexicon import Lexicon
from bot.safety import closings, contest, moments, red_flags, refusals
from bot.safety.closings import FALLBACKS
from bot.safety.red_flags import Alarm, EmergencyNumbers, Level, Told
from bot.safety.spare_net import FILE as SPARE
from bot.safety.spare_net import SpareNet
from bot.safety.text import words
from bot.settings import Settings
from bot.triage import desk_data, urgency
from bot.triage.desk_data import DeskData
from bot.triage.ticket import Urgency
from bot.triage.urgency import UrgencyRules
from bot.words import Clinic, OpeningHours, Words, load_clinic, load_words

SUSPECTED = 0.35
"""Probability of danger, by the spare net, from which there is an alarm where nothing understood the message: chosen on
evaluation/phrases/safety.yml and safety-c.yml, so that 98 of 100 emergencies and crises raise one.
"""

SUSPECTED_BESIDES = 0.6
"""The same where the dialogue has read only the beginning of a message, or a person of the team reads it."""

SURE = 0.85
"""Probability of danger that it takes where its words are denied, past or only asked about (ADR 13)."""

SURE_OF_CRISIS = 0.95
"""The same of a crisis."""

ALARMS = frozenset({Kind.EMERGENCY, Kind.CRISIS})
"""Replies after which Axis asks whether help was reached."""

EMPTY = frozenset({Kind.SMALLTALK, Kind.FALLBACK, Kind.CLARIFICATION})
"""Replies that give nothing to keep when the message told of help."""

SHORT = 8
"""Words of a message after an alarm that may say no more than that there is help."""

LETTERS_THAT_TELL = 5
"""Letters from which a word for it is believed where the message was taken for something else: "yes" is too little."""


@dataclass(frozen=True)
class Fixed:
    """The fixed texts and rules of one clinic in one language."""

    clinic: Clinic
    words: Words
    lexicon: Lexicon
    red_flags: red_flags.RedFlags
    refusals: refusals.Refusals
    closings: closings.Closings
    moments: moments.Moments
    goals: goals.Goals
    numbers: EmergencyNumbers
    urgency: UrgencyRules
    desk: DeskData
    spare: SpareNet | None = None
    revisions: dict[str, int] = field(default_factory=dict)
    edited: list[Hours] = field(default_factory=list)

    @classmethod
    def load(cls, settings: Settings) -> "Fixed":
        """Read all of it.

        Raises:
            DataError: a file is missing or wrong; nothing is served then.
        """
        folder = settings.language_dir
        clinic = load_clinic(settings.data_dir / "clinic.yml")
        numbers = red_flags.load_numbers(settings.data_dir / "emergency_numbers.yml", country=clinic.country)
        lexicon = Lexicon.load(folder / "lexicon")
        return cls(
            clinic=clinic,
            words=load_words(
                folder / "replies.yml", clinic, emergency_number=numbers.emergency, page=settings.public_url
            ),
            lexicon=lexicon,
            red_flags=red_flags.load(folder / "safety", lexicon),
            refusals=refusals.load(folder / "safety"),
            closings=closings.load(folder / "safety"),
            moments=moments.load(folder / "safety"),
            goals=goals.load(folder / "goals.yml"),
            numbers=numbers,
            urgency=urgency.load(settings.data_dir / "urgency.yml"),
            desk=desk_data.load(settings.data_dir / "desk.yml", folder / "canned.yml"),
            spare=SpareNet.load(path) if (path := settings.models_dir / SPARE).is_file() else None,
        )

    @property
    def hours(self) -> Hours:
        """The opening hours as they stand: those that an admin has edited, or the file's."""
        return self.edited[-1] if self.edited else self.clinic.hours

    def note_hours(self, hours: Hours | None) -> None:
        """Learn which hours an admin has set; None means the file's count."""
        self.edited[:] = [hours] if hours else []

    def opening_hours(self, *, now: datetime) -> list[OpeningHours]:
        """The opening hours in words: the week, and the holidays that are still to come."""
        return [*self.words.opening_hours(self.hours), *self.words.holidays(self.hours, now=now)]

    def opens(self, *, now: datetime) -> str:
        """When the clinic opens next, in words; empty while it is open."""
        opening = None if self.hours.is_open(now) else self.hours.next_opening(now)
        return self.words.opens(self.hours, opening) if opening else ""

    def due(self, level: Urgency, since: datetime) -> datetime:
        """Until when the team should have taken on a ticket of this urgency that waits since an instant."""
        return self.desk.due(level, since, self.hours)

    def note_revisions(self, numbers: Mapping[str, int]) -> None:
        """Learn under which numbers the store holds these very texts, so that a reply can name them.

        Args:
            numbers: text id to revision; a text that the store does not hold keeps the number 0.
        """
        self.revisions.update(numbers)

    def closing(self, name: str) -> Closing:
        """The closing of this name, or the general one if there is none: a reply is never without."""
        name = name if name in self.closings else "general"
        return Closing(id=name, text=self.closings.text(name, clinic_phone=self.clinic.telephone))

    def drugs(self, text: str) -> frozenset[str]:
        """Ids of the drugs that a text names."""
        return frozenset(found.term.id for found in self.lexicon.find(text) if found.term.kind == "drugs")

    @cached_property
    def ears(self) -> Ears:
        """What hears medicines, symptoms and goals in a patient's words."""
        return Ears(self.lexicon, self.red_flags.scopes, self.goals)

    def alarm(self, text: str, named: frozenset[str] = frozenset()) -> Alarm | None:
        """The most urgent red flag in a text, if there is one."""
        return red_flags.check(text, rules=self.red_flags, named=named)

    def doubts(self, text: str, named: frozenset[str] = frozenset()) -> bool:
        """Whether the nets within Rasa should be asked about an alarm of the rules: their spare is not sure of it, or
        takes what a rule calls urgent for an emergency or a crisis.

        Args:
            text: in which the rules found the alarm.
            named: ids of the drugs that this patient has named before.

        Source: docs/decisions/0020-a-second-opinion.md.
        """
        if self.spare is None:
            return False
        level, danger = self.spare.worst(text)
        if danger >= contest.ASKED:
            found = self.alarm(text, named)
            return found is not None and found.level is Level.URGENT and level is not Level.URGENT
        return contest.doubted_below(text, rules=self.red_flags, named=named) > 0.0

    def unanswered(self, text: str, fallback: str, *, stored: bool) -> Reply:
        """What is said when nothing understood a message: an alarm if it sounds like one, else the honest fallback.

        Args:
            text: the message.
            fallback: what is said otherwise: safe_reply, busy, not_stored, too_long, too_many.
            stored: a ticket can be committed together with this reply.
        """
        if alarm := self.alarm(text):
            return self.alarm_reply(alarm, stored=stored)
        level = self.suspected(text, least=SUSPECTED)
        return self.general_alarm(level, stored=stored) if level else self.fallback(fallback)

    def in_its_own_words(self, reply: Reply, text: str) -> Reply:
        """The dialogue's reply; where it is an alarm's general text, that of the rule of this level, if one matched."""
        said = {one.topic for one in reply.provenance}
        if not any(f"{level}:{level}_general" in said for level in Level):
            return reply
        alarm = self.alarm(text)
        is_the_same = alarm and f"{alarm.level}:{alarm.level}_general" in said
        return self.alarm_reply(alarm, stored=True) if alarm and is_the_same else reply

    def suspected(self, text: str, *, least: float) -> Level | None:
        """What the second net's spare takes a text for, where neither a rule nor the dialogue can say.

        Args:
            text: as the patient typed it.
            least: the probability of danger from which it is one.

        Returns:
            The level; None if it sounds harmless, or there is no spare net.
        """
        if self.spare is None or not text:
            return None
        level, danger = self.spare.worst(text)
        if danger < least:
            return None
        if level is Level.CRISIS:
            told = red_flags.told(text, rules=self.red_flags, of=Level.CRISIS)
            return None if told is Told.DENIED and danger < SURE_OF_CRISIS else level
        told = red_flags.told(text, rules=self.red_flags)
        return None if told in (Told.AS_NONE, Told.DENIED) and danger < SURE else level

    def alarm_reply(self, alarm: Alarm, *, stored: bool) -> Reply:
        """What is answered to a red flag.

        Args:
            alarm: the red flag.
            stored: a ticket is committed together with this reply; only then is it mentioned.
        """
        blocks = self.alarm_text(alarm.reply)
        if stored:
            blocks += map(Paragraph, self.words.paragraphs("emergency_stored"))
        text = self.red_flags.replies[alarm.reply]
        kind = {Level.EMERGENCY: Kind.EMERGENCY, Level.CRISIS: Kind.CRISIS}.get(alarm.level, Kind.ANSWER)
        provenance = Provenance(
            topic=f"{alarm.level}:{alarm.reply}",
            title=text.title,
            revision=self.revisions.get(f"{alarm.level}:{alarm.reply}", 0),
            level="plain",
            sha256=text.sha256,
        )
        matched = f"{alarm.rule}: {', '.join(alarm.words)}" if alarm.words else f"{alarm.scope}, no rule"
        return Reply(
            kind=kind,
            blocks=blocks,
            closing=text.closing,
            provenance=[provenance],
            handoff=Handoff(reason=alarm.level, summary=matched) if stored else None,
        )

    def after_alarm(self, reply: Reply, text: str) -> Reply:
        """The reply to the message after an emergency: before anything else it asks whether help was reached.

        Args:
            reply: what would be answered; an alarm of the second net stays, unless the message tells of help.
            text: the message; one that only says whether there is help is answered as that.
        """
        said = self._of_help(reply, text)
        if said and (reply.kind in (*ALARMS, *EMPTY) or reply.provenance):
            return self.say(said, kind=Kind.ANSWER, closing="emergency")
        if reply.kind in ALARMS:
            return reply
        if said:
            return reply.model_copy(update={"blocks": [*map(Paragraph, self.words.paragraphs(said)), *reply.blocks]})
        asked = [Notice(one, tone="emergency") for one in self.words.paragraphs("after_alarm")]
        offers = [
            Offer(title=self.words.phrase(f"button_help_{one}"), intent="tell_help", entities={"reached": one})
            for one in ("yes", "no")
        ]
        return reply.model_copy(update={"blocks": [*asked, *reply.blocks], "offers": [*offers, *reply.offers]})

    def _of_help(self, reply: Reply, text: str) -> str:
        """What a message after an alarm says of help: the name of the words that answer it, or nothing.

        Only its words tell: the net takes "i am on the phone to them" for a new alarm, and the classifier takes "ive
        called them" now for smalltalk, now for a question about what was named before. A question is no such message.
        """
        spoken = [word.text for word in words(text)]
        asks = text.rstrip().endswith("?") or set(spoken[:1]) & set(self.words.paragraphs("question_words"))
        if reply.kind not in EMPTY and (len(spoken) > SHORT or (asks and reply.kind not in ALARMS)):
            return ""
        names = ("help_reached",) if reply.kind in ALARMS else ("help_not_reached", "help_reached")
        least = 1 if reply.kind in EMPTY else LETTERS_THAT_TELL
        return next((name for name in names if self.says(f"{name}_words", text, least=least)), "")

    def says(self, name: str, text: str, *, least: int = 1) -> bool:
        """Whether a text says one of the words or phrases of a list.

        Args:
            name: of the list, in data/<language>/replies.yml.
            text: as typed.
            least: letters from which a phrase counts.
        """
        line = f" {' '.join(word.text for word in words(text))} "
        return any(f" {one} " in line for one in self.words.paragraphs(name) if len(one) >= least)

    def alarm_text(self, name: str) -> list[Block]:
        """The blocks of a red flag's reply, with the numbers of the clinic's country.

        Args:
            name: the reply's id.
        """
        paragraphs = red_flags.render(
            name, rules=self.red_flags, numbers=self.numbers, clinic_phone=self.clinic.telephone
        )
        return [Notice(paragraphs[0], tone="emergency"), *map(Paragraph, paragraphs[1:])]

    def general_alarm(self, level: Level, *, stored: bool = True) -> Reply:
        """What is answered when a net thinks of an alarm, and no rule matched.

        Args:
            level: of the alarm.
            stored: a ticket is committed together with this reply.
        """
        name = f"{level}_general"
        return self.alarm_reply(Alarm(name, level, name, (), (), "the second net"), stored=stored)

    def drafts(self) -> list[Draft]:
        """All fixed texts as drafts for the store, so that they are reviewed and traced like any other."""
        sets = [
            *(
                ("refusal", name, text.title, text.closing, text.paragraphs)
                for name, text in self.refusals.replies.items()
            ),
            *(
                (text.kind, name, text.title, text.closing, text.paragraphs)
                for name, text in self.red_flags.replies.items()
            ),
            *(
                ("closing", name, f"Closing: {name}", name, [self.closings.template(name)])
                for name in self.closings.ids
            ),
            *(
                ("advice", name, text.title, text.closing, text.paragraphs)
                for name, text in self.moments.advice.items()
            ),
            *(("fallback", name, f"Fallback: {name}", "general", [self.closings.fallback(name)]) for name in FALLBACKS),
        ]
        return [
            fixed_draft(f"{kind}:{name}", title=title, kind=kind, closing=closing, paragraphs=paragraphs)
            for kind, name, title, closing, paragraphs in sets
        ]

    def wordings(self) -> list[Draft]:
        """The words that are not medical, with the clinic's facts, for the store: an old conversation is proved by the
        words of its own day.
        """
        said = self.words.texts().items()
        return [*(self._wording(name, paragraphs) for name, paragraphs in said), self.hours_wording(self.hours)]

    def hours_wording(self, hours: Hours) -> Draft:
        """Opening hours in words, for the store: with them the answers that tell them are proved."""
        beginning = datetime.min.replace(tzinfo=UTC) + timedelta(days=2)  # so that each holiday is still to come
        lines = [*self.words.opening_hours(hours), *self.words.holidays(hours, now=beginning)]
        return self._wording("opening_hours", [part for line in lines for part in (line.days, self.words.hours(line))])

    @staticmethod
    def _wording(name: str, paragraphs: list[str]) -> Draft:
        return fixed_draft(f"{WORDS}:{name}", title=name, kind=WORDS, closing="general", paragraphs=paragraphs)

    def fallback(self, name: str) -> Reply:
        """What is said when something is broken: safe_reply, not_stored, too_long, too_many, busy."""
        return Reply(kind=Kind.FALLBACK, blocks=[Paragraph(self.closings.fallback(name))], closing="general")

    def say(self, name: str, *, kind: Kind = Kind.SMALLTALK, closing: str = "general") -> Reply:
        """A reply of words that are not medical."""
        return Reply(kind=kind, blocks=[Paragraph(part) for part in self.words.paragraphs(name)], closing=closing)

    def held(self, *, now: datetime) -> Reply:
        """What is answered, once, to a patient who writes while the team has the conversation."""
        opens = self.opens(now=now)
        parts = self.words.fill("staff_has_it_closed", opens=opens) if opens else self.words.paragraphs("staff_has_it")
        return Reply(kind=Kind.HANDOFF, blocks=[Paragraph(part) for part in parts], closing="general")
