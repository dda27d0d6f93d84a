-- Columns: bucket, pipeline, currency, deals, value, forecast. Today is the last day of the history.
with chosen as (
  select case when d.outcome = 'won' then 'won' when d.expected is null then 'undated'
      when d.expected < date '{today}' then 'overdue' else 'open' end as bucket,
    d.pipeline, d.currency, d.amount,
    case when d.outcome = 'won' then d.amount
      when d.expected >= date '{first}' and d.expected <= date '{last}' then weigh(d.amount, coalesce(d.override, p.probability))
      else 0 end as forecast
  from deals d left join probabilities p on p.pipeline = d.pipeline and p.stage = d.stage
  where (d.outcome = 'won' and d.closed_at >= timestamptz '{begin}' and d.closed_at < timestamptz '{end}')
    or (d.outcome is null and (d.expected is null or d.expected < date '{today}'
      or (d.expected >= date '{first}' and d.expected <= date '{last}'))))
select bucket, pipeline, currency, count(*), sum(amount), sum(forecast) from chosen group by bucket, pipeline, currency
