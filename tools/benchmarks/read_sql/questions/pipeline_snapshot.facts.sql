-- Columns: pipeline, stage, currency, deals, value, weighted.
select d.pipeline, d.stage, d.currency, count(*), sum(d.amount), sum(weigh(d.amount, coalesce(d.override, p.probability)))
from deals d join probabilities p on p.pipeline = d.pipeline and p.stage = d.stage
where d.outcome is null
group by d.pipeline, d.stage, d.currency
