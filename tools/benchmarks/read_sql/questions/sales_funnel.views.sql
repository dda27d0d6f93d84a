select source, pipeline, stage, sum(reached), sum(went_on), sum(lost_here)
from funnel_months where month >= date '{first}' and month <= date '{last}'
group by source, pipeline, stage
