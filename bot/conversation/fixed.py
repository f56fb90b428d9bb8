"""Everything that must be said even when all else is down, read once at start-up: emergency texts, closings,
fallbacks, the clinic's facts, the rules that find red flags.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.content.blocks import Block, Notice, Paragraph
from bot.content.files import fixed_draft
from bot.content.store import Draft
from bot.conversation.message import Closing, Handoff, Kind, Provenance, Reply
from bot.lexicon import Lexicon
from bot.safety import closings, red_flags, refusals
from bot.safety.closings import FALLBACKS
from bot.safety.red_flags import Alarm, EmergencyNumbers, Level
from bot.settings import Settings
from bot.triage import urgency
from bot.triage.urgency import UrgencyRules
from bot.words import Clinic, Words, load_clinic, load_words


@dataclass(frozen=True)
class Fixed:
    """The fixed texts and rules of one clinic in one language."""

    clinic: Clinic
    words: Words
    lexicon: Lexicon
    red_flags: red_flags.RedFlags
    refusals: refusals.Refusals
    closings: closings.Closings
    numbers: EmergencyNumbers
    urgency: UrgencyRules
    revisions: dict[str, int] = field(default_factory=dict)

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
            words=load_words(folder / "replies.yml", clinic, emergency_number=numbers.emergency),
            lexicon=lexicon,
            red_flags=red_flags.load(folder / "safety", lexicon),
            refusals=refusals.load(folder / "safety"),
            closings=closings.load(folder / "safety"),
            numbers=numbers,
            urgency=urgency.load(settings.data_dir / "urgency.yml"),
        )

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

    def alarm(self, text: str, named: frozenset[str] = frozenset()) -> Alarm | None:
        """The most urgent red flag in a text, if there is one."""
        return red_flags.check(text, rules=self.red_flags, named=named)

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
        return Reply(
            kind=kind,
            blocks=blocks,
            closing=text.closing,
            provenance=[provenance],
            handoff=Handoff(reason=alarm.level, summary=f"{alarm.rule}: {', '.join(alarm.words)}") if stored else None,
        )

    def alarm_text(self, name: str) -> list[Block]:
        """The blocks of a red flag's reply, with the numbers of the clinic's country.

        Args:
            name: the reply's id.
        """
        paragraphs = red_flags.render(
            name, rules=self.red_flags, numbers=self.numbers, clinic_phone=self.clinic.telephone
        )
        return [Notice(paragraphs[0], tone="emergency"), *map(Paragraph, paragraphs[1:])]

    def general_alarm(self, name: str) -> Reply:
        """What is answered when the classifier thinks of an emergency or crisis, and no rule matched.

        Args:
            name: emergency_general, crisis_general or urgent_general.
        """
        level = self.red_flags.replies[name].kind
        return self.alarm_reply(Alarm(name, level, name, (), (), "the classifier's guess"), stored=True)

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
            *(("fallback", name, f"Fallback: {name}", "general", [self.closings.fallback(name)]) for name in FALLBACKS),
        ]
        return [
            fixed_draft(f"{kind}:{name}", title=title, kind=kind, closing=closing, paragraphs=paragraphs)
            for kind, name, title, closing, paragraphs in sets
        ]

    def fallback(self, name: str) -> Reply:
        """What is said when something is broken: safe_reply, not_stored, too_long, too_many, busy."""
        return Reply(kind=Kind.FALLBACK, blocks=[Paragraph(self.closings.fallback(name))], closing="general")

    def say(self, name: str, *, kind: Kind = Kind.SMALLTALK, closing: str = "general") -> Reply:
        """A reply of words that are not medical."""
        return Reply(kind=kind, blocks=[Paragraph(part) for part in self.words.paragraphs(name)], closing=closing)
