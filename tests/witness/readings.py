"""All that a server tells of a tenant, read back through its API in every way that there is."""

import dataclasses

from harness.client import Client
from harness.protos import v1
from witness import events
from witness.asks import CREATE

PAGE = 1000


@dataclasses.dataclass
class Readings:
    """What one tenant's readers saw."""
    tenant: str
    log: list  # [Seen], forwards
    backwards: list  # [Seen], newest first
    streams: dict  # stream -> [Seen], as its own history shows it
    records: dict  # stream -> events.record
    commits: list  # [(first position, last position, record as stored, hash)]
    totals: dict  # collection -> (how many records, position at which they were counted)
    report: dict  # of the open deals: position, deals, value
    head: int
    head_hash: str
    recounted: bool = None  # a rebuild of the read models came to the same digests; None: not asked for


def read_back(address, tenants, journal=None, rebuild=False):
    """{tenant: Readings}. `journal`: it notes the heads that were told; later readings must hold them."""
    result = {}
    for tenant in tenants:
        with Client(address, tenant=tenant, actor="witness-reader") as client:
            result[tenant] = _read(client, tenant, rebuild)
        if journal and result[tenant].head:
            journal.head(tenant, result[tenant].head, result[tenant].head_hash)
    return result


def _read(client, tenant, rebuild):
    status = client.status()
    log = [events.seen(event) for event in client.log()]
    streams = list(dict.fromkeys(event.stream for event in log if event.stream.split("/")[0] in CREATE))
    return Readings(
        tenant, log, list(_backwards(client)),
        {stream: list(_stream(client, stream)) for stream in streams},
        {stream: record(client, v1.Ref(name=stream), stream.split("/")[0]) for stream in streams},
        list(_commits(client)),
        {collection: _total(client, collection, status.head) for collection in CREATE},
        open_deals(client, status.head), status.head, status.head_hash, _recounted(client) if rebuild else None)


def _backwards(client):
    after = 0
    while True:
        page = client.call(client.History.ReadLog, v1.ReadLogRequest(after_position=after, page_size=PAGE, backwards=True))
        yield from map(events.seen, page.events)
        after = page.next_after_position
        if not after:
            return


def _stream(client, stream):
    after = 0
    while True:
        request = v1.ReadStreamRequest(ref=v1.Ref(name=stream), after_revision=after, page_size=PAGE)
        page = client.call(client.History.ReadStream, request)
        yield from (events.seen(entry.event) for entry in page.entries)
        after = page.next_after_revision
        if not after:
            return


def record(client, ref, collection, min_position=0):
    """A record now; Refused if there is none."""
    service, name = _resource(client, collection)
    found = client.call(getattr(service, "Get" + name), v1.GetRequest(ref=ref, min_position=min_position))
    return events.record(found, collection)


def _resource(client, collection):
    name = collection[:-1].capitalize()
    return getattr(client, name), name


def _commits(client):
    after = 0
    while True:
        page = client.call(client.History.ReadCommits, v1.ReadCommitsRequest(after_position=after, page_size=PAGE)).commits
        if not page:
            return
        yield from ((one.first_position, one.last_position, one.record, one.hash) for one in page)
        after = page[-1].last_position


def _total(client, collection, min_position):
    service, name = _resource(client, collection)
    page = client.call(getattr(service, f"List{name}s"), v1.ListRequest(page_size=1, min_position=min_position))
    return page.total_size, page.position


def open_deals(client, min_position):
    """How many deals are open, what they are worth in minor units, and the position at which that was counted."""
    answer = client.report("pipeline_snapshot", min_position=min_position, group_by=["-"])
    total = answer.totals[0] if answer.totals else dict(deals=0, value=None)
    return dict(position=answer.basis.position, deals=total["deals"], value=total["value"][0] if total["value"] else 0)


def _recounted(client):
    live = client.digests()
    done = client.rebuild()
    return bool(live) and live == {digest.subject: digest.after for digest in done.digests} == client.digests()
