-- Bars of any length, made of the bars that are stored.
create or replace function market.candles(
  p_symbol text,
  p_bar_interval text,
  p_from date default null,
  p_to date default null,
  p_source_interval text default null,
  p_as_of timestamptz default null
) returns setof market.candle
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
-- A plan for any dates would read the bars of all instruments by their session.
set plan_cache_mode to force_custom_plan
as $$
declare
  asked_id constant bigint := market.instrument_id(p_symbol);
  length constant interval := market.bar_length(p_bar_interval);
  moment constant timestamptz := coalesce(p_as_of, now());
  asked market.instrument;
  source text;
  source_length interval;
  first_date date;
  last_date date;
begin
  select * into asked from market.instrument where instrument_id = asked_id;

  -- The longest stored bars that fit: minutes that divide the length, days into anything longer, weeks and months only into themselves and their multiples.
  select stored.bar_interval, bar.span into source, source_length
  from unnest('{1mo,1w,1d,1h,30m,15m,5m,1m}'::text[]) with ordinality as stored (bar_interval, position)
  cross join lateral (select market.bar_length(stored.bar_interval) as span) as bar
  where coalesce(p_source_interval, stored.bar_interval) = stored.bar_interval
    and case
      when bar.span < interval '1 day' then
        length >= interval '1 day' or extract(epoch from length)::integer % extract(epoch from bar.span)::integer = 0
      when bar.span = interval '1 day' then length >= interval '1 day'
      when bar.span = interval '1 month' then length >= interval '1 month'
      else length = bar.span
    end
    and exists (select from market.price_data where instrument_id = asked_id and price_data.bar_interval = stored.bar_interval)
  order by stored.position
  limit 1;
  if source is null then
    raise exception using
      errcode = case when p_source_interval is null then 'MB007' else 'MB001' end,
      message = format('There are no bars of %s from which candles of %s can be made.', asked.symbol, coalesce(p_bar_interval, 'NULL')),
      hint = coalesce(
        'Stored are ' || (
          select string_agg(interval_name, ', ')
          from unnest('{1m,5m,15m,30m,1h,1d,1w,1mo}'::text[]) as interval_name
          where exists (select from market.price_data where instrument_id = asked_id and bar_interval = interval_name)
        ) || '; their length has to divide that of the candle.',
        'Nothing is stored for it yet: marketbase ingest.'
      );
  end if;

  -- Candles are given whole, also where a limit lies within one.
  first_date := market.bar_start(length, p_from);
  last_date := market.bar_start(length, p_to, 1) - 1;

  -- The first and the last bar by time, which the key finds at once.
  if first_date is null then
    select market.bar_start(length, bar.session_date) into first_date
    from market.price_data as bar where bar.instrument_id = asked_id and bar.bar_interval = source order by bar.ts limit 1;
  end if;
  if last_date is null then
    select market.bar_start(length, bar.session_date, 1) - 1 into last_date
    from market.price_data as bar where bar.instrument_id = asked_id and bar.bar_interval = source order by bar.ts desc limit 1;
  end if;

  return query
    with session as materialized (
      select hours.session_date, hours.open_at, hours.close_at, hours.break_start, hours.break_end
      from market.session_hours(asked.mic, first_date, last_date) as hours
    ), bar as (
      select
        version.*,
        case
          when length < interval '1 day' then date_bin(length, version.ts, part.open_at)
          else market.bar_start(length, version.session_date)::timestamp at time zone 'UTC'
        end as candle_ts
      from market.price_data_version as version
      join session using (session_date)
      cross join lateral (select case when version.ts >= session.break_end then session.break_end else session.open_at end as open_at) as part
      where version.instrument_id = asked_id and version.bar_interval = source
        -- A bar starts within two days of its session's date, wherever the exchange is: the key finds it.
        and version.ts >= first_date - interval '2 days' and version.ts < last_date + interval '3 days'
        and version.known_from <= moment and (version.known_to is null or version.known_to > moment)
        and (
          source_length >= interval '1 day'
          or version.ts >= session.open_at and version.ts < session.close_at
            and (version.ts >= session.break_start and version.ts < session.break_end) is not true
        )
    ), made as (
      -- The first and the last bar are those of the earliest and the latest ts; no two bars of one length share one.
      select
        bar.candle_ts,
        (array_agg(bar.open order by bar.ts))[1] as open,
        max(bar.high) as high,
        min(bar.low) as low,
        (array_agg(bar.close order by bar.ts))[count(*)::integer] as close,
        sum(bar.volume order by bar.ts) as volume,
        (array_agg(bar.adjusted_close order by bar.ts))[count(*)::integer] as adjusted_close,
        count(*)::integer as bar_count,
        max(bar.ts) as last_ts,
        max(bar.session_date) as last_bar_date,
        max(bar.known_from) as known_from
      from bar
      group by bar.candle_ts
    ), expected as (
      -- How many bars the sessions of a long candle have.
      select
        market.bar_start(length, session.session_date)::timestamp at time zone 'UTC' as candle_ts,
        case
          when source_length < interval '1 day' then sum(
            ceil(extract(epoch from coalesce(session.break_start, session.close_at) - session.open_at) / extract(epoch from source_length))
            + coalesce(ceil(extract(epoch from session.close_at - session.break_end) / extract(epoch from source_length)), 0)
          )
          else count(distinct market.bar_start(source_length, session.session_date))
        end::integer as bar_count
      from session
      where length >= interval '1 day'
      group by candle_ts
    ), slot as (
      select
        slot.*,
        case
          when length < interval '1 day' then ceil(extract(epoch from slot.ends_at - slot.ts) / extract(epoch from source_length))::integer
          else expected.bar_count
        end as expected_count
      from market.bar_slots(asked.mic, p_bar_interval, first_date, last_date) as slot
      left join expected on expected.candle_ts = slot.ts
    )
    select
      asked_id, asked.symbol, p_bar_interval, slot.ts, slot.ends_at, slot.session_date, slot.last_session_date,
      made.open, made.high, made.low, made.close, made.volume, made.adjusted_close, source, made.bar_count, slot.expected_count,
      slot.ends_at > moment or slot.ts = max(slot.ts) over () and case
        when source_length < interval '1 day' then made.last_ts + source_length < slot.ends_at
        else market.bar_start(source_length, made.last_bar_date) < market.bar_start(source_length, slot.last_session_date)
      end,
      made.known_from
    from made
    join slot on slot.ts = made.candle_ts
    order by slot.ts;
end
$$;

comment on function market.candles(text, text, date, date, text, timestamptz) is
'Candles of p_symbol of any length, made of the bars that are stored: p_bar_interval is 5m, 90 minutes, 4h, 1d, 1w, 1mo, 1q, 1y (see market.bar_length). Open of the first bar, highest high, lowest low, close of the last bar, sum of the volumes.
Within a session candles are counted from its open, after a break anew, and the last one ends with the session, also on a half day; days, weeks (from Monday), months, quarters and years hold the sessions whose date lies in them.
p_from, p_to: sessions, both included (NULL: no limit); a candle is given whole where a limit lies within it. p_source_interval: bars to make them of (NULL: the longest stored ones that fit).
p_as_of: what could be known at that moment (NULL: now). A candle that is not over by then, or at the end of the data is not complete, has is_partial; bar_count below expected_count shows bars that are missing.
Bars outside the sessions of the calendar are left out; where the calendar does not reach every weekday counts, where no hours are known the whole day. A candle without a bar is absent: market.gap_fill shows those.
MB002 for an unknown symbol, MB001 for a length that cannot be or a source that does not fit, MB007 where no bars are stored that fit.';

revoke all on function market.candles(text, text, date, date, text, timestamptz) from public;
grant execute on function market.candles(text, text, date, date, text, timestamptz) to marketbase_reader;
