"""Days, months and periods of a zone."""

import datetime
import zoneinfo

UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = datetime.timedelta(microseconds=1)


class Calendar:
    def __init__(self, zone, week_start=1, fiscal_start=1, working_days=(), holidays=()):
        self.zone = zoneinfo.ZoneInfo(zone)
        self.week_start = week_start or 1
        self.fiscal_start = fiscal_start or 1
        self.working_days = set(working_days) or {1, 2, 3, 4, 5}
        self.holidays = set(holidays)

    def day_of(self, micros):
        """The local day (datetime.date) that holds an instant."""
        return (EPOCH + datetime.timedelta(microseconds=micros)).astimezone(self.zone).date()

    def start_of(self, day):
        """First instant of a local day: the zone's offset may have changed since the day before."""
        naive = datetime.datetime.combine(day, datetime.time())
        first = min((naive.replace(tzinfo=self.zone, fold=fold).astimezone(UTC) for fold in (0, 1)))
        micros = (first - EPOCH) // MICROSECOND
        while self.day_of(micros) < day:  # midnight itself was skipped
            micros += 1800 * 1000000
        return micros

    def end_of(self, day):
        return self.start_of(day + datetime.timedelta(days=1))

    def days_between(self, start, end):
        return (self.day_of(end) - self.day_of(start)).days

    def month(self, day):
        return day.replace(day=1)

    def quarter(self, day):
        return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)

    def year(self, day):
        return day.replace(month=1, day=1)

    def week(self, day):
        return day - datetime.timedelta(days=(day.isoweekday() - self.week_start) % 7)


def working_days(calendar, first, after):
    """The working days of [first, after)."""
    days = (first + datetime.timedelta(days=i) for i in range((after - first).days))
    return [day for day in days if day.isoweekday() in calendar.working_days and day not in calendar.holidays]


# ---- Periods ----


def period(text, calendar):
    """(first day, day after the last) of `2017`, `2017-Q2`, `2017-04`, `2017-W14`, `2017-04-30`, `FY2017`, `FY2017-Q1` or `A..B`; None:
    open."""
    if not text:
        return None, None
    if ".." in text:
        first, last = text.split("..")
        return period(first, calendar)[0], period(last, calendar)[1]
    kind, parts = kind_of(text), text.removeprefix("FY").split("-")
    start = datetime.date(int(parts[0]), calendar.fiscal_start if text.startswith("FY") else 1, 1)
    if kind == "week":
        start = calendar.week(datetime.date(int(parts[0]), 1, 4)) + datetime.timedelta(weeks=int(parts[1][1:]) - 1)
    elif kind == "quarter":
        start = _months_later(start, int(parts[1][1:]) * 3 - 3)
    elif kind in ("month", "day"):
        start = datetime.date(int(parts[0]), int(parts[1]), int(parts[2]) if kind == "day" else 1)
    return start, _later(start, kind, 1)


def kind_of(text):
    parts = text.split("-")
    if len(parts) == 3:
        return "day"
    return "year" if len(parts) == 1 else {"Q": "quarter", "W": "week"}.get(parts[1][0], "month")


def period_before(text, calendar):
    """The one before of the same kind; of days that are whole months: as many months before; of other days: as many days before.
    None: a period that is open has none."""
    first, after = period(text, calendar)
    if first is None or after is None:
        return None
    if ".." in text:
        if first.day == 1 and after.day == 1:
            return _months_later(first, (first.year - after.year) * 12 + first.month - after.month), first
        return first - (after - first), first
    return _later(first, kind_of(text), -1), first


def _later(start, kind, count):
    months = {"year": 12, "quarter": 3, "month": 1}.get(kind)
    return _months_later(start, months * count) if months else start + datetime.timedelta(days=count * (7 if kind == "week" else 1))


def _months_later(day, count):
    month = day.year * 12 + day.month - 1 + count
    return datetime.date(month // 12, month % 12 + 1, 1)
