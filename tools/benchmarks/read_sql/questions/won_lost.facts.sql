-- Columns: source, pipeline, currency, closed, won, lost, won_value, lost_value.
select source, pipeline, currency, count(*), count(*) filter (where outcome = 'won'), count(*) filter (where outcome = 'lost'),
  coalesce(sum(amount) filter (where outcome = 'won'), 0), coalesce(sum(amount) filter (where outcome = 'lost'), 0)
from deals where closed_at >= timestamptz '{begin}' and closed_at < timestamptz '{end}'
group by source, pipeline, currency
