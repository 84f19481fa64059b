-- Makes the rows of a training set again and compares their hash.
create or replace function ml.verify_training_set(p_training_set_id bigint) returns boolean
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_set ml.training_set;
begin
  select * into v_set from ml.training_set where training_set_id = p_training_set_id;
  if not found then
    raise exception using
      errcode = 'MB001',
      message = format('there is no training set %s', p_training_set_id),
      hint = 'The training sets are the rows of ml.training_set.';
  end if;
  return v_set.data_hash = ml.hash_training_rows(
    v_set.feature_set_version_id,
    array(select training from ml.training_rows(p_training_set_id) as training)
  );
end
$$;

comment on function ml.verify_training_set(bigint) is
'True where the rows of training set p_training_set_id, made again from the versions recorded at its known_at, have the hash that was stored; false means that
history was changed behind the versions. MB001 for an unknown id.';

revoke all on function ml.verify_training_set(bigint) from public;
grant execute on function ml.verify_training_set(bigint) to marketbase_analyst;
