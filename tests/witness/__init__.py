"""The witness: it asks a server for much at once, writes down every question before it is sent and every answer when it came, and
checks afterwards, from outside, that the server kept its word. It knows the protos and reads no file of the server.

    journal = Journal("elsewhere/journal")            # journal.py: what was asked and answered, in the order of time
    load = Load(journal, seed=1)                      # load.py: clients that collide on purpose, in two tenants
    load.prepare(server.address)                      # tenants and rules
    run = load.start(server.address)
    run.wait_for(200)                                 # answers; then any fault: kill, full disk, failing system calls ...
    ...
    run.join()                                        # clients end when told so (run.stop()) or when the server is gone
    load.settle(server.address)                       # sends again what has no answer, and some of what has one
    findings = check(journal, read_back(server.address, load.tenants))   # sentences; none: nothing is wrong

A journal may go on over any number of faults. `check` is only about it and what was read back (readings.py), so that a
recorded history can be damaged on purpose (damage.py) to see whether it is noticed.
"""

from witness.check import check  # noqa: F401
from witness.journal import Journal  # noqa: F401
from witness.load import Load  # noqa: F401
from witness.readings import read_back  # noqa: F401
