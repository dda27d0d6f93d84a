"""Faults of the machine under a real server: failing system calls, a full disk, a clock that is set, limits."""
