"""A patient's question without what tells who asked it: names, telephones, addresses, dates, numbers. Pure.

It errs on the side of leaving out: a gap in the texts is found as well without a number.
"""

import re

_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), "[email]"),
    (re.compile(r"\b(?:https?://|www\.)\S+", re.IGNORECASE), "[link]"),
    (re.compile(r"(?<!\w)@\w{2,}"), "[name]"),
    (re.compile(r"\b\d{1,4}[./-]\d{1,2}[./-]\d{1,4}\b"), "[date]"),
    (
        re.compile(
            r"\b\d{1,2}(?:st|nd|rd|th)?\s+(?:of\s+)?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
            r"(?:,?\s+\d{2,4})?\b|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s+\d{1,2}"
            r"(?:st|nd|rd|th)?(?:,?\s+\d{2,4})?\b",
            re.IGNORECASE,
        ),
        "[date]",
    ),
    (re.compile(r"(?<!\w)\+?\(?\d[\d\s().-]{5,}\d\b"), "[number]"),
    (re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]?\s*\d[A-Z]{2}\b"), "[place]"),
    (
        re.compile(
            r"\b((?:my|his|her|their)\s+(?:full\s+|first\s+|last\s+)?name(?:'s|\s+is)|name:|i\s+am\s+called|i'm\s+called|"
            r"call\s+me|signed,?|regards,?)\s+([A-Za-z'\u2019-]+(?:\s+[A-Z][A-Za-z'\u2019-]+){0,2})",
            re.IGNORECASE,
        ),
        r"\1 [name]",
    ),
    (
        re.compile(r"\b(Mr|Mrs|Ms|Miss|Mx|Dr|Doctor|Prof|Nurse)\.?\s+[A-Z][\w'\u2019-]+(?:\s+[A-Z][\w'\u2019-]+)?"),
        r"\1 [name]",
    ),
    (
        re.compile(
            r"\b(I'm|I\s+am|this\s+is|it's|hi,?|hello,?|thanks,?|cheers,?|wife|husband|partner|girlfriend|boyfriend|son|"
            r"daughter|brother|sister|friend)\s+(?!I\b|Axis\b|[A-Z]{2,}\b)[A-Z][a-z'\u2019-]{2,}(?:\s+[A-Z][a-z'\u2019-]+)?(?=$|[\s,.;:!?])"
        ),
        r"\1 [name]",
    ),
    (re.compile(r"\b(?:19|20)\d{2}\b"), "[year]"),
    (re.compile(r"\b\d{5,}\b"), "[number]"),
)

LONGEST = 1000


def redact(text: str) -> str:
    """The text without names, telephones, emails, dates and long numbers, at most 1,000 characters."""
    for pattern, mark in _RULES:
        text = pattern.sub(mark, text)
    return text[:LONGEST]
