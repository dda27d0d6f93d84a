-- Columns: source, month, leads, mql, sql, sal, with a deal, won.
select source, captured_month, count(*), count(*) filter (where mql), count(*) filter (where sql), count(*) filter (where sal),
  count(*) filter (where has_deal), count(*) filter (where won)
from leads where captured_at >= timestamptz '{begin}' and captured_at < timestamptz '{end}'
group by source, captured_month
