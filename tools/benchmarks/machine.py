"""Processor time: our own processes', and what others use meanwhile."""

import os
import time

TICKS = os.sysconf("SC_CLK_TCK")
# The kernel counts in ticks of 10 ms on each core: of less than this nothing can be said.
SHORTEST_SECONDS = 0.1


def busy_seconds():
    """Of all cores since the machine started, without idling and waiting for the disk."""
    with open("/proc/stat") as file:
        fields = [int(field) for field in file.readline().split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / TICKS


def tree_seconds(root):
    """Of a process and all below it, those that have ended too."""
    parents, seconds = {}, {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat") as file:
                text = file.read()
        except OSError:
            continue
        fields = text[text.rindex(")") + 2:].split()
        parents[int(pid)] = int(fields[1])
        seconds[int(pid)] = sum(int(field) for field in fields[11:15]) / TICKS
    total = 0.0
    for pid in parents:
        ancestor = pid
        while ancestor and ancestor != root:
            ancestor = parents.get(ancestor, 0)
        if ancestor == root:
            total += seconds[pid]
    return total


class ForeignCpu:
    """Cores that processes other than ours use from now on. Kernel threads that write for us count as others."""

    def __init__(self):
        self.busy, self.own, self.since = busy_seconds(), tree_seconds(os.getpid()), time.monotonic()

    def cores(self):
        elapsed = time.monotonic() - self.since
        busy, own = busy_seconds() - self.busy, tree_seconds(os.getpid()) - self.own
        return max(0.0, (busy - own) / elapsed) if elapsed >= SHORTEST_SECONDS else 0.0

