-- A series is known from its first body on; its description comes when it comes.
create or replace function ingest.accept_macro_series(p_run_id bigint, p_raw_response_id bigint, p_series text, p_described jsonb) returns ingest.acceptance
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  outcome ingest.acceptance;
  last_update timestamptz := case when pg_input_is_valid(p_described ->> 'last_updated', 'timestamptz') then (p_described ->> 'last_updated')::timestamptz end;
begin
  if p_series !~ '^[A-Z0-9][A-Z0-9_.-]{0,63}$' then
    raise exception using
      errcode = 'MB001',
      message = format('"%s" cannot be the name of a series', left(p_series, 40)),
      hint = 'A name has up to 64 letters, digits and . _ -';
  end if;
  insert into market.macro_series (series, provider, title, units, frequency, seasonal_adjustment, last_updated, raw_response_id, run_id)
  select
    p_series, response.provider, p_described ->> 'title', p_described ->> 'units', p_described ->> 'frequency', p_described ->> 'seasonal_adjustment',
    last_update, p_raw_response_id, p_run_id
  from ingest.raw_response response
  where response.raw_response_id = p_raw_response_id
  on conflict (series) do nothing;
  get diagnostics outcome.new_count = row_count;
  outcome.changed_count := 0;
  if outcome.new_count = 0 and p_described is not null then
    update market.macro_series as known
    set
      title = p_described ->> 'title', units = p_described ->> 'units', frequency = p_described ->> 'frequency',
      seasonal_adjustment = p_described ->> 'seasonal_adjustment', last_updated = last_update, raw_response_id = p_raw_response_id, run_id = p_run_id
    where known.series = p_series and (last_update >= known.last_updated) is not false
      and (known.title, known.units, known.frequency, known.seasonal_adjustment, known.last_updated) is distinct from
        (p_described ->> 'title', p_described ->> 'units', p_described ->> 'frequency', p_described ->> 'seasonal_adjustment', last_update);
    get diagnostics outcome.changed_count = row_count;
  end if;
  outcome.unchanged_count := 1 - outcome.new_count - outcome.changed_count;
  return outcome;
end
$$;

comment on function ingest.accept_macro_series(bigint, bigint, text, jsonb) is
'Adds the series p_series to market.macro_series where it is new, and takes over its description p_described (title, units, frequency, seasonal_adjustment, last_updated), unless an older one than is known; NULL where the body has none. Returns the counts. MB001 for an impossible name.';

revoke all on function ingest.accept_macro_series(bigint, bigint, text, jsonb) from public;
grant execute on function ingest.accept_macro_series(bigint, bigint, text, jsonb) to marketbase_worker;
