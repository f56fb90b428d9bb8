"""Starts the action server on loopback: `python -m actions`; `axis run` does."""

from rasa_sdk.endpoint import create_app

from actions.shop import shop
from bot import log
from bot.settings import Settings


def main() -> None:
    """Serve until stopped."""
    log.configure("actions")
    settings = Settings.read()
    shop().refresh()  # the first patient should not wait for it
    app = create_app("actions", cors_origins=[])
    app.run("127.0.0.1", settings.actions_port, workers=1, access_log=False)


if __name__ == "__main__":
    main()
