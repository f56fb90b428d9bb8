"""What a patient hopes for with children: now, soon, later, as an option, or not. Pure, but for `load`."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from bot.datafile import checked, read_yaml
from bot.safety.matching import Matcher
from bot.safety.text import words

_ABOUT = "about children"


class Goal(BaseModel):
    """One goal: its id, the words that name it, and the topic that is shown when it is chosen."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str
    phrases: list[str]
    topic: str


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    about: list[str]
    goals: list[Goal]


class Goals:
    """The goals of data/<language>/goals.yml, in the order in which they are looked for.

    Args:
        goals: the file's goals.
        about: words of children, one of which stands beside a goal.
    """

    def __init__(self, goals: list[Goal], about: list[str]) -> None:
        self.by_id = {goal.id: goal for goal in goals}
        self._matcher = Matcher({**{goal.id: goal.phrases for goal in goals}, _ABOUT: about})

    def find(self, text: str, *, asked: bool = False) -> str | None:
        """The id of the goal that a text names, if it names one.

        Args:
            text: as typed.
            asked: it answers the question about children, so that it need not name them.
        """
        hits = self._matcher.hits(words(text))
        if not asked and not hits.get(_ABOUT):
            return None
        return next((name for name in self.by_id if hits.get(name)), None)


def load(path: Path) -> Goals:
    """Read data/<language>/goals.yml.

    Raises:
        DataError: it is missing or does not fit.
    """
    file = checked(_File, read_yaml(path), path=path)
    return Goals(file.goals, file.about)
