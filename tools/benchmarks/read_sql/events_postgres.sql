-- The ways to look events up, each covering what the questions need.
create index events_by_time on events (kind, occurred) include (record, day, source);
create index events_by_record on events (kind, record, occurred, number)
  include (day, source, owner, pipeline, stage, amount, currency, level, probability, expected, lead);
create index events_by_lead on events (lead) include (record) where kind = 11;
-- Probability in basis points, rounded half to even (decision 17).
create function weigh(amount bigint, probability integer) returns bigint language sql immutable parallel safe as $$
  select (amount * probability + 5000) / 10000
    - case when amount * probability % 10000 = 5000 and amount * probability / 10000 % 2 = 0 then 1 else 0 end
$$;
