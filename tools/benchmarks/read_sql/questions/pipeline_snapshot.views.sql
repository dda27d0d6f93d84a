select pipeline, stage, currency, deals, value, weighted from snapshot_now
