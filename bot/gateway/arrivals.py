"""What is done with one message from a messaging app, in one transaction: counted, then erased, refused or stored."""

from datetime import datetime, timedelta

from bot.content.blocks import Block, Paragraph
from bot.conversation import contacts, erasure, guard, outgoing
from bot.conversation.contacts import Arrival, Contact
from bot.conversation.fixed import Fixed
from bot.conversation.message import Kind, Message, Reply
from bot.database import SESSION
from bot.errors import Conflict, TooMuch
from bot.gateway.api import MOST_CHARACTERS
from bot.gateway.channel import Incoming, Notice
from bot.gateway.connected import Connected
from bot.gateway.limits import Rates
from bot.gateway.wording import listed
from bot.safety.red_flags import Alarm

NOT_ONE_PATIENT = frozenset({Notice.GROUP, Notice.STAFF_ONLY})
"""Where several people read along: an emergency is answered, and no conversation is opened."""

MOST_DIGITS = 3


class Arrivals:
    """Takes messages in.

    Args:
        fixed: the words.
        rates: how many messages one contact may send.
        language: of the words.
        patience: after which another process answers a message, if this one has not.
    """

    def __init__(self, fixed: Fixed, rates: Rates, *, language: str, patience: timedelta) -> None:
        self._fixed, self._rates = fixed, rates
        self._language, self._patience = language, patience
        self._erase_words = frozenset(fixed.words.paragraphs("channel_erase_words"))
        self._stop_words = frozenset(fixed.words.paragraphs("channel_stop_words"))

    def take(
        self, session: SESSION, where: Connected, incoming: Incoming, *, alarm: Alarm | None, now: datetime
    ) -> Arrival | None:
        """Store a message, or answer it with fixed words, or erase.

        Args:
            session: the one transaction.
            where: the messaging app.
            incoming: the message.
            alarm: the red flag in it.
            now: the present instant.

        Returns:
            The message, if it is to be answered in its turn; None if that is done, or it came before.
        """
        who = {"channel": where.name, "contact": incoming.contact}
        if not contacts.note_arrival(session, **who, message_id=incoming.message_id, now=now):
            return None
        contact = contacts.find(session, **who, address=incoming.to)
        last = contacts.last_reply(session, contact.conversation_id) if contact else None
        if self._leaves(incoming, last):
            self._erase(session, where, incoming, contact, now=now)
            return None
        if reply := self._fixed_reply(where, incoming, alarm):
            if incoming.notice is Notice.HELLO and contact is None:
                self._welcome(session, where, incoming, now=now)
            else:
                self._send(session, where, incoming, reply, now=now)
            return None
        contact = self._agreed(session, where, incoming, contact, now=now)
        return self._receive(session, where, incoming, contact, self._choice(where, incoming, last), now=now)

    def closed(self, reply: Reply) -> Message:
        """Fixed words with their closing."""
        return guard.close(reply, self._fixed.closing(reply.closing))

    def _leaves(self, incoming: Incoming, last: Message | None) -> bool:
        """Whether somebody wants everything erased. While questions are asked, "stop" means to stop asking."""
        if incoming.leaving:
            return True
        if incoming.notice:
            return False
        said = " ".join(incoming.text.casefold().split()).strip(" .!\"'")
        asking = last is not None and last.kind is Kind.FORM and bool(last.choices)
        return said in self._erase_words or (said in self._stop_words and not asking)

    def _erase(
        self, session: SESSION, where: Connected, incoming: Incoming, contact: Contact | None, *, now: datetime
    ) -> None:
        blocks: list[Block] = [Paragraph(part) for part in self._fixed.words.paragraphs("channel_erased")]
        if contact:
            receipt = erasure.erase(session, contact.conversation_id, now=now)
            blocks.append(Paragraph(f"{self._fixed.words.phrase('channel_receipt')}: {receipt.receipt_id}"))
        self._send(session, where, incoming, Reply(kind=Kind.SMALLTALK, blocks=blocks), now=now)

    def _fixed_reply(self, where: Connected, incoming: Incoming, alarm: Alarm | None) -> Reply | None:
        """Fixed words, if the message is not one for the dialogue. A red flag goes before all of these."""
        if alarm:
            return self._fixed.alarm_reply(alarm, stored=False) if incoming.notice in NOT_ONE_PATIENT else None
        if incoming.notice:
            return self._fixed.say(incoming.notice)
        if len(incoming.text) > MOST_CHARACTERS:
            return self._fixed.fallback("too_long")
        try:
            self._rates.message(f"{where.name}:{incoming.contact}")
        except TooMuch:
            return self._fixed.fallback("too_many")
        return None

    def _send(self, session: SESSION, where: Connected, incoming: Incoming, reply: Reply, *, now: datetime) -> None:
        message = self.closed(reply)
        outgoing.send(
            session, channel=where.name, contact=incoming.contact, address=incoming.to, message=message, now=now
        )

    def _agreed(
        self, session: SESSION, where: Connected, incoming: Incoming, contact: Contact | None, *, now: datetime
    ) -> Contact:
        """The contact with a conversation, who has been shown the consent as it stands."""
        if contact is None:
            return self._welcome(session, where, incoming, now=now)
        version = self._fixed.clinic.consent_version
        if contact.consent_version != version:
            consent = self.closed(self._words("consent", "channel_consent"))
            contacts.renew_consent(session, contact, consent_version=version, consent=consent, now=now)
        return contact

    def _welcome(self, session: SESSION, where: Connected, incoming: Incoming, *, now: datetime) -> Contact:
        return contacts.welcome(
            session,
            channel=where.name,
            contact=incoming.contact,
            address=incoming.to,
            locale=self._language,
            consent_version=self._fixed.clinic.consent_version,
            greeting=self.closed(self._words("greeting", "consent", "channel_consent")),
            now=now,
        )

    def _words(self, *names: str) -> Reply:
        blocks: list[Block] = [Paragraph(part) for name in names for part in self._fixed.words.paragraphs(name)]
        return Reply(kind=Kind.SMALLTALK, blocks=blocks)

    def _choice(self, where: Connected, incoming: Incoming, last: Message | None) -> str | None:
        """The button that was pressed, or whose number was typed."""
        if incoming.choice:
            return incoming.choice
        number = incoming.text.strip().strip("[].")
        if last is None or not (number.isascii() and number.isdigit() and len(number) <= MOST_DIGITS):
            return None
        if not listed(last, where.channel.LIMITS) or not 1 <= int(number) <= len(last.choices):
            return None
        return last.choices[int(number) - 1].id

    def _receive(
        self,
        session: SESSION,
        where: Connected,
        incoming: Incoming,
        contact: Contact,
        choice: str | None,
        *,
        now: datetime,
    ) -> Arrival | None:
        """Store the message; a button of a conversation that was erased counts as its words."""
        try:
            return contacts.receive(
                session,
                contact,
                channel=where.name,
                message_id=incoming.message_id,
                text=incoming.text,
                choice=choice,
                drugs=frozenset() if choice else self._fixed.drugs(incoming.text),
                now=now,
                answer_after=now + self._patience,
            )
        except Conflict:
            if incoming.text.strip():
                return self._receive(session, where, incoming, contact, None, now=now)
            self._send(session, where, incoming, self._fixed.say("chosen_topic_gone"), now=now)
            return None
