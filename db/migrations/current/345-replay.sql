-- What each row of a training set was, in eight bytes: enough to name the rows that do not come back.
create table if not exists ml.training_set_digest (
  training_set_id bigint not null references ml.training_set,
  instrument_id bigint not null,
  ts timestamptz[] not null,
  digests bytea not null,
  primary key (instrument_id, training_set_id),
  constraint training_set_digest_length_check check (octet_length(digests) = 8 * cardinality(ts))
);
create index if not exists training_set_digest_training_set_id_idx on ml.training_set_digest (training_set_id);
comment on table ml.training_set_digest is 'A short digest of each row of a training set, packed by instrument. The hash in ml.training_set proves that all rows come back; these name the rows that do not. Append-only.';
comment on column ml.training_set_digest.training_set_id is 'Training set.';
comment on column ml.training_set_digest.instrument_id is 'Instrument.';
comment on column ml.training_set_digest.ts is 'Starts of the bars of its rows, in order.';
comment on column ml.training_set_digest.digests is 'For each of them the first 8 bytes of ml.hash_training_row, one after the other.';

drop function if exists ml.training_rows(bigint);
drop function if exists ml.verify_training_set(bigint);
drop function if exists ml.replay(bigint, timestamptz, integer);
drop type if exists ml.replay_result;
drop type if exists ml.row_difference;

create type ml.row_difference as (
  symbol text,
  ts timestamptz,
  change text,
  name text,
  old_value double precision,
  new_value double precision,
  instrument_id bigint
);
comment on type ml.row_difference is 'What is different in a row of a training set that was made again.';
comment on column ml.row_difference.symbol is 'Symbol of the instrument.';
comment on column ml.row_difference.ts is 'Start of the bar.';
comment on column ml.row_difference.change is 'missing: the row does not come back. added: it was not there. changed: it came back with another value.';
comment on column ml.row_difference.name is 'Feature that has another value, or label, label_end or decision_time (in seconds since 1970); null where the whole row is meant.';
comment on column ml.row_difference.old_value is 'Value in the training set; null where it had none or it is not kept.';
comment on column ml.row_difference.new_value is 'Value that came back; null where none did.';
comment on column ml.row_difference.instrument_id is 'Instrument.';

create type ml.replay_result as (
  training_set_id bigint,
  is_same boolean,
  known_at timestamptz,
  row_count bigint,
  replayed_row_count bigint,
  data_hash text,
  replayed_hash text,
  difference_count bigint,
  differences ml.row_difference[]
);
comment on type ml.replay_result is 'What came of making the rows of a training set again.';
comment on column ml.replay_result.training_set_id is 'Training set.';
comment on column ml.replay_result.is_same is 'True where the same rows came back, bit for bit.';
comment on column ml.replay_result.known_at is 'Until when recorded data was used.';
comment on column ml.replay_result.row_count is 'Rows of the training set.';
comment on column ml.replay_result.replayed_row_count is 'Rows that came back.';
comment on column ml.replay_result.data_hash is 'Hash of the rows when the set was drawn.';
comment on column ml.replay_result.replayed_hash is 'Hash of the rows that came back.';
comment on column ml.replay_result.difference_count is 'How many differences there are.';
comment on column ml.replay_result.differences is 'The first of them, in order of symbol, bar and feature.';
