-- Facts from events, as an application would keep them: what stands at the end of the log. Understood by PostgreSQL and DuckDB.
create table deals as
with created as (select * from events where kind = 11),
  stages as (select distinct on (record) record, stage, occurred, number from events where kind in (11, 12)
    order by record, occurred desc, number desc),
  amounts as (select distinct on (record) record, amount from events where kind in (11, 13)
    order by record, occurred desc, number desc),
  closes as (select distinct on (record) record, expected from events where kind in (11, 14)
    order by record, occurred desc, number desc),
  owners as (select distinct on (record) record, owner from events where kind in (11, 15)
    order by record, occurred desc, number desc),
  overrides as (select distinct on (record) record, probability, occurred from events where kind = 16
    order by record, occurred desc, number desc),
  outcomes as (select distinct on (record) record, kind, occurred, day from events where kind in (17, 18, 19)
    order by record, occurred desc, number desc),
  captures as (select record, day from events where kind = 1)
select c.record as id, c.lead, c.source, c.pipeline, s.stage, o.owner, c.currency, a.amount, x.expected,
  c.occurred as created_at,
  case when v.occurred > s.occurred then v.probability end as override,
  case r.kind when 17 then 'won' when 18 then 'lost' end as outcome,
  case when r.kind in (17, 18) then r.occurred end as closed_at,
  case when r.kind in (17, 18) then r.day end as closed_day,
  case when r.kind in (17, 18) then r.day - coalesce(l.day, c.day) end as cycle_days
from created c
  join stages s on s.record = c.record
  join amounts a on a.record = c.record
  join closes x on x.record = c.record
  join owners o on o.record = c.record
  left join overrides v on v.record = c.record
  left join outcomes r on r.record = c.record
  left join captures l on l.record = c.lead
order by closed_at;

-- A row for each stage that a deal was in, and one for its win.
create table deal_stages as
with visits as (
    select e.record, p.rank, e.stage, min(e.occurred) as first_at, max(e.occurred) as last_at
    from events e join deals d on d.id = e.record join probabilities p on p.pipeline = d.pipeline and p.stage = e.stage
    where e.kind in (11, 12) group by e.record, p.rank, e.stage),
  last_visits as (select distinct on (record) record, stage from visits order by record, last_at desc),
  reached as (
    select v.record, v.rank, v.stage,
      coalesce(case when v.rank = 5 then d.outcome = 'won' else n.last_at > v.first_at end, false) as went_on,
      coalesce(d.outcome = 'lost' and l.stage = v.stage, false) as lost_here
    from visits v join deals d on d.id = v.record join last_visits l on l.record = v.record
      left join visits n on n.record = v.record and n.rank = v.rank + 1
    union all
    select id, 6, 'won', false, false from deals where outcome = 'won')
select d.created_at, d.source, d.pipeline, r.rank, r.stage, r.went_on, r.lost_here
from reached r join deals d on d.id = r.record
order by d.created_at;

create table leads as
with captured as (select * from events where kind = 1),
  levels as (
    select record, count(*) > 0 as mql, max(level) >= 2 as sql, max(level) >= 3 as sal
    from events where kind = 3 group by record),
  sales as (select lead, count(*) > 0 as has_deal, count(case when outcome = 'won' then 1 end) > 0 as won
    from deals where lead is not null group by lead)
select c.record as id, c.source, c.occurred as captured_at, cast(date_trunc('month', c.day) as date) as captured_month,
  coalesce(v.mql, false) as mql, coalesce(v.sql, false) as sql, coalesce(v.sal, false) as sal,
  coalesce(s.has_deal, false) as has_deal, coalesce(s.won, false) as won
from captured c left join levels v on v.record = c.record left join sales s on s.lead = c.record
order by captured_at;
