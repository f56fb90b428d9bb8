"""What Messenger and WhatsApp share, both being Meta's: its errors. Pure."""

from pydantic import BaseModel, ValidationError

from bot.gateway.channel import Answer, Fate, Verdict, judge_by_status

PASSING = frozenset({1, 2, 4, 17, 32, 341, 613, 80006, 80007, 130429, 131000, 131016, 131048, 131056, 133004})
"""Codes of errors that pass: busy, down, or too many calls. Source: the error pages of the Graph and Cloud APIs."""


class _Error(BaseModel):
    code: int = 0
    is_transient: bool = False


class _Refusal(BaseModel):
    error: _Error = _Error()


def judge(answer: Answer) -> Verdict:
    """By the HTTP status, but for limits and outages, which Meta also reports as 400 or 403."""
    verdict = judge_by_status(answer)
    if verdict.fate is not Fate.REFUSED:
        return verdict
    try:
        error = _Refusal.model_validate_json(answer.body).error
    except ValidationError:
        return verdict
    return Verdict(Fate.LATER) if error.is_transient or error.code in PASSING else verdict
