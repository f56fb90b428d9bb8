"""kill -9 in the middle of a turn: the patient is answered, nothing is stored twice, and the next turn works."""

import os
import signal
import threading
import time
from typing import Any

import httpx2
import pytest

from bot.conversation.fixed import Fixed
from evaluation.running import Patient, Running, pids

pytestmark = [pytest.mark.served, pytest.mark.fault]

BACK_WITHIN_S = 90.0


def wait_until_ready(axis: Running) -> None:
    deadline = time.monotonic() + BACK_WITHIN_S
    while time.monotonic() < deadline:
        try:
            if httpx2.get(f"{axis.url}/readyz", timeout=12).status_code == 200:
                return
        except httpx2.HTTPError:
            pass
        time.sleep(0.3)
    pytest.fail("Axis did not come back")


def closes(message: dict[str, Any], fixed: Fixed) -> bool:
    return bool(message["text"].endswith(fixed.closing(message["closing"]["id"]).text))


@pytest.mark.parametrize("process", ["rasa", "actions"])
@pytest.mark.parametrize("how", [signal.SIGSTOP, signal.SIGKILL])
def test_a_part_dies_in_the_middle_of_a_turn(axis: Running, fixed: Fixed, process: str, how: signal.Signals) -> None:
    """Paused first, so that the turn is certainly under way when it is killed; or killed outright."""
    patient = Patient(axis.url)
    assert patient.say("what is clomid")["kind"] == "answer"
    victim = pids(axis.var)[process]
    os.kill(victim, how)
    answers: list[dict[str, Any]] = []
    turn = threading.Thread(target=lambda: answers.append(patient.say("how does clomid work in men")))
    turn.start()
    time.sleep(0.5)
    emergency = patient.say("i have crushing chest pain right now")
    assert emergency["kind"] == "emergency"
    if how is signal.SIGSTOP:
        os.kill(victim, signal.SIGKILL)
    turn.join(20)
    assert len(answers) == 1
    assert answers[0]["kind"] in ("fallback", "answer")
    assert closes(answers[0], fixed)
    wait_until_ready(axis)
    texts = [message["text"] for message in patient.get().json()["messages"] if message["role"] == "patient"]
    assert texts.count("how does clomid work in men") == 1
    after = patient.say("will clomid mess with my eyes")
    assert after["kind"] == "answer"
    assert closes(after, fixed)


def test_the_web_process_dies_and_what_was_answered_is_still_there(axis: Running) -> None:
    patient = Patient(axis.url)
    said = patient.say("what is clomid")
    os.kill(pids(axis.var)["web"], signal.SIGKILL)
    wait_until_ready(axis)
    assert patient.get().json()["messages"][-1]["id"] == said["id"]
