"""Starts the action server on loopback: `python -m actions`; `axis run` does."""

import gc

from rasa_sdk.endpoint import create_app

from actions import search
from actions.shop import shop
from bot import log
from bot.settings import Settings


def main() -> None:
    """Serve until stopped."""
    log.configure("actions")
    settings = Settings.read()
    shop().refresh()  # the first patient should not wait for it
    app = create_app("actions", cors_origins=[])
    search.serve(app, shop(), settings.internal_secret.get_secret_value())
    gc.collect()
    gc.freeze()  # texts and vectors live as long as the process: looking through them for garbage only costs time
    app.run("127.0.0.1", settings.actions_port, workers=1, access_log=False)


if __name__ == "__main__":
    main()
