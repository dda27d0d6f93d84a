"""Adds to a loaded history by one command stream, in a process of its own: of four commands two capture leads, one creates a
deal, one changes the value of a deal that was created here before.

  paced_load.py ADDRESS STUBS SEED --rate N     N commands a second until standard input ends
  paced_load.py ADDRESS STUBS SEED --count N    N commands as fast as they are answered

Each seed makes records of its own. Prints `running` at the first answer, and at its end an object: commands, seconds, refused.
"""

import argparse
import json
import os
import queue
import random
import select
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

WINDOW = 16  # messages under way, at most
BATCH = {True: 20, False: 250}  # commands a message: paced, not paced


class Load:
    def __init__(self, address, seed):
        import grpc
        from recount.v1 import command_pb2, command_pb2_grpc
        self.command_pb2, self.seed, self.random, self.deals = command_pb2, seed, random.Random(seed), 0
        self.requests, self.room = queue.SimpleQueue(), threading.Semaphore(WINDOW)
        self.sent = self.answered = self.refused = 0
        self.channel = grpc.insecure_channel(address)
        stub = command_pb2_grpc.CommandServiceStub(self.channel)
        self.answers = stub.Stream(iter(self.requests.get, None), metadata=metadata())
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for message in self.answers:
            self.room.release()
            if self.answered == 0:
                print("running", flush=True)
            for outcome in message.outcomes:
                self.answered += 1
                self.refused += outcome.status.code != 0

    def send(self, count):
        batch = self.command_pb2.CommandBatch()
        for _ in range(count):
            self.sent += 1
            sequenced = batch.commands.add()
            sequenced.sequence = self.sent
            self.fill(sequenced.command)
        self.room.acquire()
        self.requests.put(batch)

    def fill(self, command):
        kind = self.sent % 4
        if kind in (0, 2):
            command.capture_lead.external_ids.add(source=f"load-{self.seed}", id=str(self.sent))
            command.capture_lead.source.id = "web"
            return
        value = command.create_deal.value if kind == 1 else command.change_deal_value.value
        value.currency_code, value.units = "ILS", self.random.randint(1, 1_000_000)
        if kind == 1:
            self.deals += 1
            command.create_deal.name = f"deals/load-{self.seed}-{self.deals}"
            command.create_deal.pipeline, command.create_deal.stage = "equipment", "new"
            command.create_deal.source.id = "web"
        else:
            command.change_deal_value.deal.name = f"deals/load-{self.seed}-{self.random.randint(1, self.deals)}"

    def end(self):
        self.requests.put(None)
        self.reader.join()
        self.channel.close()


def metadata():
    from benchmarks.history_load import METADATA
    return METADATA


def is_input_over():
    return bool(select.select([sys.stdin], [], [], 0)[0]) and not sys.stdin.readline()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("stubs")
    parser.add_argument("seed", type=int)
    parser.add_argument("--rate", type=float, default=0)
    parser.add_argument("--count", type=int, default=0)
    options = parser.parse_args()
    sys.path.insert(0, options.stubs)
    load, size, begin = Load(options.address, options.seed), BATCH[options.rate > 0], time.monotonic()
    while load.sent < options.count if options.count else not is_input_over():
        if options.rate:
            time.sleep(max(0.0, begin + load.sent / options.rate - time.monotonic()))
        load.send(min(size, options.count - load.sent) if options.count else size)
    load.end()
    print(json.dumps(dict(commands=load.answered, seconds=time.monotonic() - begin, refused=load.refused)), flush=True)


if __name__ == "__main__":
    main()
