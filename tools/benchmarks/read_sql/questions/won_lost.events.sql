-- Outcomes in the period that no later event of the deal replaces, with the value that stood then.
with standing as (
  select o.record, o.kind from events o
  where o.kind in (17, 18) and o.occurred >= timestamptz '{begin}' and o.occurred < timestamptz '{end}'
    and not exists (select from events l where l.kind in (17, 18, 19) and l.record = o.record and l.occurred > o.occurred))
select c.source, c.pipeline, c.currency, count(*), count(*) filter (where s.kind = 17), count(*) filter (where s.kind = 18),
  coalesce(sum(coalesce(a.amount, c.amount)) filter (where s.kind = 17), 0),
  coalesce(sum(coalesce(a.amount, c.amount)) filter (where s.kind = 18), 0)
from standing s join events c on c.kind = 11 and c.record = s.record
  left join lateral (select amount from events v where v.kind = 13 and v.record = s.record
    order by v.occurred desc, v.number desc limit 1) a on true
group by 1, 2, 3
