"""The ids that staff read as words, for the translator: the filter `words` (`bot.desk.screen`) shows `same_day` as the
translation of "Same day". A test holds that every id is here.
"""

from bot.translation import later

NAMES = (
    # How urgent a request is.
    later("Emergency"), later("Same day"), later("Soon"), later("Routine"),
    # Where a request stands.
    later("New"), later("Claimed"), later("Waiting for patient"), later("Snoozed"), later("Resolved"),
    later("Reopened"),
    # What happened to it.
    later("Opened"), later("More urgent"), later("Assigned"), later("Urgency"), later("Labels"), later("Note"),
    # Roles of staff.
    later("Front desk"), later("Clinician"), later("Author"), later("Reviewer"), later("Admin"),
    # Levels of a red flag, beside emergency.
    later("Crisis"), later("Urgent"),
    # Levels of a text.
    later("Plain"), later("Detail"), later("Science"),
    # Kinds of topics.
    later("Basics"), later("Mechanism"), later("Therapy"), later("Side effects"), later("Comparison"),
    later("Suitability"), later("Monitoring"), later("Long term"), later("Lab"), later("Symptom"), later("Goal"),
    later("Condition"), later("Recovery"), later("Practical"),
    # Kinds of other texts.
    later("Refusal"), later("Closing"), later("Advice"), later("Fallback"), later("Glossary"), later("Words"),
    # Where a revision stands.
    later("Draft"), later("In review"), later("Approved"), later("Withdrawn"), later("Retired"),
    # Kinds of replies, beside those above.
    later("Answer"), later("Clarification"), later("Form"), later("Handoff"), later("Smalltalk"),
    # Days.
    later("Monday"), later("Tuesday"), later("Wednesday"), later("Thursday"), later("Friday"), later("Saturday"),
    later("Sunday"),
    # Channels.
    later("Web"), later("Phone"), later("Sms"), later("Whatsapp"), later("Telegram"), later("Messenger"),
    later("Slack"), later("Twilio"),
    # Why a question is kept.
    later("Unanswered"), later("Asked back"), later("Withheld"),
    # Why a task is open, beside withdrawn.
    later("Review overdue"), later("Asked for while held back"),
    # What differs between two revisions, beside texts and closing.
    later("Title"), later("Button"), later("Kind"), later("Audience"), later("Tags"), later("Related"),
    later("Questions"), later("Sources"), later("Evidence"),
)  # fmt: skip
