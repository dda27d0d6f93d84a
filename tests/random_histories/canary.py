"""Folds that are wrong on purpose: the comparison must see every one of them."""

import contextlib
import dataclasses
from unittest import mock

from random_histories import movements
from random_histories.questions import Question
from reference import facts, rulebook
from reference.world import World

_MOMENTS = movements.moments


def broken_folds():
    """{what is wrong: a context manager in which the reference is so}."""
    return {
        "late entries stand at the end": _by_position,
        "what occurred at D is left out": _until_before,
        "a loss does not stand": lambda: mock.patch.object(facts._DealSteps, "DealLost", staticmethod(lambda *a: None)),
        "reopening keeps the outcome": lambda: mock.patch.object(facts._DealSteps, "DealReopened", staticmethod(lambda *a: None)),
        "assignments are forgotten": lambda: mock.patch.object(facts._DealSteps, "DealAssigned", staticmethod(lambda *a: None)),
        "values never change": lambda: mock.patch.object(facts._DealSteps, "DealValueChanged", staticmethod(lambda *a: None)),
        "deleted records count": _deleted_count,
        "of two versions the older holds": _older_version,
        "merged stages stay apart": lambda: mock.patch.object(rulebook.Rulebook, "mapped_stage",
                                                              lambda self, pipeline, stage, day: stage),
        "as recorded means current": lambda: mock.patch.object(World, "book_of", lambda self, position: self.book),
        "an opening knows what the closing knows": lambda: mock.patch.object(
            movements, "moments", lambda *a: ((_MOMENTS(*a)[1][0], _MOMENTS(*a)[0][1]), _MOMENTS(*a)[1])),
        "everything is seen": lambda: mock.patch.object(World, "sees", lambda self, record: True),
        "rights are by who owned it in the end": _seen_by_the_last_owner,
        "a comparison is with the same": lambda: mock.patch.object(
            Question, "compared", lambda self, events, zone: dataclasses.replace(self, compare={})),
    }


@contextlib.contextmanager
def _fold_with(change):
    right = facts.fold
    with mock.patch.object(facts, "fold", lambda name, events, position, valid_at: right(*change(name, events, position, valid_at))):
        yield


def _by_position():
    def late_entries_now(name, events, position, valid_at):
        return name, [dataclasses.replace(e, occurred=max(e.occurred, e.recorded - 3600 * 1000000)) for e in events], position, valid_at
    return _fold_with(late_entries_now)


def _until_before():
    return _fold_with(lambda name, events, position, valid_at: (name, events, position, valid_at - 1))


@contextlib.contextmanager
def _deleted_count():
    with mock.patch.object(World, "records", lambda self, collection: (
            r for r in (self.record(name) for name in sorted(self.streams) if name.startswith(collection + "/")) if r)):
        yield


def _seen_by_the_last_owner():
    def sees(self, record):
        last = facts.fold(record.name, self.streams[record.name], self.events[-1].position, 2 ** 62)
        return self.seen is None or not hasattr(last, "owner") or last.owner in self.seen
    return mock.patch.object(World, "sees", sees)


def _older_version():
    def in_force(self, kind, day):
        holding = [version for version in self.versions[kind] if version[0] <= day]
        return min(holding, key=lambda version: version[:2])[2] if holding else None
    return mock.patch.object(rulebook.Rulebook, "in_force", in_force)
