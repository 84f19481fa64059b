-- The hash of one row of a training set.
create or replace function ml.hash_training_row(p_symbol text, p_row ml.training_row) returns bytea
language sql stable parallel safe
return sha256(
  convert_to(p_symbol, 'UTF8')
  || timestamptz_send((p_row).ts)
  || timestamptz_send((p_row).decision_time)
  || array_send((p_row).features)
  || float8send((p_row).label)
  || timestamptz_send((p_row).label_end)
);

comment on function ml.hash_training_row(text, ml.training_row) is
'sha256 over symbol, ts, decision_time, features, label and label_end of a row of a training set, in their binary form. NULL where one of them is.';

revoke all on function ml.hash_training_row(text, ml.training_row) from public;
grant execute on function ml.hash_training_row(text, ml.training_row) to marketbase_analyst;
