-- Columns: source, pipeline, stage, reached, went on, lost here.
select source, pipeline, stage, count(*), count(*) filter (where went_on), count(*) filter (where lost_here)
from deal_stages where created_at >= timestamptz '{begin}' and created_at < timestamptz '{end}'
group by source, pipeline, stage
