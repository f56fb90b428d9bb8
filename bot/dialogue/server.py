"""Starts Rasa as Axis needs it: loopback, one worker, no HTTP API, errors that surface, and no patient's words in logs.

Run as `python -m bot.dialogue.server`; `axis run` does.
"""

import logging
import os
from collections.abc import Callable
from typing import Any

from bot import log
from bot.dialogue import without_tensorflow
from bot.settings import Settings

LAST_EVENTS = 20
"""Events that an action is given: those of the present turn and some before it."""


def main() -> None:
    """Serve the newest model until stopped."""
    os.environ["RASA_TELEMETRY_ENABLED"] = "false"
    settings = Settings.read()
    log.configure("rasa")
    without_tensorflow.keep_out()

    from rasa.core.actions.action import RemoteAction  # noqa: PLC0415 - see the next line
    from rasa.core.agent import Agent  # noqa: PLC0415 - takes seconds, and must find logging configured
    from rasa.core.run import serve_application  # noqa: PLC0415
    from rasa.core.utils import AvailableEndpoints  # noqa: PLC0415

    Agent._create_tracker_store = staticmethod(_without_fallback)
    RemoteAction._validate_action_result = _is_action_result
    RemoteAction._action_call_format = _lean_call(RemoteAction._action_call_format)
    os.environ["ACTIONS_URL"] = f"http://127.0.0.1:{settings.actions_port}/webhook"
    serve_application(
        model_path=str(settings.models_dir / "axis.tar.gz"),
        interface="127.0.0.1",
        port=settings.rasa_port,
        credentials="credentials.yml",
        endpoints=AvailableEndpoints.read_endpoints("endpoints.yml"),
        enable_api=False,
    )


def _without_fallback(store: object, domain: object) -> object:
    """The tracker store as it is; Rasa would wrap it in one that forgets the conversation when the database is down."""
    store.domain = domain  # type: ignore[attr-defined]
    return store


def _is_action_result(_action: object, result: dict[str, Any]) -> bool:
    """Whether an action's answer has the form it must have; Rasa reads a JSON schema anew for every answer.

    Measured: the schema took two thirds of the time of a turn. Each event is checked when it is read, right after.

    Raises:
        ValueError: it has another form.
    """
    if not all(isinstance(result.get(name, []), list) for name in ("events", "responses")):
        raise ValueError("the action server's answer has another form")
    return True


def _lean_call(whole: Callable[[object, Any, Any], dict[str, Any]]) -> Callable[[object, Any, Any], dict[str, Any]]:
    """Rasa's call of an action with the last events only: all of them would make each turn slower than the last."""

    def call(action: object, tracker: Any, domain: Any) -> dict[str, Any]:
        body = whole(action, tracker, domain)
        body["tracker"]["events"] = body["tracker"]["events"][-LAST_EVENTS:]
        return body

    return call


if __name__ == "__main__":
    logging.captureWarnings(capture=True)
    main()
