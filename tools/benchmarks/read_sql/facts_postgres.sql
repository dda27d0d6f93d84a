-- Covering indexes: every question is answered from an index alone, or from a scan where that is cheaper.
create index deals_closed on deals (closed_at) include (outcome, source, pipeline, currency, amount, cycle_days);
create index deals_open on deals (pipeline, stage, currency) include (amount, override, expected, source) where outcome is null;
create index deals_id on deals (id);
create index deal_stages_created on deal_stages (created_at) include (source, pipeline, rank, stage, went_on, lost_here);
create index leads_captured on leads (captured_at) include (source, captured_month, mql, sql, sal, has_deal, won);
create index leads_id on leads (id);
