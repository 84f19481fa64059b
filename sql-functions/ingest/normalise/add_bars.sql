-- What a normaliser has read of its bars becomes candidates; the same rules for every provider.
create or replace function ingest.add_bars(p_raw_response_id bigint, p_instrument_id bigint, p_bar_interval text, p_bars ingest.bar_reading[]) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  span interval := market.bar_span(p_bar_interval);
  response record;
  place record;
begin
  select raw_response.subject, raw_response.fetched_at into response
  from ingest.raw_response
  where raw_response.raw_response_id = p_raw_response_id;
  select exchange.mic, exchange.time_zone into place
  from market.instrument
  join market.exchange using (mic)
  where instrument.instrument_id = p_instrument_id;

  insert into ingest.candidate_bar (
    raw_response_id, row_no, symbol, instrument_id, bar_interval, ts, session_date, open, high, low, close, volume, adjusted_close, payload
  )
  select
    p_raw_response_id, bar.row_no, upper(response.subject), p_instrument_id, p_bar_interval, bar.ts, bar.session_date,
    bar.open, bar.high, bar.low, bar.close, bar.volume, bar.adjusted_close,
    case
      when num_nulls(bar.ts, bar.open, bar.high, bar.low, bar.close, bar.volume) > 0 or bar.adjusted_close is null and bar.adjusted_text is not null then
        jsonb_build_object('row', bar.source, 'problem', (
          select string_agg(
            case when field.written is null then format('%s is missing', field.name) else format('%s "%s" cannot be read', field.name, left(field.written, 40)) end,
            ', ' order by field.position)
          from (
            values
              (1, 'time', bar.time_text, bar.ts is null), (2, 'open', bar.open_text, bar.open is null), (3, 'high', bar.high_text, bar.high is null),
              (4, 'low', bar.low_text, bar.low is null), (5, 'close', bar.close_text, bar.close is null), (6, 'volume', bar.volume_text, bar.volume is null),
              (7, 'adjusted close', bar.adjusted_text, bar.adjusted_close is null and bar.adjusted_text is not null)
          ) as field (position, name, written, is_bad)
          where field.is_bad
        ))
    end
  from (
    select
      reading.row_no, reading.source, reading.open as open_text, reading.high as high_text, reading.low as low_text, reading.close as close_text,
      reading.volume as volume_text, reading.adjusted_close as adjusted_text,
      left(coalesce(reading.source ->> 'time', reading.source::text), 60) as time_text,
      case when span >= interval '1 day' then reading.session_date::timestamp at time zone 'UTC' else reading.starts_at end as ts,
      case when span >= interval '1 day' then reading.session_date else (reading.starts_at at time zone place.time_zone)::date end as session_date,
      case when ingest.is_finite_number(reading.open) then reading.open::double precision end as open,
      case when ingest.is_finite_number(reading.high) then reading.high::double precision end as high,
      case when ingest.is_finite_number(reading.low) then reading.low::double precision end as low,
      case when ingest.is_finite_number(reading.close) then reading.close::double precision end as close,
      case when ingest.is_finite_number(reading.volume) then reading.volume::double precision end as volume,
      case when ingest.is_finite_number(reading.adjusted_close) then reading.adjusted_close::double precision end as adjusted_close
    from unnest(p_bars) as reading
    where num_nonnulls(reading.open, reading.high, reading.low, reading.close) > 0
    offset 0
  ) as bar
  where bar.ts is null
    or response.fetched_at >= case
      when span < interval '1 day' then bar.ts + span
      when p_bar_interval = '1d' then market.session_close(place.mic, bar.session_date)
      else (bar.session_date + span) at time zone place.time_zone
    end;
end
$$;

comment on function ingest.add_bars(bigint, bigint, text, ingest.bar_reading[]) is
'Fills ingest.candidate_bar with the bars of one instrument and length (as market.bar_interval writes it) that a normaliser read in a body. The session of a bar within a day is its date in the time zone of the exchange.
Left out are rows without any price (nothing was traded) and bars that were not over when the body arrived. What is no number, or has no time, stays NULL with its problem in payload. No row for NULL.';

revoke all on function ingest.add_bars(bigint, bigint, text, ingest.bar_reading[]) from public;
grant execute on function ingest.add_bars(bigint, bigint, text, ingest.bar_reading[]) to marketbase_worker;
