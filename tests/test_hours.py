"""Opening hours: days when the clocks change, breaks, holidays, and what must hold for any hours at all."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.hours import WEEKDAYS, Holiday, Hours, span
from bot.settings import Settings
from bot.words import Words, load_clinic, load_words

BERLIN = ZoneInfo("Europe/Berlin")
HOURS = Hours(
    zone="Europe/Berlin",
    week={**{day: ["08:00-12:00", "13:00-17:00"] for day in WEEKDAYS[:5]}, "sunday": ["01:00-04:00"]},
    holidays=[
        Holiday(on=date(2026, 12, 24), name="Christmas Eve", hours=["08:00-12:00"]),
        Holiday(on=date(2026, 12, 25), name="Christmas Day"),
    ],
)


def berlin(*parts: int, fold: int = 0) -> datetime:
    return datetime(*parts, tzinfo=BERLIN, fold=fold)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("at", "wanted"),
    [
        (berlin(2026, 11, 23, 7, 59, 59), False),
        (berlin(2026, 11, 23, 8), True),
        (berlin(2026, 11, 23, 12), False),  # the break begins
        (berlin(2026, 11, 23, 12, 30), False),
        (berlin(2026, 11, 23, 13), True),
        (berlin(2026, 11, 23, 17), False),
        (berlin(2026, 11, 21, 10), False),  # a Saturday
        (berlin(2026, 12, 24, 11), True),
        (berlin(2026, 12, 24, 14), False),
        (berlin(2026, 12, 25, 10), False),
    ],
)
def test_the_clinic_is_open_within_its_spans(at: datetime, wanted: bool) -> None:
    assert HOURS.is_open(at) is wanted


def test_after_the_break_comes_the_afternoon_and_after_friday_sunday() -> None:
    assert HOURS.next_opening(berlin(2026, 11, 23, 12, 30)) == berlin(2026, 11, 23, 13)
    assert HOURS.next_opening(berlin(2026, 11, 27, 17)) == berlin(2026, 11, 29, 1)


def test_a_holiday_is_skipped() -> None:
    assert HOURS.next_opening(berlin(2026, 12, 24, 12)) == berlin(2026, 12, 27, 1)


def test_who_never_opens_has_no_next_opening() -> None:
    never = Hours(zone="UTC", week={})
    assert never.next_opening(datetime(2026, 1, 1, tzinfo=UTC)) is None
    assert never.after_working(datetime(2026, 1, 1, tzinfo=UTC), 60) is None


def test_a_day_with_a_break_has_eight_working_hours() -> None:
    assert HOURS.working_seconds(berlin(2026, 11, 23), berlin(2026, 11, 24)) == 8 * 3600


def test_an_hour_that_is_left_out_in_spring_is_not_worked() -> None:
    """On 29 March 2026 the clocks go from 2:00 to 3:00: 1:00 to 4:00 are two hours."""
    assert HOURS.working_seconds(berlin(2026, 3, 29), berlin(2026, 3, 30)) == 2 * 3600


def test_an_hour_that_comes_twice_in_autumn_is_worked_twice() -> None:
    """On 25 October 2026 the clocks go from 3:00 to 2:00: 1:00 to 4:00 are four hours."""
    assert HOURS.working_seconds(berlin(2026, 10, 25), berlin(2026, 10, 26)) == 4 * 3600
    assert HOURS.is_open(berlin(2026, 10, 25, 2, 30))
    assert HOURS.is_open(berlin(2026, 10, 25, 2, 30, fold=1))


def test_a_span_may_end_at_midnight_and_go_on_the_next_day() -> None:
    around = Hours(zone="UTC", week={"monday": ["20:00-24:00"], "tuesday": ["00:00-02:00"]})
    monday = datetime(2026, 11, 23, tzinfo=UTC)
    assert around.working_seconds(monday, monday + timedelta(days=2)) == 6 * 3600
    assert around.next_opening(monday + timedelta(hours=21)) == monday + timedelta(days=7, hours=20)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"zone": "Mars/Olympus", "week": {}}, "IANA"),
        ({"zone": "UTC", "week": {"moonday": []}}, "no weekday"),
        ({"zone": "UTC", "week": {"monday": ["9-5"]}}, "not a span"),
        ({"zone": "UTC", "week": {"monday": ["17:00-08:00"]}}, "ends before"),
        ({"zone": "UTC", "week": {"monday": ["08:00-25:00"]}}, "no clock"),
        ({"zone": "UTC", "week": {"monday": ["08:00-12:00", "11:00-13:00"]}}, "overlap"),
        (
            {
                "zone": "UTC",
                "week": {},
                "holidays": [{"on": "2026-12-25", "name": "a"}, {"on": "2026-12-25", "name": "b"}],
            },
            "stands twice",
        ),
    ],
)
def test_hours_that_make_no_sense_are_refused_in_words(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Hours.model_validate(wrong)


_ENDS = st.lists(st.integers(0, 288), min_size=0, max_size=6, unique=True).map(sorted)
_SPANS = _ENDS.map(
    lambda ends: [
        f"{a // 12:02d}:{a % 12 * 5:02d}-{b // 12:02d}:{b % 12 * 5:02d}"
        for a, b in zip(ends[::2], ends[1::2], strict=False)
    ]
)
_ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"])
_INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))
_HOURS = st.builds(
    Hours,
    zone=_ZONES,
    week=st.fixed_dictionaries(dict.fromkeys(WEEKDAYS, _SPANS)),
    holidays=st.lists(
        st.builds(Holiday, on=st.dates(date(2026, 1, 1), date(2027, 12, 31)), name=st.just("a"), hours=_SPANS),
        max_size=3,
        unique_by=lambda one: one.on,
    ),
)


@given(_HOURS, _INSTANTS, st.timedeltas(timedelta(0), timedelta(days=5)), st.floats(0, 1))
def test_working_time_is_the_sum_of_its_parts_and_never_more_than_time(
    hours: Hours, start: datetime, length: timedelta, share: float
) -> None:
    end, middle = start + length, start + length * share
    whole = hours.working_seconds(start, end)
    assert 0 <= whole <= length.total_seconds() + 1e-6
    parts = hours.working_seconds(start, middle) + hours.working_seconds(middle, end)
    assert parts == pytest.approx(whole)


@given(_HOURS, _INSTANTS)
def test_until_the_next_opening_a_closed_clinic_stays_closed(hours: Hours, at: datetime) -> None:
    opening = hours.next_opening(at)
    if opening is None:
        return
    assert opening >= at
    assert hours.is_open(opening)
    if not hours.is_open(at):
        assert hours.working_seconds(at, opening) == 0


@given(_HOURS, _INSTANTS, st.integers(1, 200_000))
def test_so_much_working_time_has_passed_when_it_is_due(hours: Hours, start: datetime, seconds: int) -> None:
    due = hours.after_working(start, seconds)
    if due is not None:
        assert hours.working_seconds(start, due) == pytest.approx(seconds)


@given(_HOURS, _INSTANTS)
def test_open_means_that_time_is_being_worked(hours: Hours, at: datetime) -> None:
    """Every span begins and ends on a whole minute of time, in every zone that the test draws from."""
    minute = at.replace(second=0, microsecond=0)
    worked = hours.working_seconds(minute, minute + timedelta(minutes=1))
    assert worked == (60 if hours.is_open(minute) else 0)


@given(st.text(max_size=20))
def test_a_span_is_read_or_refused(text: str) -> None:
    try:
        opens, closes = span(text)
    except ValueError:
        return
    assert 0 <= opens < closes <= 24 * 60


@pytest.fixture(scope="module")
def words() -> Words:
    settings = Settings()
    clinic = load_clinic(settings.data_dir / "clinic.yml")
    return load_words(settings.language_dir / "replies.yml", clinic, emergency_number="911", page="/")


def test_the_hours_are_said_in_words(words: Words) -> None:
    lines = [(line.days, line.hours) for line in words.opening_hours(HOURS)]
    assert lines == [
        ("Monday to Friday", "8:00 am to 12:00 pm, 1:00 pm to 5:00 pm"),
        ("Saturday", "closed"),
        ("Sunday", "1:00 am to 4:00 am"),
    ]
    coming = words.holidays(HOURS, now=berlin(2026, 12, 25, 23))
    assert [(line.days, line.hours) for line in coming] == [("Christmas Day, 25 December 2026", "closed")]
    assert words.opens(HOURS, berlin(2026, 11, 23, 13)) == "1:00 pm on Monday 23 November"
