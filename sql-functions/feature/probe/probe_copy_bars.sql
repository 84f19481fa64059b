-- Copies the bars of probed instruments as they were known at a moment, under the identities of the copies.
create or replace function feature.probe_copy_bars(p_worlds feature.probe_world[], p_bar_interval text, p_depth integer) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  -- All copies name one body and one run, so that the trigger of lineage has few edges to write.
  origin record;
begin
  select bar.raw_response_id, bar.run_id
  into origin
  from market.price_data as bar
  where bar.instrument_id in (select world.instrument_id from unnest(p_worlds) as world) and bar.bar_interval = p_bar_interval
  limit 1;

  insert into market.price_data (
    instrument_id, bar_interval, ts, session_date, open, high, low, close, volume, adjusted_close, version, known_from, provider, raw_response_id, run_id
  )
  select
    world.copy_id, p_bar_interval, known.ts, known.session_date, known.open, known.high, known.low, known.close, known.volume, known.adjusted_close,
    known.version, known.known_from, known.provider, origin.raw_response_id, origin.run_id
  from unnest(p_worlds) as world
  cross join lateral (
    (
      -- The current version, unless it was not there yet. One that came back counts from when the one before it was given up.
      select
        bar.ts, bar.session_date, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.adjusted_close, bar.version, bar.known_from, bar.provider
      from market.price_data as bar
      where bar.instrument_id = world.instrument_id and bar.bar_interval = p_bar_interval and bar.ts <= world.ts and bar.known_from <= world.known_at
        and not exists (
          select
          from market.price_data_history as closed
          where closed.instrument_id = bar.instrument_id and closed.bar_interval = bar.bar_interval and closed.ts = bar.ts
            and closed.known_to > world.known_at
        )
      order by bar.ts desc
      limit p_depth
    )
    union all
    (
      select
        bar.ts, bar.session_date, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.adjusted_close, bar.version, bar.known_from, bar.provider
      from market.price_data_history as bar
      where bar.instrument_id = world.instrument_id and bar.bar_interval = p_bar_interval and bar.ts <= world.ts
        and bar.known_from <= world.known_at and bar.known_to > world.known_at
        and not exists (
          select
          from market.price_data_history as earlier
          where earlier.instrument_id = bar.instrument_id and earlier.bar_interval = bar.bar_interval and earlier.ts = bar.ts
            and earlier.version < bar.version and earlier.known_to > world.known_at
        )
      order by bar.ts desc
      limit p_depth
    )
    order by ts desc
    limit p_depth
  ) as known;

  insert into market.price_data_history (
    instrument_id, bar_interval, ts, version, session_date, open, high, low, close, volume, adjusted_close, known_from, known_to, recorded_at,
    provider, raw_response_id, run_id
  )
  select
    world.copy_id, bar.bar_interval, bar.ts, bar.version, bar.session_date, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.adjusted_close,
    bar.known_from, bar.known_to, bar.recorded_at, bar.provider, origin.raw_response_id, origin.run_id
  from unnest(p_worlds) as world
  join market.price_data_history as bar
    on bar.instrument_id = world.instrument_id and bar.bar_interval = p_bar_interval and bar.ts <= world.ts and bar.known_to <= world.known_at;
end
$$;

comment on function feature.probe_copy_bars(feature.probe_world[], text, integer) is
'For each of p_worlds: the bars of length p_bar_interval up to its ts in the version that was known at known_at, the last p_depth of them (NULL: all), and the versions that were closed by then; stored under copy_id. Bars and versions that became known later are left out, and what was deleted later is there.';

revoke all on function feature.probe_copy_bars(feature.probe_world[], text, integer) from public;
grant execute on function feature.probe_copy_bars(feature.probe_world[], text, integer) to marketbase_worker;
