"""A slow and obvious reference: what a report must say, counted from the whole log by DESIGN.md's definition.

It shares no code with the engine: plain lists and dicts, no interval tables, no read models. Whoever doubts a number
reads here what it means.
"""
