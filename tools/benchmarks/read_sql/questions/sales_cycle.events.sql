-- Wins in the period that stand, from the capture of the deal's lead, else from its creation.
with standing as (
  select o.record, o.day from events o
  where o.kind = 17 and o.occurred >= timestamptz '{begin}' and o.occurred < timestamptz '{end}'
    and not exists (select from events l where l.kind in (17, 18, 19) and l.record = o.record and l.occurred > o.occurred)),
cycles as (
  select c.source, c.pipeline, s.day - coalesce(l.day, c.day) as days
  from standing s join events c on c.kind = 11 and c.record = s.record left join events l on l.kind = 1 and l.record = c.lead)
select source, pipeline, count(*), sum(days), percentile_cont(0.5) within group (order by days),
  percentile_disc(0.9) within group (order by days), min(days), max(days)
from cycles group by source, pipeline
