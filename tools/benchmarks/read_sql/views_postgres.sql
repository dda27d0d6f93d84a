-- Answers by local month, refreshed as a whole. A quarter adds three of them up; medians cannot be had so.
create materialized view won_lost_months as
  select cast(date_trunc('month', closed_day) as date) as month, source, pipeline, currency, count(*) as closed,
    count(*) filter (where outcome = 'won') as won, count(*) filter (where outcome = 'lost') as lost,
    coalesce(sum(amount) filter (where outcome = 'won'), 0) as won_value,
    coalesce(sum(amount) filter (where outcome = 'lost'), 0) as lost_value
  from deals where outcome is not null group by 1, 2, 3, 4;
create index on won_lost_months (month);
create materialized view funnel_months as
  select cast(date_trunc('month', created_at at time zone 'Asia/Jerusalem') as date) as month, source, pipeline, stage,
    count(*) as reached, count(*) filter (where went_on) as went_on, count(*) filter (where lost_here) as lost_here
  from deal_stages group by 1, 2, 3, 4;
create index on funnel_months (month);
create materialized view conversion_months as
  select captured_month as month, source, count(*) as leads, count(*) filter (where mql) as mql,
    count(*) filter (where sql) as sql, count(*) filter (where sal) as sal, count(*) filter (where has_deal) as deals,
    count(*) filter (where won) as won
  from leads group by 1, 2;
create index on conversion_months (month);
create materialized view snapshot_now as
  select d.pipeline, d.stage, d.currency, count(*) as deals, sum(d.amount) as value,
    sum(weigh(d.amount, coalesce(d.override, p.probability))) as weighted
  from deals d join probabilities p on p.pipeline = d.pipeline and p.stage = d.stage where d.outcome is null group by 1, 2, 3;
