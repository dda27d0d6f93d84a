"""A server between the clients and the real one that does not tell or do the truth: what a fault in the server would look like
from outside, under load. The check must see every lie.
"""

import random
import threading
from concurrent import futures

import grpc

from harness.certificates import channel_to
from harness.protos import v1

COMMANDS = {"/recount.v1.CommandService/Execute": v1.Command, "/recount.v1.CommandService/ExecuteBatch": v1.CommandBatch,
            "/recount.v1.CommandService/Stream": v1.CommandBatch}
STREAMS = {"/recount.v1.CommandService/Stream", "/recount.v1.HistoryService/Subscribe"}
PASSED_ON = ("recount-tenant", "recount-actor")
SELDOM = 0.1


class Lie:
    """Passes everything on. `random` may be used by several threads."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def batch(self, batch, metadata):
        """Commands that come, before they go on: (batch, metadata)."""
        for one in batch.commands:
            self.command(one.command)
        return batch, metadata

    def command(self, command):
        """One of them."""

    def header(self, command):
        return getattr(command, command.WhichOneof("command")).header

    def read(self, method, request, answer):
        """The answer to a call that is no command, as bytes."""
        return answer


class Forgets(Lie):
    """Some commands are acknowledged and not stored."""

    def command(self, command):
        self.header(command).validate_only = self.random.random() < SELDOM


class ForgetsRequests(Lie):
    """Commands are not known by their request ids."""

    def command(self, command):
        self.header(command).request_id = ""


class IgnoresRevisions(Lie):
    """Of several that expect one revision all win."""

    def command(self, command):
        self.header(command).ClearField("expected_revision")


class MixesTenants(Lie):
    """Some commands reach another tenant."""

    def batch(self, batch, metadata):
        if self.random.random() < SELDOM:
            other = {"acme": "beta", "beta": "acme"}
            metadata = [(key, other.get(value, value)) for key, value in metadata]
        return batch, metadata


class SplitsGroups(Lie):
    """The commands of a group are commits of their own."""

    def batch(self, batch, metadata):
        batch.atomic = False
        return batch, metadata


class ShowsThePast(Lie):
    """Records are read from a cache that nobody renews."""

    def __init__(self, seed):
        super().__init__(seed)
        self.cache, self.lock = {}, threading.Lock()

    def read(self, method, request, answer):
        if "/Get" not in method or "Service/GetStatus" in method:
            return answer
        with self.lock:
            return self.cache.setdefault((method, str(v1.GetRequest.FromString(request).ref)), answer)


class ExchangesTexts(Lie):
    """A tag is stored as another."""

    def command(self, command):
        if command.HasField("annotate_record") and self.random.random() < SELDOM:
            command.annotate_record.tags.add[0] += "x"


LIES = {"is lost|nothing had to change": Forgets, "nobody asked it": ForgetsRequests, "was to be at revision": IgnoresRevisions,
        "is of (acme|beta)": MixesTenants, "its commit says": SplitsGroups, "which holds from": ShowsThePast,
        "not \\[.*RecordAnnotated": ExchangesTexts}


class Liar(grpc.GenericRpcHandler):
    """Listens on `address` until `with` ends."""

    def __init__(self, target, lie):
        self.channel, self.lie = channel_to(target), lie
        self.server = grpc.server(futures.ThreadPoolExecutor(max_workers=32))
        self.server.add_generic_rpc_handlers((self,))
        self.address = f"127.0.0.1:{self.server.add_insecure_port('127.0.0.1:0')}"
        self.server.start()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.server.stop(None).wait()
        self.channel.close()

    def service(self, handler_call_details):
        method = handler_call_details.method
        if method == "/recount.v1.CommandService/Stream":
            return grpc.stream_stream_rpc_method_handler(lambda requests, context: self._stream(method, requests, context))
        if method in STREAMS:
            return grpc.unary_stream_rpc_method_handler(lambda request, context: self._subscription(method, request, context))
        return grpc.unary_unary_rpc_method_handler(lambda request, context: self._call(method, request, context))

    def _call(self, method, request, context):
        metadata = _metadata(context)
        if method in COMMANDS:
            request, metadata = self._changed(method, request, metadata)
        try:
            answer = self.channel.unary_unary(method)(request, metadata=metadata, timeout=60)
        except grpc.RpcError as error:
            _fail(context, error)
        return self.lie.read(method, request, answer)

    def _changed(self, method, request, metadata):
        message = COMMANDS[method].FromString(request)
        if isinstance(message, v1.CommandBatch):
            message, metadata = self.lie.batch(message, metadata)
            return message.SerializeToString(), metadata
        batch, metadata = self.lie.batch(v1.CommandBatch(commands=[v1.SequencedCommand(command=message)]), metadata)
        return batch.commands[0].command.SerializeToString(), metadata

    def _stream(self, method, requests, context):
        """One message after another: the lie may send each elsewhere."""
        for request in requests:
            changed, metadata = self._changed(method, request, _metadata(context))
            try:
                yield self.channel.unary_unary("/recount.v1.CommandService/ExecuteBatch")(changed, metadata=metadata, timeout=60)
            except grpc.RpcError as error:
                _fail(context, error)

    def _subscription(self, method, request, context):
        call = self.channel.unary_stream(method)(request, metadata=_metadata(context), timeout=600)
        context.add_callback(call.cancel)
        try:
            yield from call
        except grpc.RpcError as error:
            _fail(context, error)


def _metadata(context):
    return [(key, value) for key, value in context.invocation_metadata() if key in PASSED_ON]


def _fail(context, error):
    context.set_trailing_metadata([entry for entry in error.trailing_metadata() or () if entry[0] == "grpc-status-details-bin"])
    context.abort(error.code(), error.details() or "")
