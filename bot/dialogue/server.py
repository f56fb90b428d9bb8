"""Starts Rasa as Axis needs it: loopback, one worker, no HTTP API, errors that surface, and no patient's words in logs.

Run as `python -m bot.dialogue.server`; `axis run` does.
"""

import logging
import os

from bot import log
from bot.dialogue import without_tensorflow
from bot.settings import Settings


def main() -> None:
    """Serve the newest model until stopped."""
    os.environ["RASA_TELEMETRY_ENABLED"] = "false"
    settings = Settings.read()
    log.configure("rasa")
    without_tensorflow.keep_out()

    from rasa.core.run import serve_application  # noqa: PLC0415 - takes seconds, and must find logging configured
    from rasa.core.utils import AvailableEndpoints  # noqa: PLC0415

    from bot.dialogue import lean  # noqa: PLC0415

    lean.apply()
    os.environ["ACTIONS_URL"] = f"http://127.0.0.1:{settings.actions_port}/webhook"
    serve_application(
        model_path=str(settings.models_dir / "axis.tar.gz"),
        interface="127.0.0.1",
        port=settings.rasa_port,
        credentials="credentials.yml",
        endpoints=AvailableEndpoints.read_endpoints("endpoints.yml"),
        enable_api=False,
    )


if __name__ == "__main__":
    logging.captureWarnings(capture=True)
    main()
