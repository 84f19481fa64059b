-- The candidates of a body as the bars that they are when nobody knew them before.
create or replace function ingest.first_bars(
  p_run_id bigint, p_raw_response_id bigint, p_instrument_ids bigint[], p_from date, p_to date, p_has_history boolean
) returns table (
  instrument_id bigint, bar_interval text, ts timestamptz, session_date date, open double precision, high double precision, low double precision,
  close double precision, volume double precision, adjusted_close double precision, version integer, known_from timestamptz, provider text,
  raw_response_id bigint, run_id bigint
)
language sql stable parallel safe
rows 1000
begin atomic
  with earlier as materialized (
    select before.instrument_id, before.bar_interval, range_agg(tstzrange(before.covered_from, before.covered_until, '(]')) as covered
    from ingest.covered_before(p_raw_response_id) as before
    group by before.instrument_id, before.bar_interval
  ), place as materialized (
    select instrument.instrument_id, exchange.mic, exchange.time_zone
    from market.instrument
    join market.exchange using (mic)
    where instrument.instrument_id = any (p_instrument_ids)
  )
  select
    candidate.instrument_id, candidate.bar_interval, candidate.ts, candidate.session_date, candidate.open, candidate.high, candidate.low,
    candidate.close, candidate.volume, candidate.adjusted_close,
    -- A bar that was taken back and comes again goes on where it ended.
    1 + case
      when p_has_history then coalesce((
        select max(history.version)
        from market.price_data_history history
        where history.instrument_id = candidate.instrument_id and history.bar_interval = candidate.bar_interval and history.ts = candidate.ts
      ), 0)
      else 0
    end,
    greatest(
      case
        when p_has_history then (
          select max(history.known_to)
          from market.price_data_history history
          where history.instrument_id = candidate.instrument_id and history.bar_interval = candidate.bar_interval and history.ts = candidate.ts
        )
      end,
      case when span.ends_at <@ earlier.covered then greatest(span.ends_at, response.fetched_at) else span.ends_at end
    ),
    response.provider, p_raw_response_id, p_run_id
  from (
    -- Of equal rows the first counts.
    select bar.*
    from ingest.candidate_bar bar
    where bar.raw_response_id = p_raw_response_id
    order by bar.row_no
  ) as candidate
  join ingest.raw_response response on response.raw_response_id = p_raw_response_id
  join place using (instrument_id)
  -- Where all sessions are hashed, those of all years would not fit into the cache of a processor.
  left join market.trading_session session
    on session.mic = place.mic and session.session_date = candidate.session_date and session.session_date between p_from and p_to
  left join earlier on earlier.instrument_id = candidate.instrument_id and earlier.bar_interval = candidate.bar_interval
  cross join lateral (
    select case
      when candidate.bar_interval = '1d' then coalesce(session.close_at, (candidate.session_date + 1)::timestamp at time zone place.time_zone)
      when market.bar_span(candidate.bar_interval) < interval '1 day' then candidate.ts + market.bar_span(candidate.bar_interval)
      else (candidate.session_date + market.bar_span(candidate.bar_interval)) at time zone place.time_zone
    end as ends_at
    offset 0
  ) as span;
end;

comment on function ingest.first_bars(bigint, bigint, bigint[], date, date, boolean) is
'The candidates of the body p_raw_response_id as bars of the run p_run_id, in the order of the body; p_instrument_ids are their instruments, p_from and p_to the first and last session. A bar is known from the close of its session, one of another length from its own end; one that the provider did not have when it was asked for that
time (ingest.covered_before), from the arrival of the body. Its version is 1; where p_has_history says that bars of these instruments were closed, the one after the last of its own. No row for NULL.';

revoke all on function ingest.first_bars(bigint, bigint, bigint[], date, date, boolean) from public;
grant execute on function ingest.first_bars(bigint, bigint, bigint[], date, date, boolean) to marketbase_worker;
