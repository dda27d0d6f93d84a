-- An event store as people build one on PostgreSQL: append-only, unique (stream, version), identity position, a write
-- function that takes the expected version.
create table messages (
  global_position bigint generated always as identity primary key,
  stream_name text not null,
  position bigint not null,
  type text not null,
  data bytea not null,
  id uuid not null,
  time timestamptz not null default now(),
  unique (stream_name, position),
  unique (id)
);
create function write_message(p_id uuid, p_stream text, p_expected bigint, p_type text, p_data bytea)
returns bigint language plpgsql as $$
declare
  v bigint;
  g bigint;
begin
  perform pg_advisory_xact_lock(hashtextextended(p_stream, 0));
  select max(position) into v from messages where stream_name = p_stream;
  v := coalesce(v, -1);
  if v <> p_expected then
    raise exception 'wrong expected version: % (stream %, at %)', p_expected, p_stream, v using errcode = '40001';
  end if;
  insert into messages (stream_name, position, type, data, id)
  values (p_stream, v + 1, p_type, p_data, p_id) returning global_position into g;
  return g;
end $$;
-- Many commits in one transaction; the unique constraint is the check of the version.
create function append_batch(p_id uuid[], p_stream text[], p_expected bigint[], p_type text[], p_data bytea[])
returns void language sql as $$
  insert into messages (stream_name, position, type, data, id)
  select s, e + 1, t, d, i from unnest(p_id, p_stream, p_expected, p_type, p_data) as u(i, s, e, t, d)
$$;
