"""What was measured, as a table for people or as JSON."""

import json


def number(value):
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def verdict(holds):
    return {True: "yes", False: "NO", None: "-"}[holds]


def cpu(value):
    if not value:
        return "-"
    return "+".join(f"{value[side]:.1f}" for side in ("server", "client") if side in value)


HEADER = ("measure", "ours", "peer", "ratio", "goal", "holds", "CPU us an operation: ours", "peer", "others' CPU")


def cells(row):
    return (row["title"], f"{number(row['ours'])} {row['unit']}", number(row["peer"]), number(row["ratio"]), row["goal"],
            verdict(row["holds"]), cpu(row["ours_cpu_us"]), cpu(row["peer_cpu_us"]), number(row["foreign_cpu"]))


def table(rows):
    """Notes follow below, by number."""
    lines, notes = [HEADER], []
    for row in rows:
        made = list(cells(row))
        for note in row["notes"]:
            if note not in notes:
                notes.append(note)
            made[0] += f" [{notes.index(note) + 1}]"
        lines.append(tuple(made))
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEADER))]
    text = [" | ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines]
    text.insert(1, "-|-".join("-" * width for width in widths))
    text += [""] + [f"[{i + 1}] {note}" for i, note in enumerate(notes)]
    return "\n".join(text)


def as_json(rows):
    return json.dumps(rows, indent=1, ensure_ascii=False)
