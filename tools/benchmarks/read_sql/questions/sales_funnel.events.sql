-- Deals created in the period, their stages, and whether they reached the next one later.
with created as (
  select record, source, pipeline from events
  where kind = 11 and occurred >= timestamptz '{begin}' and occurred < timestamptz '{end}'),
outcomes as (
  select c.record, o.kind from created c
    left join lateral (select kind from events o where o.kind in (17, 18, 19) and o.record = c.record
      order by o.occurred desc limit 1) o on true),
visits as (
  select c.record, c.source, c.pipeline, p.rank, e.stage, min(e.occurred) as first_at, max(e.occurred) as last_at
  from created c join events e on e.kind in (11, 12) and e.record = c.record
    join probabilities p on p.pipeline = c.pipeline and p.stage = e.stage
  group by 1, 2, 3, 4, 5),
marked as (
  select v.source, v.pipeline, v.stage,
    case when v.rank = 5 then o.kind = 17
      else lead(v.rank) over by_rank = v.rank + 1 and lead(v.last_at) over by_rank > v.first_at end as went_on,
    o.kind = 18 and v.last_at = max(v.last_at) over (partition by v.record) as lost_here
  from visits v join outcomes o on o.record = v.record
  window by_rank as (partition by v.record order by v.rank))
select source, pipeline, stage, count(*), count(*) filter (where went_on), count(*) filter (where lost_here)
from marked group by 1, 2, 3
union all
select c.source, c.pipeline, 'won', count(*), 0, 0
from created c join outcomes o on o.record = c.record where o.kind = 17 group by 1, 2
