-- The version of a set that is in force, or a helpful refusal.
create or replace function feature.current_set(
  p_set text,
  out feature_set_id bigint,
  out bar_interval text,
  out feature_set_version_id bigint,
  out version text,
  out feature_names text[],
  out lookback integer,
  out compiled_sql text
)
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  select
    known.feature_set_id, known.bar_interval, current.feature_set_version_id, current.version, current.feature_names, current.lookback,
    current.compiled_sql
  into feature_set_id, bar_interval, feature_set_version_id, version, feature_names, lookback, compiled_sql
  from feature.feature_set as known
  join feature.feature_set_version as current using (feature_set_id)
  where known.name = p_set and current.is_current;
  if not found then
    raise exception using
      errcode = 'MB003',
      message = format('There is no feature set %L.', left(p_set, 80)),
      hint = coalesce((select format('There are: %s.', string_agg(known.name, ', ' order by known.name)) from feature.feature_set as known), 'None is defined yet.');
  end if;
end
$$;

comment on function feature.current_set(text) is
'The set p_set with its version in force. Errors: MB003 for an unknown set, with the known ones in the hint.';

revoke all on function feature.current_set(text) from public;
grant execute on function feature.current_set(text) to marketbase_reader;
