"""Bad requests made from good ones by what the descriptors say: too long, unknown enum, wrong money, no such record ...

Each mutation is (name, request, statuses that are right, reasons that are right).
"""

import copy

from harness.protos import v1

DEFAULT_TEXT, DEFAULT_LIST = 1024, 100
NOWHERE = "nowhere-to-be-found"


def _copy(request):
    return copy.deepcopy(request)


def limit_of(field):
    maximum = field.GetOptions().Extensions[v1.max]
    return maximum or (DEFAULT_LIST if field.label == field.LABEL_REPEATED else DEFAULT_TEXT)


def places(message, path=()):
    """(path to the holder, field) of every field of a message and of the messages set inside it."""
    for field in message.DESCRIPTOR.fields:
        yield path, field
        if field.message_type and field.message_type.full_name.startswith("recount.v1.") and \
                not field.message_type.GetOptions().map_entry:
            if field.label == field.LABEL_REPEATED:
                for index, inner in enumerate(getattr(message, field.name)):
                    yield from places(inner, path + ((field.name, index),))
            elif message.HasField(field.name):
                yield from places(getattr(message, field.name), path + ((field.name, None),))


def holder(message, path):
    for name, index in path:
        message = getattr(message, name) if index is None else getattr(message, name)[index]
    return message


def _changed(request, path, change):
    result = _copy(request)
    change(holder(result, path))
    return result


def _name(path, field):
    return ".".join([name for name, _ in path] + [field.name])


def too_long(request):
    """Every text and every list, one byte or element over its limit."""
    for path, field in places(request):
        limit = limit_of(field)
        if field.containing_oneof is not None and not holder(request, path).HasField(field.name):
            continue  # setting it would unset what makes the request good
        if field.label == field.LABEL_REPEATED:
            if field.message_type and field.message_type.GetOptions().map_entry:
                continue

            def grow(message, field=field, limit=limit):
                values = getattr(message, field.name)
                while len(values) <= limit:
                    values.add() if field.message_type else values.append(1 if field.cpp_type != field.CPPTYPE_STRING else "x")
            if limit <= 1000:
                yield "too many " + _name(path, field), _changed(request, path, grow), ("INVALID_ARGUMENT",), ("FIELD_TOO_LONG",)
        elif field.cpp_type == field.CPPTYPE_STRING:
            def stretch(message, field=field, limit=limit):
                setattr(message, field.name, "x" * (limit + 1))
            yield "too long " + _name(path, field), _changed(request, path, stretch), ("INVALID_ARGUMENT",), ("FIELD_TOO_LONG",)


def unknown_enums(request):
    for path, field in places(request):
        if field.enum_type is None:
            continue

        def spoil(message, field=field):
            if field.label == field.LABEL_REPEATED:
                getattr(message, field.name).append(4711)
            else:
                setattr(message, field.name, 4711)
        yield "unknown enum " + _name(path, field), _changed(request, path, spoil), ("INVALID_ARGUMENT",), ("UNKNOWN_ENUM_VALUE",)


def wrong_money(request):
    for path, field in places(request):
        if field.message_type is None or field.message_type.full_name != "google.type.Money":
            continue
        if field.label == field.LABEL_REPEATED or not holder(request, path).HasField(field.name):
            continue
        for what, values, reasons in (("unknown currency", {"currency_code": "XQX", "units": 1}, ("CURRENCY_INVALID", "UNKNOWN_CURRENCY")),
                                      ("no currency", {"currency_code": "", "units": 1}, ("CURRENCY_INVALID", "UNKNOWN_CURRENCY")),
                                      ("finer than a cent", {"currency_code": "USD", "nanos": 1}, ("CURRENCY_INVALID",)),
                                      ("below zero", {"currency_code": "USD", "units": -5}, ("AMOUNT_INVALID",)),
                                      ("signs that differ", {"currency_code": "USD", "units": 1, "nanos": -10000000}, ("AMOUNT_INVALID",)),
                                      ("too large", {"currency_code": "USD", "units": 9223372036854775807}, ("AMOUNT_INVALID",))):
            def spoil(message, field=field, values=values):
                money = getattr(message, field.name)
                money.Clear()
                for key, value in values.items():
                    setattr(money, key, value)
                money.SetInParent()
            yield f"{what} in {_name(path, field)}", _changed(request, path, spoil), ("INVALID_ARGUMENT",), reasons


def wrong_dates(request):
    for path, field in places(request):
        if field.message_type is None or field.message_type.full_name != "google.type.Date" or field.label == field.LABEL_REPEATED:
            continue
        if not holder(request, path).HasField(field.name):
            continue

        def spoil(message, field=field):
            date = getattr(message, field.name)
            date.year, date.month, date.day = 2023, 2, 30
        yield "30 February in " + _name(path, field), _changed(request, path, spoil), ("INVALID_ARGUMENT",), ("FIELD_INVALID", "RULE_INVALID")


def refs(request):
    for path, field in places(request):
        if field.message_type is not None and field.message_type.full_name == "recount.v1.Ref":
            yield path, field


def wrong_references(request, foreign_names):
    """No such record, a record of another tenant, a record of another type, an external id that nobody has."""
    for path, field in refs(request):
        if field.label == field.LABEL_REPEATED:
            present = list(getattr(holder(request, path), field.name))
            collection = present[0].name.split("/")[0] if present else None
        else:
            value = getattr(holder(request, path), field.name)
            collection = value.name.split("/")[0] if holder(request, path).HasField(field.name) else None
        if not collection:
            continue
        wrong = [("no such", v1.Ref(name=f"{collection}/{NOWHERE}")),
                 ("another tenant's", v1.Ref(name=foreign_names[collection])),
                 ("unknown external", v1.Ref(external=v1.ExternalId(source="crm", id=NOWHERE)))]
        for what, value in wrong:
            def spoil(message, field=field, value=value, index=path):
                if field.label == field.LABEL_REPEATED:
                    getattr(message, field.name)[0].CopyFrom(value)
                else:
                    getattr(message, field.name).CopyFrom(value)
            yield (f"{what} record in {_name(path, field)}", _changed(request, path, spoil), ("NOT_FOUND",), ("RECORD_NOT_FOUND",))

        def confuse(message, field=field, value=v1.Ref(name="nothings/1")):
            target = getattr(message, field.name)
            (target[0] if field.label == field.LABEL_REPEATED else target).CopyFrom(value)
        yield (f"no resource name in {_name(path, field)}", _changed(request, path, confuse), ("NOT_FOUND", "INVALID_ARGUMENT"),
               ("RECORD_NOT_FOUND", "FIELD_INVALID"))


def wrong_times(request, future):
    if not request.DESCRIPTOR.fields_by_name.get("header"):
        return
    late = _copy(request)
    late.header.occurred.time.CopyFrom(future)
    yield "a time in the future", late, ("INVALID_ARGUMENT",), ("OCCURRED_IN_FUTURE",)
    if request.header.HasField("occurred") or True:
        bad = _copy(request)
        bad.header.occurred.date.year, bad.header.occurred.date.month, bad.header.occurred.date.day = 2023, 13, 1
        yield "a month 13", bad, ("INVALID_ARGUMENT",), ("FIELD_INVALID",)


def wrong_revision(request):
    if request.DESCRIPTOR.fields_by_name.get("header"):
        bad = _copy(request)
        bad.header.expected_revision = 987654
        yield "a revision that is not", bad, ("ABORTED",), ("REVISION_MISMATCH",)


def wrong_page_tokens(request):
    for name in ("page_token", "cell_id"):
        if name in request.DESCRIPTOR.fields_by_name:
            for garbage in ("garbage", "AAAA", "e30=", "\u05d0\u05d1"):
                bad = _copy(request)
                setattr(bad, name, garbage)
                yield f"{name} {garbage!r}", bad, ("INVALID_ARGUMENT",), ("TOKEN_INVALID", "PAGE_TOKEN_MISMATCH")
