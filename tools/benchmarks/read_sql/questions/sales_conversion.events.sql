-- Leads captured in the period, their levels, and whether a deal of theirs stands won.
with captured as (
  select record, source, day from events
  where kind = 1 and occurred >= timestamptz '{begin}' and occurred < timestamptz '{end}')
select c.source, cast(date_trunc('month', c.day) as date), count(*), count(*) filter (where l.level >= 1),
  count(*) filter (where l.level >= 2), count(*) filter (where l.level >= 3), count(*) filter (where s.deals > 0),
  count(*) filter (where s.won)
from captured c
  left join lateral (select max(level) as level from events q where q.kind = 3 and q.record = c.record) l on true
  left join lateral (
    select count(*) as deals, bool_or(o.kind = 17) as won from events d
      left join lateral (select kind from events o where o.kind in (17, 18, 19) and o.record = d.record
        order by o.occurred desc, o.number desc limit 1) o on true
    where d.kind = 11 and d.lead = c.record) s on true
group by 1, 2
