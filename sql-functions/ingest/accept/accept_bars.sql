-- Candidates that passed become bars; content decides whether anything changes.
create or replace function ingest.accept_bars(p_run_id bigint, p_raw_response_id bigint) returns ingest.acceptance
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
set work_mem to '64MB'
as $$
declare
  response record;
  outcome ingest.acceptance;
begin
  select raw_response.provider, raw_response.fetched_at, provider.priority into response
  from ingest.raw_response
  join ingest.provider using (provider)
  where raw_response.raw_response_id = p_raw_response_id;

  -- One writer per instrument at a time, always in the same order.
  perform pg_advisory_xact_lock(hashtextextended('market.price_data ' || touched.instrument_id, 0))
  from (
    select distinct candidate.instrument_id
    from ingest.candidate_bar candidate
    where candidate.raw_response_id = p_raw_response_id
    order by candidate.instrument_id
  ) as touched;

  -- A changed bar. Prices and volume must be equal to the bit: providers send the same double again as long as they mean the same.
  -- The adjusted close alone may differ by one part in a million: Yahoo computes it anew for each request in single precision, so that
  -- one window fetched six times gives values up to 1.5e-5 apart, which is no restatement.
  -- A body older than the one behind the stored bar cannot correct it, nor can a provider of lower priority.
  update market.price_data as current
  set
    session_date = candidate.session_date, open = candidate.open, high = candidate.high, low = candidate.low, close = candidate.close,
    volume = candidate.volume, adjusted_close = candidate.adjusted_close,
    known_from = greatest(response.fetched_at, current.known_from),
    provider = response.provider, raw_response_id = p_raw_response_id, run_id = p_run_id
  from (
    select distinct on (bar.instrument_id, bar.bar_interval, bar.ts) bar.*
    from ingest.candidate_bar bar
    where bar.raw_response_id = p_raw_response_id
    order by bar.instrument_id, bar.bar_interval, bar.ts, bar.row_no
  ) as candidate, ingest.provider current_provider, ingest.raw_response current_response
  where current.instrument_id = candidate.instrument_id and current.bar_interval = candidate.bar_interval and current.ts = candidate.ts
    and current_provider.provider = current.provider and response.priority <= current_provider.priority
    and current_response.raw_response_id = current.raw_response_id and current_response.fetched_at <= response.fetched_at
    and (
      (current.open, current.high, current.low, current.close, current.volume)
        is distinct from (candidate.open, candidate.high, candidate.low, candidate.close, candidate.volume)
      or candidate.adjusted_close is not null and current.adjusted_close is null
      or abs(candidate.adjusted_close - current.adjusted_close) > 1e-6 * abs(current.adjusted_close)
    );
  get diagnostics outcome.changed_count = row_count;

  -- A new bar could be known from the close of its session; a bar of another length from its own end.
  insert into market.price_data (
    instrument_id, bar_interval, ts, session_date, open, high, low, close, volume, adjusted_close, version,
    known_from, provider, raw_response_id, run_id
  )
  select
    candidate.instrument_id, candidate.bar_interval, candidate.ts, candidate.session_date, candidate.open, candidate.high, candidate.low,
    candidate.close, candidate.volume, candidate.adjusted_close,
    1 + coalesce((
      select max(history.version)
      from market.price_data_history history
      where history.instrument_id = candidate.instrument_id and history.bar_interval = candidate.bar_interval and history.ts = candidate.ts
    ), 0),
    case candidate.bar_interval
      when '1d' then coalesce(session.close_at, (candidate.session_date + 1)::timestamp at time zone exchange.time_zone)
      when '1w' then (candidate.session_date + 7)::timestamp at time zone exchange.time_zone
      when '1mo' then (candidate.session_date + interval '1 month') at time zone exchange.time_zone
      else candidate.ts + replace(candidate.bar_interval, 'm', 'min')::interval
    end,
    response.provider, p_raw_response_id, p_run_id
  from (
    select distinct on (bar.instrument_id, bar.bar_interval, bar.ts) bar.*
    from ingest.candidate_bar bar
    where bar.raw_response_id = p_raw_response_id
    order by bar.instrument_id, bar.bar_interval, bar.ts, bar.row_no
  ) as candidate
  join market.instrument on instrument.instrument_id = candidate.instrument_id
  join market.exchange on exchange.mic = instrument.mic
  left join market.trading_session session on session.mic = instrument.mic and session.session_date = candidate.session_date
  on conflict (instrument_id, bar_interval, ts) do nothing;
  get diagnostics outcome.new_count = row_count;

  select count(*) - outcome.new_count - outcome.changed_count into outcome.unchanged_count
  from ingest.candidate_bar
  where candidate_bar.raw_response_id = p_raw_response_id;
  return outcome;
end
$$;

comment on function ingest.accept_bars(bigint, bigint) is
'Takes the candidates of a body into market.price_data: new bars, new versions of changed ones, nothing for those that are there already; equal duplicates within the body count once. Returns the counts.
A first version is known from the close of its session, a correction from the arrival of its body. A provider with a greater priority number or an older body does not replace what is stored.
Prices and volume are compared exactly, the adjusted close within one part in a million. The caller has taken out the rows that failed a critical rule.';

revoke all on function ingest.accept_bars(bigint, bigint) from public;
grant execute on function ingest.accept_bars(bigint, bigint) to marketbase_worker;
