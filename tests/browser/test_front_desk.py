"""A patient's page and a receptionist's side by side in a real browser: alert, claim, reply, hand-back, resolve."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from bot.app import create
from bot.content.blocks import Paragraph
from bot.conversation.dialogue import Begun
from bot.conversation.fixed import Fixed
from bot.conversation.message import Handoff, Kind, Offer, Reply
from bot.database import Database
from bot.desk import store as staff_store
from bot.roles import Role
from bot.settings import Settings
from tests.browser.looking import violations
from tests.browser.test_page import WIDTHS, browser
from tests.serving import serving

__all__ = ["browser"]

PASSWORD = "correct horse battery"
NOTICE_MS = 15_000
"""How long a page may take to show what another did: the desk looks every two seconds."""


class Dialogue:
    """The dialogue's seam: passes on who asks for a person, and says the patient's words back otherwise."""

    def begin(self, text: str) -> Begun | None:
        return None

    async def answer(
        self,
        conversation_id: str,
        *,
        text: str,
        offer: Offer | None,
        unheard: str | None = None,
        begun: Begun | None = None,
    ) -> Reply:
        if "person" in text:
            handed = Handoff(reason="urgent", summary="asked")
            return Reply(kind=Kind.HANDOFF, blocks=[Paragraph("I have passed this on.")], handoff=handed)
        return Reply(kind=Kind.ANSWER, blocks=[Paragraph(f"The assistant heard: {text}")])


@dataclass
class Clinic:
    """A whole web process, with a receptionist and a clinician."""

    url: str
    database: Database


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    settings = Settings(var_dir=tmp_path, alert_after_s=0, watch_every_s=0.5, rate_limits=False)
    app = create(settings)
    app.state.database.migrate()
    app.state.api = replace(app.state.api, house=replace(app.state.api.house, dialogue=Dialogue()))
    with app.state.database.writing() as session:
        for name, role in (("Ann Smith", Role.FRONT_DESK), ("Bea", Role.CLINICIAN), ("Ada", Role.ADMIN)):
            staff_store.add_staff(session, name=name, role=role, password=PASSWORD)
    with serving(app) as url:
        yield Clinic(url, app.state.database)


def context(browser: Browser, width: str, problems: list[str]) -> BrowserContext:
    size = {"width": WIDTHS[width][0], "height": WIDTHS[width][1]}
    made = browser.new_context(viewport=size, reduced_motion="reduce")
    made.on(
        "console",
        lambda message: problems.append(f"{message.text} {message.location}") if message.type == "error" else None,
    )
    made.on("weberror", lambda error: problems.append(str(error.error)))
    return made


def sign_in(page: Page, clinic: Clinic, name: str) -> None:
    page.goto(f"{clinic.url}/desk/login")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Queue")).to_be_visible()


def begin(page: Page, clinic: Clinic) -> None:
    page.goto(clinic.url)
    page.get_by_role("button", name="Ask a question").first.click()
    page.get_by_role("button", name="I agree").click()
    expect(page.get_by_label("Your question")).to_be_focused()


def say(page: Page, text: str) -> None:
    page.get_by_label("Your question").fill(text)
    page.keyboard.press("Enter")
    expect(page.locator(".message.patient").last).to_contain_text(text)


def overflow(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


@pytest.mark.parametrize("width", WIDTHS)
def test_from_asking_for_a_person_to_resolved_each_sees_each_step(
    browser: Browser, clinic: Clinic, fixed: Fixed, width: str
) -> None:
    problems: list[str] = []
    homes, desks = context(browser, width, problems), context(browser, width, problems)
    patient, desk = homes.new_page(), desks.new_page()
    sign_in(desk, clinic, "Ann Smith")
    expect(desk.get_by_text("Nobody is waiting.")).to_be_visible()
    expect(desk.get_by_text("This page keeps itself up to date.")).to_be_visible()
    assert violations(desk) == []
    begin(patient, clinic)
    say(patient, "a person please")
    expect(patient.locator(".state")).to_contain_text("team has been told")
    the_alert_is_seen_heard_and_claimed(desk)
    a_ready_made_reply_is_changed_and_sent(desk, patient, fixed)
    what_is_typed_stays_while_messages_come_in(desk, patient)
    an_emergency_is_answered_at_once_and_told(desk, patient)
    the_assistant_gets_the_conversation_back(desk, patient)
    the_ticket_is_resolved(desk, patient)
    homes.close()
    desks.close()
    # axe puts a style of its own into the page, which the policy then refuses.
    assert [text for text in problems if not text.startswith("Applying inline style")] == []


def the_alert_is_seen_heard_and_claimed(desk: Page) -> None:
    expect(desk.locator("a.ticket")).to_be_visible(timeout=NOTICE_MS)
    alert = desk.get_by_role("region", name="Alerts").get_by_role("link")
    expect(alert).to_contain_text("Same day: claimed by nobody", timeout=NOTICE_MS)
    expect(desk.locator("html")).to_have_attribute("data-sounded", "1")
    assert violations(desk) == []
    assert overflow(desk) <= 0
    alert.click()
    desk.get_by_role("button", name="Claim this ticket").click()
    expect(desk.get_by_role("region", name="Alerts").get_by_role("link")).to_have_count(0)
    expect(desk.get_by_label("Message")).to_be_visible()


def a_ready_made_reply_is_changed_and_sent(desk: Page, patient: Page, fixed: Fixed) -> None:
    desk.get_by_label("Ready-made reply").select_option("Greeting")
    desk.get_by_label("Message").fill("Good day.")
    desk.get_by_role("button", name="Insert").click()
    expect(desk.get_by_label("Message")).to_have_value(re.compile("^Good day\\.\n\nHello\\. I have read"))
    desk.get_by_role("button", name="Send to the patient").click()
    expect(patient.get_by_text("You are now talking to Ann of the team.")).to_be_visible(timeout=NOTICE_MS)
    answer = patient.locator(".message.staff").last
    expect(answer).to_contain_text("Good day.")
    expect(answer).to_contain_text(fixed.closing("general").text)
    expect(patient.locator(".state")).to_contain_text("A person from the clinic's team answers here now")
    assert violations(patient) == []


def what_is_typed_stays_while_messages_come_in(desk: Page, patient: Page) -> None:
    desk.get_by_label("Message").fill("I am just typing")
    say(patient, "thank you")
    told = patient.locator(".message.assistant", has_text="Your message has reached the team")
    expect(told).to_have_count(1)
    say(patient, "one more thing")
    expect(desk.locator("#conversation .patient").last).to_contain_text("one more thing", timeout=NOTICE_MS)
    expect(desk.get_by_label("Message")).to_have_value("I am just typing")
    expect(told).to_have_count(1)
    assert violations(desk) == []
    assert overflow(desk) <= 0


def an_emergency_is_answered_at_once_and_told(desk: Page, patient: Page) -> None:
    say(patient, "i have crushing chest pain right now")
    expect(patient.locator(".message.urgent")).to_be_visible()
    expect(desk.get_by_text("This became more urgent while you have it")).to_be_visible(timeout=NOTICE_MS)
    desk.get_by_role("button", name="Send to the patient").click()
    expect(patient.locator(".message.staff").last).to_contain_text("I am just typing", timeout=NOTICE_MS)


def the_assistant_gets_the_conversation_back(desk: Page, patient: Page) -> None:
    desk.get_by_role("button", name="Hand back to the assistant").click()
    expect(patient.get_by_text("You are talking to the assistant again.")).to_be_visible(timeout=NOTICE_MS)
    say(patient, "hello again")
    expect(patient.locator(".message.assistant").last).to_contain_text("The assistant heard: hello again")
    expect(desk.locator("#conversation")).to_contain_text("The assistant heard: hello again", timeout=NOTICE_MS)


def the_ticket_is_resolved(desk: Page, patient: Page) -> None:
    desk.get_by_label("Outcome").select_option("Answered in the conversation")
    desk.get_by_label("In words").fill("All is well.")
    desk.get_by_role("button", name="Resolve").click()
    expect(desk.get_by_text("Answered in the conversation: All is well.")).to_be_visible()
    expect(patient.locator(".state")).to_have_text("", timeout=NOTICE_MS)
    assert violations(desk) == []


def test_two_receptionists_see_each_other_and_who_was_quicker(browser: Browser, clinic: Clinic) -> None:
    problems: list[str] = []
    contexts = [context(browser, "desktop", problems) for _ in range(3)]
    patient, ann, bea = (one.new_page() for one in contexts)
    begin(patient, clinic)
    say(patient, "a person please")
    for page, name in ((ann, "Ann Smith"), (bea, "Bea")):
        sign_in(page, clinic, name)
        page.locator("a.ticket").click()
        expect(page.get_by_role("button", name="Claim this ticket")).to_be_visible()
    expect(ann.get_by_text("Bea is looking at this too.")).to_be_visible(timeout=NOTICE_MS)
    ann.get_by_role("button", name="Claim this ticket").click()
    expect(ann.get_by_label("Message")).to_be_visible()
    expect(bea.get_by_text("Ann Smith has claimed this ticket.")).to_be_visible(timeout=NOTICE_MS)
    expect(bea.get_by_role("button", name="Claim this ticket")).to_have_count(0)
    for one in contexts:
        one.close()
    assert problems == []


def test_alerts_can_be_muted_in_this_browser(browser: Browser, clinic: Clinic) -> None:
    problems: list[str] = []
    desks, homes = context(browser, "desktop", problems), context(browser, "desktop", problems)
    desk, patient = desks.new_page(), homes.new_page()
    sign_in(desk, clinic, "Ann Smith")
    desk.get_by_role("button", name="Mute alerts").click()
    expect(desk.get_by_role("button", name="Alerts are muted")).to_have_attribute("aria-pressed", "true")
    desk.reload()
    expect(desk.get_by_role("button", name="Alerts are muted")).to_be_visible()
    begin(patient, clinic)
    say(patient, "a person please")
    expect(desk.get_by_role("region", name="Alerts").get_by_role("link")).to_be_visible(timeout=NOTICE_MS)
    assert desk.locator("html").get_attribute("data-sounded") is None
    desks.close()
    homes.close()
    assert problems == []


@pytest.mark.parametrize("width", WIDTHS)
def test_the_opening_hours_by_keyboard_and_without_a_script(browser: Browser, clinic: Clinic, width: str) -> None:
    size = {"width": WIDTHS[width][0], "height": WIDTHS[width][1]}
    made = browser.new_context(viewport=size, java_script_enabled=True)
    page = made.new_page()
    sign_in(page, clinic, "Ada")
    page.goto(f"{clinic.url}/desk/hours")
    assert violations(page) == []
    assert overflow(page) <= 0
    state = made.storage_state()
    made.close()
    plain = browser.new_context(viewport=size, java_script_enabled=False, storage_state=state)
    page = plain.new_page()
    page.goto(f"{clinic.url}/desk/hours")
    page.get_by_label("Saturday").fill("10:00-11:00")
    page.keyboard.press("Enter")
    expect(page.get_by_text("10:00 am to 11:00 am")).to_be_visible()
    page.get_by_label("Saturday").fill("11:00-10:00")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("ends before it begins")
    expect(page.get_by_label("Saturday")).to_have_value("11:00-10:00")
    page.goto(f"{clinic.url}/desk")
    expect(page.get_by_role("link", name="Refresh")).to_be_visible()
    plain.close()
