#!/usr/bin/python3
"""Writes the first inputs of the fuzz targets that read bytes: real encodings, into tests/fuzz/corpus. Run it again when a format
changes; inputs that once made a target fail stay. Texts (filters, definitions, CSV, mappings) are written by hand there.

A target takes numbers from the end of its input and texts from its beginning (FuzzedDataProvider), so that each input here is the
seed of the damage, the encoding, and the choices.
"""

import os
import struct
import sys

FOLDER = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(FOLDER))

from harness.protos import storage, v1  # noqa: E402
from google.rpc import error_details_pb2, status_pb2  # noqa: E402  (found by harness.protos)

SEED = b"\x01\x02\x03\x04"  # of the damage


def put(target, name, content):
    folder = os.path.join(FOLDER, "corpus", target)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as file:
        file.write(content)


def person():
    made = v1.Person()
    made.info.name = "persons/4711"
    made.person_name.given, made.person_name.family = "Zebulon", "Quartermain"
    made.phones.add(raw="+972 3 555 0100")
    made.emails.add(raw="zebulon@example.org")
    made.birth_date.year = 1970
    made.info.personal_fields["nickname"].text = "Zebby"
    made.info.fields["segment"].text = "gold"
    return made


def commit(position, events):
    record = storage.CommitRecord(format=1, first_position=position, recorded_micros=1700000000000000, actor="users/ann",
                                  request_id="form-1", command_hash=b"h" * 32, answer_name="leads/1")
    for i in range(events):
        record.events.add(stream="leads/1", revision=i + 1, type=1 << 16 | 1, occurred_micros=1700000000000000, precision=1,
                          schema_version=1, payload=b"\x0a\x03abc")
    record.claims.add(key="leads/external/web/1", stream="leads/1")
    return record.SerializeToString()


def capture():
    command = v1.Command()
    lead = command.capture_lead
    lead.header.request_id = "form-4711"
    lead.header.correlation_id = "mail-1"
    lead.person_name.display = "רות כהן"
    lead.phones.add(raw="0176 1234567")
    lead.emails.add(raw="Ruth@Example.com")
    lead.external_ids.add(source="web", id="1")
    lead.source.id = "web_form"
    return command


def deal():
    command = v1.Command()
    made = command.create_deal
    made.title = "Pumps"
    made.header.occurred.date.year, made.header.occurred.date.month, made.header.occurred.date.day = 2023, 5, 1
    made.value.currency_code, made.value.units, made.value.nanos = "EUR", 1200, 500000000
    return command


def commits():
    put("eventstore_commit_codec_fuzz", "first", SEED + commit(1, 1))
    put("eventstore_commit_codec_fuzz", "later", SEED + commit(12345, 3))
    put("eventstore_commit_codec_fuzz", "empty", SEED + storage.CommitRecord(first_position=1).SerializeToString())
    records = [commit(101, 1), commit(102, 2)]
    pack = struct.pack(">QQI", 5, 77, len(records)) + b"p" * 32
    pack += b"".join(struct.pack(">II", i + 1, len(record)) for i, record in enumerate(records))
    pack += b"".join(bytes([i]) * 32 for i in range(len(records))) + b"".join(records)
    put("eventstore_log_pack_fuzz", "two", SEED + pack)
    put("eventstore_rocksdb_layout_fuzz", "request", struct.pack(">QQqH", 1, 2, 1700000000000000, 4) + b"hashleads/1")
    put("eventstore_rocksdb_layout_fuzz", "watermark", struct.pack(">Qq", 7, 1700000000000000) + b"w" * 32)
    put("eventstore_rocksdb_layout_fuzz", "log_key", struct.pack(">IQ", 7, 101))
    put("eventstore_rocksdb_layout_fuzz", "number", struct.pack(">Q", 7))
    put("eventstore_sealing_fuzz", "person", SEED + person().SerializeToString())
    event = storage.StoredEvent(stream="persons/4711", type=3 << 16 | 1, revision=1, payload=b"\x0a\x03abc")
    event.sealed.add(key_id="subjects/1", nonce=b"n" * 24, ciphertext=b"c" * 40)
    event.sealed.add(key_id="subjects/gone", nonce=b"n" * 24, ciphertext=b"c" * 40)
    put("eventstore_sealing_fuzz", "event", SEED + event.SerializeToString())


def files():
    mark = b"sixteen bytes id" + struct.pack(">QIQQ", 9, 7, 101, 103) + b"h" * 24
    put("eventstore_high_water_mark_fuzz", "two_slots", mark + mark + b"\x01\x01\x01")
    put("eventstore_log_format_fuzz", "format_1", b"recount event log\nformat 1\nid 00112233445566778899aabbccddeeff\n")
    put("eventstore_log_format_fuzz", "format_2", b"recount event log\nformat 2\nid 00112233445566778899aabbccddeeff\n")
    put("eventstore_log_format_fuzz", "format_3", b"recount event log\nformat 3\nid 00112233445566778899aabbccddeeff\n")
    put("eventstore_master_key_fuzz", "key", b"0123456789abcdef" * 2 + b"\\0place" + b"w" * 72 + b"\x01\x01")
    manifest = storage.BackupManifest(format=1)
    tenant = manifest.tenants.add(number=7, id="acme")
    tenant.segments.add(first_position=1, last_position=9, commits=3, bytes=500, sha256=b"s" * 32, last_hash=b"h" * 32)
    tenant.segments.add(first_position=10, last_position=12, commits=1, bytes=100, sha256=b"s" * 32, last_hash=b"h" * 32)
    manifest.runs.add(number=1, segments=2, events=12, bytes=600)
    put("eventstore_backup_folder_fuzz", "manifest", SEED + manifest.SerializeToString() + b"\x01")
    wrapping = storage.BackupManifest(format=1)
    wrapping.tenants.add(number=7).segments.add(first_position=1, last_position=2 ** 64 - 1, last_hash=b"h" * 32)
    wrapping.tenants[0].segments.add(first_position=0, last_position=5, last_hash=b"h" * 32)
    put("eventstore_backup_folder_fuzz", "positions_begin_again", SEED + wrapping.SerializeToString() + b"\x01")
    record = commit(1, 2)
    put("eventstore_backup_folder_fuzz", "segment", SEED + struct.pack(">I", 32 + len(record)) + b"h" * 32 + record + b"\x00")
    entry = struct.pack(">I", 6) + b"\0\0\0\7Ks" + struct.pack(">I", 5) + b"value"
    put("eventstore_key_backup_fuzz", "part", SEED + entry + entry + b"\x00")
    put("eventstore_key_backup_fuzz", "manifest", SEED + storage.KeyBackupManifest(format=1, number=1).SerializeToString() + b"\x01")


def read_models():
    # Columns record, item, since, valid_from, valid_to and two of the table, of three rows; untils; texts.
    put("projections_segment_codec_fuzz", "segment", SEED + b"a\0\0\0" b"n" b"a\2\2\2" b"a\0\2\2" b"s\3\2\2" b"n" b"s\5\1\1" + b"\x00\x03")
    put("projections_segment_codec_fuzz", "untils", SEED + b"\0\5\0\x80\1" + b"\x01\x00")
    put("projections_segment_codec_fuzz", "texts", SEED + b"\3abc\0\5deals" + b"\x02\x00")
    for place in range(6):
        put("projections_rocksdb_model_store_fuzz", f"value_{place}", b"\x08\x01\x10\x1e" + bytes([20, 0, place]))
    # Manifests that claim more than memory holds: the place among the values is the last byte.
    manifest = storage.ModelManifest(fold_version=1, position=30, hash=b"h" * 32, texts=2 ** 60)
    thing = manifest.tables.add(subject="thing")
    thing.columns.add(name="size")
    thing.columns.add(name="owner", kind=2)
    manifest.tables.add(subject="day").columns.add(name="at", kind=6)
    put("projections_rocksdb_model_store_fuzz", "texts_without_end", manifest.SerializeToString() + b"\x00\x00\x02")
    manifest.texts = 21
    thing.rows = 2 ** 60
    put("projections_rocksdb_model_store_fuzz", "rows_without_end", manifest.SerializeToString() + b"\x00\x00\x02")
    put("projections_rocksdb_model_store_fuzz", "bit", b"\x10\x01\x00")
    token = storage.ReportToken(kind=1, definition_version=1, offset=100, column="won")
    token.request.report = "won_lost"
    token.pin.position, token.pin.valid_at_micros, token.pin.rules_position = 35, 1700000000000000, 3
    token.key.add(text="web_form")
    put("projections_engine_tokens_fuzz", "page", SEED + token.SerializeToString())


def events():
    record = storage.CommitRecord(first_position=1, recorded_micros=1700000000000000, actor="users/ann")
    created = v1.DealCreated(title="Pumps", pipeline="sales", stage="potential", owner="users/ann")
    created.value.currency_code, created.value.units = "EUR", 1200
    for event, message in (("created", created), ("stage_changed", v1.DealStageChanged(stage="offer")),
                           ("won", v1.DealWon()), ("reopened", v1.DealReopened())):
        number = v1.DealEvent.DESCRIPTOR.fields_by_name[event].number
        record.events.add(stream="deals/1", revision=len(record.events) + 1, type=v1.EventPayload.DEAL_FIELD_NUMBER << 16 | number,
                          occurred_micros=1600000000000000 + len(record.events), precision=1, payload=message.SerializeToString())
    put("domain_aggregate_fuzz", "deal", record.SerializeToString())
    lead = storage.CommitRecord(first_position=1)
    lead.events.add(stream="leads/1", revision=1, type=v1.EventPayload.LEAD_FIELD_NUMBER << 16 | 1, precision=2,
                    payload=v1.LeadCaptured(owner="users/ann").SerializeToString())
    put("domain_aggregate_fuzz", "lead", lead.SerializeToString())


def requests():
    for name, command in (("capture", capture()), ("deal", deal())):
        put("services_prepared_command_fuzz", name, command.SerializeToString())
        put("domain_limits_fuzz", name, command.SerializeToString() + b"\x00")
    report = v1.RunReportRequest(report="won_lost", min_position=5)
    report.parameters.period = "2025"
    put("domain_limits_fuzz", "report", report.SerializeToString() + b"\x02")
    put("domain_limits_fuzz", "list", v1.ListRequest(filter="state = 'open'", page_size=10).SerializeToString() + b"\x04")
    refusal = status_pb2.Status(code=5, message="there is no report won")
    refusal.details.add().Pack(error_details_pb2.ErrorInfo(reason="REPORT_NOT_FOUND", domain="recount", metadata={"field": "report"}))
    violations = error_details_pb2.BadRequest()
    violations.field_violations.add(field="report", description="there is no report won")
    refusal.details.add().Pack(violations)
    put("tools_cli_failure_fuzz", "not_found", b"there is no report won\\0" + refusal.SerializeToString() + b"\x04")
    put("services_signed_token_fuzz", "phone", b'list 7\\0' b'35 100 abc\\0' b'phone = "+49 176 1234567"' + b"\x00\x00\x00\x07\x00")
    put("services_signed_token_fuzz", "external", b'list 7\\0' b'35 100 abc\\0' b'external.web = "1"' + b"\x00\x00\x00\x07\x00")


if __name__ == "__main__":
    commits()
    files()
    read_models()
    events()
    requests()
