"""The actions with the real store: what each sort of question is answered with, and what a turn uses of the last."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import shop as shop_module
from actions.clinic import Clinic
from actions.conversation import Conversation
from actions.intake import ASKING
from actions.refusals import Refusals
from actions.symptoms import Symptoms
from actions.topics import Topics, ask_back
from actions.turn import FAILED, Subject
from bot.content import governance
from bot.content.blocks import as_text
from bot.content.search import Match
from bot.conversation.message import Kind, Reply
from bot.database import Database
from bot.encoder import SIZE, packed, unpacked
from bot.roles import Role
from bot.settings import Settings
from tests.when import NOW

SUBJECTS: list[type[Subject]] = [Topics, Symptoms, Refusals, Clinic, Conversation]


class Talk:
    """A conversation with the actions: slots are carried from turn to turn as Rasa does."""

    def __init__(self, shop: shop_module.Shop) -> None:
        self.shop = shop
        self.slots: dict[str, Any] = dict.fromkeys(("drug", "marker", "symptom", "goal", "topic", "level", "question"))

    def say(
        self,
        intent: str,
        text: str,
        *,
        parts: list[dict[str, str]] | None = None,
        meant: str = "",
        unheard: str | None = None,
        in_doubt_of: str = "",
        vector: str = "",
        **entities: str,
    ) -> Reply:
        message = {
            "text": text, "intent": {"name": intent},
            "entities": [{"entity": name, "value": value} for name, value in entities.items()],
            **({"parts": parts} if parts else {}),
            **({"meant": meant} if meant else {}),
            **({"metadata": {"unheard": unheard}} if unheard is not None else {}),
            **({"in_doubt_of": in_doubt_of} if in_doubt_of else {}),
            **({"vector": vector} if vector else {}),
        }  # fmt: skip
        tracker = Tracker("x", self.slots, message, [], False, None, {}, "action_listen")
        dispatcher = CollectingDispatcher()
        subject = next(one for one in SUBJECTS if intent in one.answers)()
        for event in subject.run(dispatcher, tracker, {}):
            if event["event"] == "slot":
                self.slots[event["name"]] = event["value"]
        [said] = dispatcher.messages
        return Reply(**said["custom"])


@pytest.fixture
def talk(stocked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Talk:
    shutil.copy(stocked, tmp_path / "axis.sqlite")
    made = shop_module.Shop(Settings(var_dir=tmp_path))
    made.refresh()
    monkeypatch.setattr("actions.turn.shop", lambda: made)
    monkeypatch.setattr("actions.intake.shop", lambda: made)
    return Talk(made)


def topics(reply: Reply) -> list[tuple[str, str]]:
    return [(source.topic, source.level) for source in reply.provenance]


def test_a_question_gets_its_text_and_a_simpler_or_deeper_one_on_demand(talk: Talk) -> None:
    first = talk.say("ask_side_effects", "will clomid mess with my eyes")
    assert topics(first) == [("symptom-visual-disturbance", "plain")]
    assert topics(talk.say("ask_science", "the science please")) == [("symptom-visual-disturbance", "science")]
    assert topics(talk.say("ask_simpler", "simpler")) == [("symptom-visual-disturbance", "detail")]
    assert topics(talk.say("ask_simpler", "simpler")) == [("symptom-visual-disturbance", "plain")]
    assert talk.say("ask_simpler", "simpler").kind is Kind.CLARIFICATION
    assert topics(talk.say("ask_repeat", "say that again")) == [("symptom-visual-disturbance", "plain")]


def test_a_correction_gets_no_text_about_another_medicine(talk: Talk) -> None:
    talk.say("ask_side_effects", "will clomid mess with my eyes")
    reply = talk.say("correct_previous", "no, raloxifene")
    assert reply.kind is Kind.CLARIFICATION
    assert "About raloxifene" in [offer.title for offer in reply.offers]
    assert not reply.provenance


def test_a_symptom_that_stands_beside_others_gets_its_text(talk: Talk) -> None:
    reply = talk.say("report_symptom", "i have headaches, no acne, and i am tired for 3 months")
    assert topics(reply) == [("symptom-fatigue-low-energy", "plain")]


def test_a_question_about_it_is_about_what_was_named_before(talk: Talk) -> None:
    talk.say("ask_about_therapy", "what is raloxifene")
    assert talk.slots["drug"] == "raloxifene"
    reply = talk.say("ask_side_effects", "what about its side effects")
    assert talk.slots["drug"] == "raloxifene"
    assert topics(reply)[0][0] in ("serm-side-effects", "serm-clot-risk", "raloxifene")


def test_another_drug_takes_the_place_of_the_first(talk: Talk) -> None:
    talk.say("ask_about_therapy", "what is clomid")
    assert topics(talk.say("follow_up", "and raloxifene?")) == [("raloxifene", "plain")]
    assert topics(talk.say("correct_previous", "no, i meant hcg")) == [("hcg", "plain")]


def test_what_only_the_team_can_do_is_passed_on_by_a_button_or_a_yes(talk: Talk) -> None:
    reply = talk.say("ask_clinic_matter", "where do i upload the consent form")
    assert reply.handoff is None
    [offer] = reply.offers
    assert (offer.title, offer.intent) == ("Yes, pass it on", "ask_for_person")
    passed = talk.say("affirm", "yes please")
    assert passed.handoff
    assert (passed.handoff.reason, passed.handoff.typed_before) == ("asked_for_person", True)
    assert talk.say("affirm", "yes").handoff is None


def test_a_yes_to_something_else_passes_nothing_on(talk: Talk) -> None:
    talk.say("ask_clinic_matter", "where do i upload the consent form")
    talk.say("ask_about_therapy", "what is raloxifene")
    assert talk.say("affirm", "yes").handoff is None


@pytest.mark.parametrize("level", ["urgent", "crisis"])
def test_what_may_be_a_danger_is_answered_and_asked_about(talk: Talk, level: str) -> None:
    text = "what is raloxifene"
    calm = talk.say("ask_about_therapy", text)
    asked = talk.say("ask_about_therapy", text, in_doubt_of=level)
    assert topics(asked) == topics(calm)
    assert asked.blocks[: len(calm.blocks)] == calm.blocks
    assert asked.offers[0].intent == f"report_{level}"
    alarm = talk.say("affirm", "yes it is")
    assert [one.topic for one in alarm.provenance] == [f"{level}:{level}_general"]
    assert alarm.handoff
    assert talk.say("affirm", "yes").handoff is None


@pytest.mark.parametrize("unheard", ["i have crushing chest pain", ""])
def test_a_yes_after_a_red_flags_text_or_a_person_is_one_to_that(talk: Talk, unheard: str) -> None:
    talk.say("ask_about_therapy", "what is raloxifene", in_doubt_of="urgent")
    assert talk.say("affirm", "yes", unheard=unheard).handoff is None


@pytest.mark.parametrize("intent", ["report_emergency", "report_urgent"])
def test_an_alarm_does_not_ask_whether_it_is_one(talk: Talk, intent: str) -> None:
    alarm = talk.say(intent, "i know what is coming", in_doubt_of="urgent")
    assert "report_urgent" not in [offer.intent for offer in alarm.offers]


@pytest.mark.parametrize(
    ("intent", "said", "goal"),
    [("affirm", "yes", "trying_now"), ("nlu_fallback", "maybe later", "later"), ("deny", "no", "no")],
)
def test_the_question_about_children_is_answered_in_a_word(talk: Talk, intent: str, said: str, goal: str) -> None:
    talk.say("ask_about_therapy", "what is testosterone therapy")
    assert talk.slots["offered"] == "children"
    talk.say(intent, said)
    assert talk.slots["goal"] == goal
    assert talk.slots["offered"] is None


def test_a_question_after_the_one_about_children_is_a_question(talk: Talk) -> None:
    talk.say("ask_about_therapy", "what is testosterone therapy")
    reply = talk.say("ask_side_effects", "will clomid mess with my eyes later")
    assert topics(reply) == [("symptom-visual-disturbance", "plain")]


def test_a_remark_gets_a_word_and_no_text(talk: Talk) -> None:
    reply = talk.say("make_small_talk", "the scan tech said beautiful ovaries, best compliment of my year")
    assert reply.kind is Kind.SMALLTALK
    assert not reply.provenance


def test_two_questions_are_both_answered_in_order(talk: Talk) -> None:
    parts = [
        {"text": "can i have kids on trt?", "intent": "ask_fertility_effect"},
        {"text": "when are you open?", "intent": "ask_hours"},
    ]
    reply = talk.say("ask_fertility_effect", "can i have kids on trt? when are you open?", parts=parts)
    assert topics(reply) == [("trt-and-fertility", "plain")]
    assert [block.type for block in reply.blocks][-1] == "table"


@pytest.mark.parametrize(("intent", "kind"), [("report_emergency", Kind.EMERGENCY), ("report_crisis", Kind.CRISIS)])
def test_an_alarm_stands_whatever_the_classifier_took_the_words_for(talk: Talk, intent: str, kind: Kind) -> None:
    text = "i know what time your receptionist finishes and i have something for her"
    assert talk.say(intent, text, meant="ask_hours").kind is kind
    parts = [{"text": part, "intent": "ask_hours"} for part in text.split(" and ")]
    assert talk.say(intent, text, parts=parts, meant="ask_hours").kind is kind


def test_what_does_not_ask_is_answered_as_what_it_was_meant_for(talk: Talk) -> None:
    reply = talk.say("nlu_fallback", "the opening hours", meant="ask_hours")
    assert [block.type for block in reply.blocks][-1] == "table"


def test_two_symptoms_of_one_message_both_get_their_text(talk: Talk) -> None:
    reply = talk.say("report_symptom", "im tired all the time and my sex drive is gone")
    assert [topic for topic, _ in topics(reply)] == ["symptom-fatigue-low-energy", "symptom-low-libido"]


@pytest.mark.parametrize("intent", sorted(Refusals.answers))
def test_a_refusal_offers_a_person_and_vetted_texts(talk: Talk, intent: str) -> None:
    reply = talk.say(intent, "how much clomid should i take")
    assert reply.kind is Kind.REFUSAL
    assert reply.offers[-1].intent == "ask_for_person"
    assert len(reply.offers) > 1


def test_a_dose_is_refused_whatever_the_classifier_thought(talk: Talk) -> None:
    assert talk.say("ask_treatment_course", "how much clomid should i take").kind is Kind.REFUSAL


def test_what_is_not_known_is_said_so(talk: Talk) -> None:
    reply = talk.say("ask_about_therapy", "what is the tariff schedule of the port authority")
    assert reply.kind is Kind.FALLBACK
    assert not reply.provenance
    assert [offer.intent for offer in reply.offers] == ["ask_for_person"]


def test_only_near_topics_are_offered_when_none_is_sure(talk: Talk) -> None:
    near = [Match(talk.shop.topic(one), score, 0.5) for one, score in (("hcg", -0.5), ("gonadorelin", -0.7))]
    far = [Match(talk.shop.topic("testicular-pain-sudden"), -0.9, 0.5), Match(talk.shop.topic("pcos"), -0.6, 0.3)]
    piece = ask_back([*near, *far], talk.shop)
    assert piece.kind is Kind.CLARIFICATION
    assert [one.entities.get("topic") for one in piece.offers] == ["hcg", "gonadorelin", None]
    assert talk.say("choose_topic", "/choose_topic", **piece.offers[0].entities).kind is Kind.ANSWER


def test_of_a_single_near_topic_it_is_asked_whether_it_is_meant_and_a_word_is_enough(talk: Talk) -> None:
    piece = ask_back([Match(talk.shop.topic("hcg"), -0.5, 0.5)], talk.shop)
    assert "Is it this one?" in str(piece.blocks)
    talk.slots |= piece.remember
    assert topics(talk.say("affirm", "yes")) == [("hcg", "plain")]
    assert talk.slots["offered"] is None
    talk.slots |= piece.remember
    declined = talk.say("deny", "no")
    assert (declined.kind, declined.provenance) == (Kind.FALLBACK, [])
    assert "person" in str(declined.blocks)


def test_what_was_offered_before_an_intake_no_longer_is_within_it(talk: Talk) -> None:
    talk.say("ask_clinic_matter", "where do i send the consent form")
    assert talk.slots["offered"] == "person"
    tracker = Tracker(
        "x", talk.slots, {"text": "", "intent": {"name": "start_intake"}}, [], False, None, {}, "action_listen"
    )
    assert SlotSet("offered", None) in ASKING[0]().run(CollectingDispatcher(), tracker, {})


def test_a_person_is_asked_for_with_a_ticket(talk: Talk) -> None:
    reply = talk.say("ask_for_person", "i want a nurse")
    assert reply.kind is Kind.HANDOFF
    assert reply.handoff is not None


def test_memory_says_what_was_noted(talk: Talk) -> None:
    assert [block.type for block in talk.say("ask_memory", "what do you know about me").blocks] == ["paragraph"]
    talk.say("ask_about_therapy", "what is clomid")
    listed = next(block for block in talk.say("ask_memory", "what do you know about me").blocks if block.type == "list")
    assert any("clomiphene" in item for item in listed.items)


def test_an_action_that_breaks_says_nothing_and_logs_no_words(
    talk: Talk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> None:
        raise RuntimeError("zanzibar")

    monkeypatch.setattr("actions.turn.shop", broken)
    tracker = Tracker("x", {}, {"text": "zanzibar", "intent": {"name": "greet"}}, [], False, None, {}, "action_listen")
    dispatcher = CollectingDispatcher()
    assert Conversation().run(dispatcher, tracker, {}) == []
    assert [one["custom"] for one in dispatcher.messages] == [FAILED]
    assert "zanzibar" not in capsys.readouterr().out


def test_a_text_that_is_held_back_is_not_shown_and_a_person_is_offered(talk: Talk, tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'axis.sqlite'}")
    asked = talk.say("ask_about_therapy", "what is raloxifene")
    with database.writing() as session:
        governance.withdraw(session, "raloxifene", actor="Bea", role=Role.REVIEWER, now=NOW, note="")
    for reply in (
        talk.say("ask_about_therapy", "what is raloxifene"),
        talk.say("ask_more_detail", "more detail please"),
        talk.say("choose_topic", "/choose_topic", topic="raloxifene", level="plain"),
    ):
        assert reply.gap is not None
        assert (reply.gap.kind, reply.gap.topic) == ("withheld", "raloxifene")
        assert reply.provenance == []
        assert [one.intent for one in reply.offers] == ["ask_for_person"]
        assert not {as_text(block) for block in reply.blocks} & {as_text(block) for block in asked.blocks}


def test_what_is_not_known_and_what_was_asked_back_is_noted_as_a_gap(talk: Talk) -> None:
    unknown = talk.say("nlu_fallback", "my bicycle tyre hisses at the purple moon").gap
    assert unknown is not None
    assert unknown.kind == "unanswered"
    named = talk.say("nlu_fallback", "my name is Bob Smith, my bicycle tyre hisses at the purple moon").gap
    redacted = talk.say("nlu_fallback", "my name is [name], my bicycle tyre hisses at the purple moon").gap
    assert named == redacted, "the vector is of the words without the name"
    assert named != unknown
    given = packed(np.eye(1, SIZE, dtype=np.float32))
    plain = talk.say("nlu_fallback", "my bicycle tyre hisses at the purple moon", vector=given).gap
    assert plain is not None
    assert plain.vector == given, "Rasa's own vector is not made again"
    named = talk.say(
        "nlu_fallback", "my name is Bob Smith, my bicycle tyre hisses at the purple moon", vector=given
    ).gap
    assert named == redacted, "Rasa's vector is of the name, too"
    assert unpacked(unknown.vector).shape == (1, 384)
    unsure = talk.say("ask_lab_marker", "numbers on my sheet about")
    assert unsure.gap is not None


def test_a_text_comes_with_its_words_explained_and_a_word_alone_too(talk: Talk) -> None:
    text = talk.say("ask_lab_marker", "what is shbg")
    assert "glossary:free_testosterone" in [one.topic for one in text.terms]
    assert "glossary:shbg" not in [one.topic for one in text.terms]
    word = talk.say("nlu_fallback", "what does IVF mean?")
    assert topics(word) == [("glossary:ivf", "plain")]
    assert word.kind is Kind.ANSWER


@pytest.mark.parametrize(
    "text",
    [
        "my breasts are sore like before menses, is it the letrozole",
        "growing pains in my chest, estradiol week 6, two little buds, breast tenderness",
        "i am a trans woman on spiro and my nipples hurt",
    ],
)
def test_a_text_on_mens_breasts_is_not_for_women_and_transgender_patients(talk: Talk, text: str) -> None:
    reply = talk.say("report_symptom", text)
    assert "symptom-breast-tissue-gynecomastia" not in [one.topic for one in reply.provenance]
    assert all("men" not in offer.title.split() for offer in reply.offers)


def test_a_text_on_mens_breasts_is_for_a_man_whose_wife_has_seen_it(talk: Talk) -> None:
    reply = talk.say("report_symptom", "my wife says i am growing man boobs on testosterone")
    assert topics(reply) == [("symptom-breast-tissue-gynecomastia", "plain")]


def test_the_text_on_sudden_pain_in_a_testicle_is_for_a_trans_woman_too(talk: Talk) -> None:
    reply = talk.say("report_symptom", "i am a trans woman on spiro and have testicle pain")
    assert topics(reply) == [("testicular-pain-sudden", "plain")]
