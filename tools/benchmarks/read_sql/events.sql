-- The typed event table: the same events as in the product's log, in the order of entry. Kinds: history.py.
create table events (
  number bigint, kind smallint, record integer, occurred timestamptz, day date, recorded timestamptz, source text, owner text,
  pipeline text, stage text, amount bigint, currency text, level smallint, probability integer, expected date, lead integer
);
create table probabilities (pipeline text, stage text, rank integer, probability integer);
