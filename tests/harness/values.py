"""Python values to and from messages: money as (minor units, currency), days as `2018-04-30`, times as microseconds."""

import datetime

from harness.protos import date_pb2, money_pb2, timestamp_pb2, v1

UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)
DIGITS = {"JPY": 0, "CLP": 0, "KRW": 0, "BHD": 3, "KWD": 3}


def micros(text):
    """Of `2018-04-30`, `2018-04-30T10:00` or `...:05.5`, UTC."""
    moment = datetime.datetime.fromisoformat(text).replace(tzinfo=UTC)
    return (moment - EPOCH) // datetime.timedelta(microseconds=1)


def text_of_micros(value):
    return (EPOCH + datetime.timedelta(microseconds=value)).isoformat()


def timestamp(value):
    return timestamp_pb2.Timestamp(seconds=value // 1000000, nanos=value % 1000000 * 1000)


def micros_of(stamp):
    return stamp.seconds * 1000000 + stamp.nanos // 1000


def money(minor, currency):
    unit = 10 ** DIGITS.get(currency, 2)
    sign = -1 if minor < 0 else 1
    return money_pb2.Money(currency_code=currency, units=sign * (abs(minor) // unit),
                           nanos=sign * (abs(minor) % unit) * (1000000000 // unit))


def minor_of(value):
    unit = 10 ** DIGITS.get(value.currency_code, 2)
    return value.units * unit + value.nanos // (1000000000 // unit) if value.nanos >= 0 else \
        value.units * unit - (-value.nanos) // (1000000000 // unit)


def date(text):
    year, month, day = map(int, text.split("-"))
    return date_pb2.Date(year=year, month=month, day=day)


def iso_of(value):
    return f"{value.year:04d}-{value.month:02d}-{value.day:02d}"


def date_or_time(value):
    """A day as text, an instant as microseconds."""
    return v1.DateOrTime(date=date(value)) if isinstance(value, str) else v1.DateOrTime(time=timestamp(value))


def as_of(value):
    """A position as a number; a time as ("time", day or microseconds)."""
    return v1.AsOf(time=date_or_time(value[1])) if isinstance(value, tuple) else v1.AsOf(position=value)


def ref(value):
    """A resource name, or an external id as (source, id)."""
    if isinstance(value, tuple):
        return v1.Ref(external=v1.ExternalId(source=value[0], id=value[1]))
    return v1.Ref(name=value)


_CONVERT = {
    "google.type.Money": lambda v: money(*v),
    "google.type.Date": date,
    "google.protobuf.Timestamp": timestamp,
    "recount.v1.Ref": ref,
    "recount.v1.DateOrTime": date_or_time,
    "recount.v1.AsOf": as_of,
    "recount.v1.ExternalId": lambda v: v1.ExternalId(source=v[0], id=v[1]),
}


def fill(message, **fields):
    """Sets fields from Python values; None leaves a field out."""
    for name, value in fields.items():
        if value is None:
            continue
        field = message.DESCRIPTOR.fields_by_name[name]
        convert = _CONVERT.get(field.message_type.full_name) if field.message_type else None
        is_map = field.message_type is not None and field.message_type.GetOptions().map_entry
        if is_map:
            getattr(message, name).update(value)
        elif field.label == field.LABEL_REPEATED:
            for item in value:
                _append(message, name, field, item, convert)
        elif field.message_type is None:
            setattr(message, name, value)
        else:
            _put(getattr(message, name), value, convert)
    return message


def _put(target, value, convert):
    target.SetInParent()
    if isinstance(value, dict):
        fill(target, **value)
    elif hasattr(value, "DESCRIPTOR"):
        target.CopyFrom(value)
    else:
        target.CopyFrom(convert(value))


def _append(message, name, field, item, convert):
    if field.message_type is None:
        getattr(message, name).append(item)
    else:
        _put(getattr(message, name).add(), item, convert)


def value_of(value):
    """A report's Value as a Python value; None: no value."""
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    inner = getattr(value, kind)
    if kind == "money":
        return (minor_of(inner), inner.currency_code)
    if kind == "ratio":
        return (inner.numerator, inner.denominator) + ((inner.currency,) if inner.currency else ())
    if kind == "time":
        return micros_of(inner)
    if kind == "date":
        return iso_of(inner)
    return inner
