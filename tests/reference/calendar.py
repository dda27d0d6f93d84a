"""Days, months and periods of a zone."""

import datetime
import zoneinfo

UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DAY = datetime.date(1970, 1, 1)
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


def number_of(day):
    return (day - EPOCH_DAY).days


def period(text):
    """(first day, day after the last) of `2017`, `2017-Q2`, `2017-04`, `2017-04-30` or `A..B`; None: open."""
    if not text:
        return None, None
    if ".." in text:
        first, last = text.split("..")
        return (datetime.date.fromisoformat(first) if first else None,
                datetime.date.fromisoformat(last) + datetime.timedelta(days=1) if last else None)
    parts = text.split("-")
    year = int(parts[0])
    if len(parts) == 1:
        return datetime.date(year, 1, 1), datetime.date(year + 1, 1, 1)
    if parts[1].startswith("Q"):
        return _months(year, int(parts[1][1:]) * 3 - 2, 3)
    if len(parts) == 2:
        return _months(year, int(parts[1]), 1)
    day = datetime.date.fromisoformat(text)
    return day, day + datetime.timedelta(days=1)


def _months(year, month, count):
    after = month + count
    return datetime.date(year, month, 1), datetime.date(year + (after - 1) // 12, (after - 1) % 12 + 1, 1)
