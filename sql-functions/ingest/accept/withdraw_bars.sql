-- What a body no longer holds when it is read again is taken back; what another provider said takes its place.
create or replace function ingest.withdraw_bars(p_run_id bigint, p_raw_response_id bigint) returns bigint
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  gone market.price_data[];
begin
  perform set_config(
    'marketbase.closed_reason', format('body %s, read again in run %s, no longer holds it', p_raw_response_id, p_run_id), true);
  with deleted as (
    delete from market.price_data as bar
    where bar.raw_response_id = p_raw_response_id
      and not exists (
        select
        from ingest.candidate_bar candidate
        where candidate.raw_response_id = p_raw_response_id
          and candidate.instrument_id = bar.instrument_id and candidate.bar_interval = bar.bar_interval and candidate.ts = bar.ts
      )
    returning bar.*
  )
  select array_agg(deleted::market.price_data) into gone from deleted;
  perform set_config('marketbase.closed_reason', '', true);
  if gone is null then
    return 0;
  end if;

  insert into lineage.data_lineage (
    run_id, source_relation, source_id, target_relation, target_instrument_id, target_from, target_to,
    row_count, operation, transformation, transformation_version
  )
  select
    p_run_id, 'ingest.raw_response', p_raw_response_id, 'market.price_data', bar.instrument_id, min(bar.ts), max(bar.ts),
    count(*), 'delete', 'ingest.withdraw_bars', internal.function_version('ingest.withdraw_bars(bigint, bigint)'::regprocedure)
  from unnest(gone) as bar
  group by bar.instrument_id;

  insert into market.price_data (
    instrument_id, bar_interval, ts, session_date, open, high, low, close, volume, adjusted_close, version, known_from, provider, raw_response_id, run_id
  )
  select
    bar.instrument_id, bar.bar_interval, bar.ts, other.session_date, other.open, other.high, other.low, other.close, other.volume, other.adjusted_close,
    bar.version + 1, greatest(bar.known_from, now()), other.provider, other.raw_response_id, p_run_id
  from unnest(gone) as bar
  cross join lateral (
    select said.*
    from market.price_observation said
    join ingest.provider using (provider)
    where said.instrument_id = bar.instrument_id and said.bar_interval = bar.bar_interval and said.ts = bar.ts
      and said.raw_response_id <> p_raw_response_id
    order by provider.priority, said.known_from desc
    limit 1
  ) as other;
  return cardinality(gone);
end
$$;

comment on function ingest.withdraw_bars(bigint, bigint) is
'Takes back the current bars that rest on a body and are not among its candidates, as when it is read again by a normaliser that no longer finds them, and returns how many: their versions end now, with the reason in market.price_data_history.closed_reason
and an edge of lineage. Where market.price_observation has the word of another body, that of the best provider takes their place.
For the owner alone: no other role takes bars back.';

revoke all on function ingest.withdraw_bars(bigint, bigint) from public;
