-- The candidates of a body as the bars that they are when nobody knew them before.
create or replace function ingest.first_bars(p_run_id bigint, p_raw_response_id bigint, p_has_history boolean) returns table (
  instrument_id bigint, bar_interval text, ts timestamptz, session_date date, open double precision, high double precision, low double precision,
  close double precision, volume double precision, adjusted_close double precision, version integer, known_from timestamptz, provider text,
  raw_response_id bigint, run_id bigint
)
language sql stable parallel safe
rows 1000
begin atomic
  select
    candidate.instrument_id, candidate.bar_interval, candidate.ts, candidate.session_date, candidate.open, candidate.high, candidate.low,
    candidate.close, candidate.volume, candidate.adjusted_close,
    -- A bar that was deleted goes on with the next number.
    case
      when p_has_history then 1 + coalesce((
        select max(history.version)
        from market.price_data_history history
        where history.instrument_id = candidate.instrument_id and history.bar_interval = candidate.bar_interval and history.ts = candidate.ts
      ), 0)
      else 1
    end,
    case candidate.bar_interval
      when '1d' then coalesce(session.close_at, (candidate.session_date + 1)::timestamp at time zone place.time_zone)
      else case
        when market.bar_span(candidate.bar_interval) < interval '1 day' then candidate.ts + market.bar_span(candidate.bar_interval)
        else (candidate.session_date + market.bar_span(candidate.bar_interval)) at time zone place.time_zone
      end
    end,
    response.provider, p_raw_response_id, p_run_id
  from (
    -- Of equal rows the first counts.
    select bar.*
    from ingest.candidate_bar bar
    where bar.raw_response_id = p_raw_response_id
    order by bar.row_no
  ) as candidate
  join ingest.raw_response response on response.raw_response_id = p_raw_response_id
  join (
    select instrument.instrument_id, exchange.mic, exchange.time_zone from market.instrument join market.exchange using (mic) offset 0
  ) as place using (instrument_id)
  left join market.trading_session session on session.mic = place.mic and session.session_date = candidate.session_date;
end;

comment on function ingest.first_bars(bigint, bigint, boolean) is
'The candidates of the body p_raw_response_id as bars of the run p_run_id, in the order of the body: known from the close of their session, a bar of another length from its own end; version 1, where p_has_history says that there are closed versions
the one after the last of them. No row for NULL.';

revoke all on function ingest.first_bars(bigint, bigint, boolean) from public;
grant execute on function ingest.first_bars(bigint, bigint, boolean) to marketbase_worker;
