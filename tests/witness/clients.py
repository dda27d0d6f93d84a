"""The clients as threads: some ask by calls of their own and read between, some stream, one listens."""

import collections
import threading

import grpc

from harness.protos import v1
from witness import asks, talk

WINDOW = 3  # messages under way on a stream
PER_MESSAGE = 8


class ClientThread(threading.Thread):
    """Talks until the run is over or the server is gone. What went wrong in the thread itself is a problem."""

    def __init__(self, address, journal, asker, pending, of_run):
        super().__init__(daemon=True)
        self.talk, self.of_run, self.problem = talk.Talk(address, journal, asker, pending), of_run, None
        self.asker, self.journal, self.pending = asker, journal, pending

    def run(self):
        try:
            self.work()
        except talk.Gone:
            pass
        except Exception as problem:  # pylint: disable=broad-except
            self.problem = problem
        finally:
            self.talk.close()
            self.of_run.end()


class Caller(ClientThread):
    """Commands one after another, on two connections: sometimes the same on both at once; and reads."""

    def work(self):
        twin = talk.Talk(self.talk.address, self.journal, self.asker, self.pending)
        try:
            for request, ask in list(self.pending.items()):
                self.talk.execute(request, ask, [twin] if self.asker.random.random() < 0.3 else [])
            while not self.of_run.over:
                self._step(twin)
                self.of_run.note(1, called=1)
        finally:
            twin.close()

    def _step(self, twin):
        chance = self.asker.random.random()
        if chance < 0.3:
            self.talk.read(self.asker.read())
        elif chance < 0.4:
            self.talk.again()
        else:
            self.talk.execute(*self.asker.command(), [twin] if chance < 0.48 else [])


class Streamer(ClientThread):
    """Commands on a bidirectional stream, several a message, several messages under way."""

    def work(self):
        self.free, self.sent = threading.Semaphore(WINDOW), collections.deque()
        self.gone, self.making = False, threading.Lock()
        answers = self.talk.client.Command.Stream(self._messages(), metadata=self.talk.client.metadata, timeout=600)
        try:
            for answer in answers:
                self._take(answer.outcomes)
                self.free.release()
        except grpc.RpcError:
            pass  # what is under way has no answer in the journal, and so is unknown
        finally:
            with self.making:  # the stream takes messages in a thread of its own, which ends later
                self.gone = True
            self.free.release()

    def _messages(self):
        left = list(self.pending.items())
        while True:
            self.free.acquire()
            with self.making:
                if self.of_run.over or self.gone:
                    return
                try:
                    message = self._message(self._together(left))
                except Exception as problem:  # the stream would end as if it had been told to
                    self.problem = problem
                    raise
            yield message

    def _together(self, left):
        """Commands for one message, of `left` first; a group goes as a message of its own."""
        together = []
        while len(together) < self.asker.random.randint(1, PER_MESSAGE):
            if not left:
                left.append(self.asker.command())
            is_group = left[0][1]["kind"] == "group"
            if is_group and together:
                break
            together.append(left.pop(0))
            if is_group:
                break
        return together

    def _message(self, together):
        calls, message = [], v1.CommandBatch()
        for request, ask in together:
            self.pending[request] = ask
            call = self.talk.invoke(request, ask)
            calls.append((call, request, ask))
            message.MergeFrom(talk.batch(call, ask, asks.commands(ask, request)))
        self.sent.append(calls)
        return message

    def _take(self, outcomes):
        calls = self.sent.popleft()
        by_call = collections.defaultdict(list)
        for outcome in outcomes:
            by_call[outcome.sequence].append(outcome)
        for call, request, ask in calls:
            self.talk.note(call, request, ask, by_call.pop(call))
        if by_call:
            raise AssertionError(f"outcomes of commands that were not in the message: {sorted(by_call)}")
        self.of_run.note(len(calls))


class Listener(ClientThread):
    """Subscribes to the log from where it was; one read that ends with the run."""

    stream = None

    def work(self):
        call = self.journal.invoke(self.asker.tenant, self.asker.actor, dict(read="subscription", after=self.asker.heard))
        self.stream = self.talk.client.History.Subscribe(v1.SubscribeRequest(after_position=self.asker.heard),
                                                         metadata=self.talk.client.metadata, timeout=600)
        if self.of_run.over:
            self.hang_up()
        heard = []
        try:
            for message in self.stream:
                if message.HasField("event"):
                    heard += talk.briefly([message.event])
        except grpc.RpcError:
            pass  # the server is gone, or we hung up
        self.asker.heard += len(heard)
        self.journal.ok(call, dict(events=heard))

    def hang_up(self):
        if self.stream:
            self.stream.cancel()
