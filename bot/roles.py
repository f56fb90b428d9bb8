"""What a member of staff may be; who may do what stands beside what is done."""

from enum import StrEnum


class Role(StrEnum):
    """What a member of staff may do."""

    FRONT_DESK = "front_desk"
    CLINICIAN = "clinician"
    AUTHOR = "author"
    REVIEWER = "reviewer"
    ADMIN = "admin"
