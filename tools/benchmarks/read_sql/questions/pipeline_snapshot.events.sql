-- Deals without a standing outcome, with what stands of each.
with outcomes as (
  select distinct on (record) record, kind from events where kind in (17, 18, 19) order by record, occurred desc, number desc),
open as (
  select c.record, c.pipeline, c.currency from events c left join outcomes o on o.record = c.record
  where c.kind = 11 and (o.kind is null or o.kind = 19))
select d.pipeline, s.stage, d.currency, count(*), sum(a.amount),
  sum(weigh(a.amount, coalesce(case when v.occurred > s.occurred then v.probability end, p.probability)))
from open d
  cross join lateral (select stage, occurred from events s where s.kind in (11, 12) and s.record = d.record
    order by s.occurred desc, s.number desc limit 1) s
  cross join lateral (select amount from events a where a.kind in (11, 13) and a.record = d.record
    order by a.occurred desc, a.number desc limit 1) a
  left join lateral (select probability, occurred from events v where v.kind = 16 and v.record = d.record
    order by v.occurred desc, v.number desc limit 1) v on true
  join probabilities p on p.pipeline = d.pipeline and p.stage = s.stage
group by 1, 2, 3
