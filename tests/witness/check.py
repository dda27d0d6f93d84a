"""The check: a journal of what was asked and answered, against what was read back."""

from witness.check_calls import check_calls
from witness.check_log import check_log, check_records, check_tenants
from witness.world import World

SHOWN = 20  # findings of a tenant; one fault mostly shows in many
SHOWN_CHARACTERS = 800


def check(journal, readings_by_tenant, shown=SHOWN):
    """What is wrong, in sentences; empty: nothing. `readings_by_tenant`: of readings.read_back."""
    findings = []
    for tenant, readings in readings_by_tenant.items():
        world = World(readings.log)
        own = [*check_log(readings, journal.heads(tenant)), *check_records(readings, world),
               *check_calls(journal.calls(tenant), world), *check_tenants(readings, set(readings_by_tenant) - {tenant})]
        findings += [f"{tenant}: {finding}"[:SHOWN_CHARACTERS] for finding in own[:shown]]
        if len(own) > shown:
            findings.append(f"{tenant}: and {len(own) - shown} more findings")
    return findings
