-- Won in the period, and all that is open and expected in it, overdue or undated.
with outcomes as (
  select distinct on (record) record, kind, occurred from events where kind in (17, 18, 19)
  order by record, occurred desc, number desc),
candidates as (
  select c.record, c.pipeline, c.currency, coalesce(o.kind = 17, false) as is_won
  from events c left join outcomes o on o.record = c.record
  where c.kind = 11 and (o.kind is null or o.kind = 19
    or (o.kind = 17 and o.occurred >= timestamptz '{begin}' and o.occurred < timestamptz '{end}'))),
expecting as (
  select d.*, x.expected from candidates d
    cross join lateral (select expected from events x where x.kind in (11, 14) and x.record = d.record
      order by x.occurred desc, x.number desc limit 1) x
  where d.is_won or x.expected is null or x.expected < date '{today}'
    or (x.expected >= date '{first}' and x.expected <= date '{last}'))
select case when d.is_won then 'won' when d.expected is null then 'undated' when d.expected < date '{today}' then 'overdue'
    else 'open' end,
  d.pipeline, d.currency, count(*), sum(a.amount),
  sum(case when d.is_won then a.amount
    when d.expected >= date '{first}' and d.expected <= date '{last}'
      then weigh(a.amount, coalesce(case when v.occurred > s.occurred then v.probability end, p.probability))
    else 0 end)
from expecting d
  cross join lateral (select stage, occurred from events s where s.kind in (11, 12) and s.record = d.record
    order by s.occurred desc, s.number desc limit 1) s
  cross join lateral (select amount from events a where a.kind in (11, 13) and a.record = d.record
    order by a.occurred desc, a.number desc limit 1) a
  left join lateral (select probability, occurred from events v where v.kind = 16 and v.record = d.record
    order by v.occurred desc, v.number desc limit 1) v on true
  left join probabilities p on p.pipeline = d.pipeline and p.stage = s.stage
group by 1, 2, 3
