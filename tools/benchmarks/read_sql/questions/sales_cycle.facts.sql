-- Columns: source, pipeline, deals, days, median, 90th percentile, least, most.
select source, pipeline, count(*), sum(cycle_days), percentile_cont(0.5) within group (order by cycle_days),
  percentile_disc(0.9) within group (order by cycle_days), min(cycle_days), max(cycle_days)
from deals where outcome = 'won' and closed_at >= timestamptz '{begin}' and closed_at < timestamptz '{end}'
group by source, pipeline
