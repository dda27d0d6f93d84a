select source, month, leads, mql, sql, sal, deals, won
from conversion_months where month >= date '{first}' and month <= date '{last}'
