select source, pipeline, currency, sum(closed), sum(won), sum(lost), sum(won_value), sum(lost_value)
from won_lost_months where month >= date '{first}' and month <= date '{last}'
group by source, pipeline, currency
