"""Starts Rasa as Axis needs it: loopback, one worker, no HTTP API, errors that surface, and no patient's words in logs.

Run as `python -m bot.dialogue.server`; `axis run` does.
"""

import logging
import os
from collections.abc import Callable
from typing import Any

from jsonschema.validators import validator_for

from bot import log
from bot.settings import Settings


def main() -> None:
    """Serve the newest model until stopped."""
    os.environ["RASA_TELEMETRY_ENABLED"] = "false"
    settings = Settings.read()
    log.configure("rasa")

    from rasa.core.actions.action import RemoteAction  # noqa: PLC0415 - see the next line
    from rasa.core.agent import Agent  # noqa: PLC0415 - takes seconds, and must find logging configured
    from rasa.core.run import serve_application  # noqa: PLC0415
    from rasa.core.utils import AvailableEndpoints  # noqa: PLC0415

    Agent._create_tracker_store = staticmethod(_without_fallback)
    RemoteAction._validate_action_result = _prepared_check(RemoteAction.action_response_format_spec())
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


def _prepared_check(schema: dict[str, Any]) -> Callable[[object, dict[str, Any]], bool]:
    """Rasa's check of what an action answered, with its schema read once; Rasa reads and checks it for every answer.

    Measured: two thirds of the time of a turn.
    """
    validator = validator_for(schema)(schema)

    def check(_action: object, result: dict[str, Any]) -> bool:
        validator.validate(result)
        return True

    return check


if __name__ == "__main__":
    logging.captureWarnings(capture=True)
    main()
