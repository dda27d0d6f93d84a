"""The smallest history that still fails, found by dropping commands."""

from random_histories.compare import differences

TRIES = 60


def report(history, seed, question, problems):
    """What to print: seed, question, differences and the shortest history that shows one."""
    steps = shortest(history, question)
    return "\n".join([f"seed {seed}: {question}", *problems[:12], f"The shortest history found that shows a difference ({len(steps)} of "
                      f"{len(history.steps)} commands, zone {history.zone}):", *map(_line, steps)])


def _line(step):
    return "  " + " ".join(str(step).split())


def shortest(history, question):
    """Drops halves, quarters ... of the commands as long as a difference remains; positions in the question mean other events
    then, which does no harm."""
    steps, size, tries = list(history.steps), len(history.steps) // 2, 0
    while size >= 1 and tries < TRIES:
        start, dropped = 0, False
        while start < len(steps) and tries < TRIES:
            shorter = steps[:start] + steps[start + size:]
            tries += 1
            if shorter and fails(history, shorter, question):
                steps, dropped = shorter, True
            else:
                start += size
        if not dropped or size > 1:
            size //= 2
    return steps


def fails(history, steps, question):
    other = type(history)(history.seed, steps)
    try:
        other.play(steps)
        problems, answer = differences(question, other.client, other.events, other.zone) if other.events else ([], None)
        return bool(problems) and answer is not None
    except Exception:  # the question no longer fits, e.g. its draft is gone
        return False
    finally:
        other.close()
