"""Where nets may speak against a rule, and how sure they must be (docs/decisions/0020-a-second-opinion.md). Pure."""

from bot.safety.red_flags import Level, RedFlags, hear
from bot.safety.text import PAUSE, STOP, words

ASKED = 0.5
"""Probability of danger by the spare net below which the dialogue is asked about an alarm of the rules."""
DOUBTED = {Level.EMERGENCY: 0.1, Level.CRISIS: 0.05, Level.URGENT: 0.1}
"""Probability of danger by the second net below which it speaks against a rule of this level."""
PLAINLY = 0.1
"""What that is multiplied by where a drug and a symptom were named, or that it is happening now."""
BRIEFLY = 0.1
"""What it is multiplied by in a message of few words, which hold little that could speak against a rule."""
FEWEST, FEW, MOST = 3, 8, 60
"""Words from which a net may think otherwise, from which they are not few, and above which it has not read them all."""


def doubted_below(text: str, *, rules: RedFlags, named: frozenset[str] = frozenset()) -> float:
    """How sure a net that has read this message alone must be to speak against what the rules found in it.

    Of very many words a net sees the beginning, of few there is little to see, of a pair that was told in two messages
    a half; where a rule had to guess a misspelt word, the nets have seen less than it has.

    Args:
        text: as the patient typed it.
        rules: what was looked for.
        named: ids of the drugs that this patient has named before.

    Returns:
        The probability of danger below which it may; 0 if no net may.

    Source: docs/decisions/0020-a-second-opinion.md.
    """
    spoken = [word for word in words(text) if word.text not in (PAUSE, STOP)]
    found = hear(text, rules=rules, named=named).alarms
    alone = found if not named else hear(text, rules=rules).alarms
    beyond = rules.beyond_nets | {one.rule for one in found} - {one.rule for one in alone}
    if not FEWEST <= len(spoken) <= MOST or any(one.misspelt or one.rule in beyond for one in found):
        return 0.0
    plainly = rules.scopes.says_now(spoken) or any(one.rule in rules.pairs for one in found)
    surer = (PLAINLY if plainly else 1.0) * (BRIEFLY if len(spoken) < FEW else 1.0)
    return min((DOUBTED[one.level] for one in found), default=0.0) * surer
