-- When each bar was over: what was known by then may go with it.
create or replace function feature.closing_bars(
  p_instrument_ids bigint[],
  p_bar_interval text default '1d',
  p_from_ts timestamptz[] default null,
  p_to_ts timestamptz[] default null
) returns table (
  instrument_id bigint,
  ts timestamptz,
  session_date date,
  mic text,
  closes_at timestamptz,
  close double precision,
  split_basis date
)
language sql stable parallel safe
rows 10000
-- Planned by itself: what calls it knows little about its arrays.
set enable_nestloop to on
begin atomic
  select
    bar.instrument_id, bar.ts, bar.session_date, instrument.mic,
    case
      when span.length < interval '1 day' then bar.ts + span.length
      when span.length = interval '1 day' then coalesce(
        (select session.close_at from market.trading_session as session where session.mic = instrument.mic and session.session_date = bar.session_date),
        (bar.session_date + 1)::timestamp at time zone exchange.time_zone
      )
      else (
        select max(hours.close_at)
        from market.session_hours(
          instrument.mic, market.bar_start(span.length, bar.session_date), market.bar_start(span.length, bar.session_date, 1) - 1
        ) as hours
      )
    end,
    bar.close,
    greatest(bar.session_date, case
      when response.raw_response_id is not null then
        least(coalesce(response.splits_adjusted_to, provider.splits_adjusted_to), (response.fetched_at at time zone exchange.time_zone)::date)
    end)
  from (select market.bar_length(p_bar_interval) as length) as span
  cross join unnest(p_instrument_ids, p_from_ts, p_to_ts) as asked (instrument_id, from_ts, to_ts)
  join market.instrument using (instrument_id)
  join market.exchange using (mic)
  join market.price_data as bar
    on bar.instrument_id = asked.instrument_id and bar.bar_interval = p_bar_interval
    and bar.ts between coalesce(asked.from_ts, '-infinity') and coalesce(asked.to_ts, 'infinity')
  join ingest.provider on provider.provider = bar.provider
  left join ingest.raw_response as response
    on response.raw_response_id = bar.raw_response_id and coalesce(response.price_basis, provider.price_basis) <> 'raw';
end;

comment on function feature.closing_bars(bigint[], text, timestamptz[], timestamptz[]) is
'The current bars of p_instrument_ids of length p_bar_interval, from p_from_ts to p_to_ts (as long as p_instrument_ids; NULL, or a NULL element: no limit), with the moment at which each was over:
the close of its session (by rules or from a file), of its last session for weeks and months, ts and the length for bars within a session. A correction does not move it.
split_basis: the day in whose shares the close counts, that of the session unless the provider adjusts its prices for later splits.';

revoke all on function feature.closing_bars(bigint[], text, timestamptz[], timestamptz[]) from public;
grant execute on function feature.closing_bars(bigint[], text, timestamptz[], timestamptz[]) to marketbase_analyst;
