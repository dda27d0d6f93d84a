"""What the clients of a tenant know of it from answers: where it stands, which revisions records have, what was answered."""

import threading

REMEMBERED = 200  # newest answered commands, to be sent again


class Known:
    def __init__(self):
        self._lock = threading.Lock()
        self._revisions, self._position, self._answered = {}, 0, []

    def note(self, actor, request, ask, answer):
        """A command was accepted. The journal has noted it before: else a reader could be ahead of the journal."""
        with self._lock:
            self._position = max(self._position, answer["position"])
            for stream, revision in answer["revisions"].items():
                self._revisions[stream] = max(revision, self._revisions.get(stream, 0))
            if answer["revisions"]:  # else nothing had to change, and the server remembers nothing
                self._answered = self._answered[-REMEMBERED:] + [(actor, request, ask)]

    def note_revision(self, stream, revision):
        """A refusal told it."""
        with self._lock:
            self._revisions[stream] = max(revision, self._revisions.get(stream, 0))

    @property
    def position(self):
        return self._position

    def revision(self, stream):
        return self._revisions.get(stream, 0)

    def answered(self, random):
        """(actor, request, ask) of one that was answered; None: there is none."""
        with self._lock:
            return random.choice(self._answered) if self._answered else None
