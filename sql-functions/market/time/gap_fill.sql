-- Every bar that should be there, with those that are missing marked or filled in.
create or replace function market.gap_fill(
  p_symbol text,
  p_bar_interval text default '1d',
  p_from date default null,
  p_to date default null,
  p_method text default 'null',
  p_max_gap integer default null,
  p_as_of timestamptz default null
) returns setof market.filled_bar
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
  first_date date;
  last_date date;
begin
  if p_method is null or p_method not in ('null', 'locf', 'linear') then
    raise exception using
      errcode = 'MB001', message = format('%L is not a way to fill gaps.', left(p_method, 40)), hint = 'It is null, locf or linear.';
  elsif p_max_gap < 0 then
    raise exception using errcode = 'MB001', message = 'The longest gap to fill is negative.', hint = 'Give a number of bars, or NULL for no limit.';
  end if;
  select * into asked from market.instrument where instrument_id = asked_id;

  -- From the bar before what was asked for to the one after it, so that gaps at the edges are seen whole.
  select
    coalesce(max(bar.session_date) filter (where bar.session_date < p_from), p_from, min(bar.session_date)),
    coalesce(min(bar.session_date) filter (where bar.session_date > p_to), p_to, max(bar.session_date))
  into first_date, last_date
  from market.price_data_version as bar
  where bar.instrument_id = asked_id and bar.bar_interval = p_bar_interval
    and bar.known_from <= moment and (bar.known_to is null or bar.known_to > moment);

  return query
    with known as (
      select
        case when length < interval '1 day' then bar.ts else market.bar_start(length, bar.session_date)::timestamp at time zone 'UTC' end as slot_ts,
        bar.open, bar.high, bar.low, bar.close, bar.volume, bar.adjusted_close, bar.known_from
      from market.price_data_version as bar
      where bar.instrument_id = asked_id and bar.bar_interval = p_bar_interval
        and bar.known_from <= moment and (bar.known_to is null or bar.known_to > moment)
        and bar.session_date between first_date and last_date
        -- A bar starts within two days of its session's date, wherever the exchange is: the key finds it.
        and bar.ts >= first_date - interval '2 days' and bar.ts < last_date + interval '3 days'
    ), slot as (
      -- A run is a bar with the missing ones after it; those before the first bar are run 0.
      select
        expected.ts, expected.session_date, expected.last_session_date, expected.ends_at, known.*,
        known.slot_ts is null as is_missing,
        count(known.slot_ts) over (order by expected.ts) as run
      from market.bar_slots(asked.mic, p_bar_interval, first_date, last_date) as expected
      left join known on known.slot_ts = expected.ts
      where expected.ends_at <= moment
    ), neighboured as (
      -- There is one bar in a run, which max finds among NULLs.
      select
        slot.*,
        (count(*) filter (where slot.is_missing) over (partition by slot.run order by slot.ts))::integer as place,
        (count(*) filter (where slot.is_missing) over this_run)::integer as run_length,
        max(slot.slot_ts) over this_run as before_ts,
        max(slot.close) over this_run as before_close,
        max(slot.adjusted_close) over this_run as before_adjusted,
        max(slot.slot_ts) over next_run as after_ts,
        max(slot.close) over next_run as after_close,
        max(slot.adjusted_close) over next_run as after_adjusted,
        max(slot.known_from) over next_run as after_known_from
      from slot
      window
        this_run as (partition by slot.run),
        next_run as (order by slot.run groups between 1 following and 1 following)
    ), filled as (
      select
        neighboured.*,
        is_missing and before_ts is not null and case p_method
          when 'locf' then place <= coalesce(p_max_gap, place)
          when 'linear' then after_ts is not null and run_length <= coalesce(p_max_gap, run_length)
          else false
        end as is_filled,
        case when p_method = 'linear' then place::double precision / (run_length + 1) else 0 end as share
      from neighboured
    ), priced as (
      select
        filled.*,
        case when is_filled then before_close + (case share when 0 then 0 else after_close - before_close end) * share end as price,
        case when is_filled then before_adjusted + (case share when 0 then 0 else after_adjusted - before_adjusted end) * share end as adjusted
      from filled
    )
    select
      asked_id, asked.symbol, p_bar_interval, priced.ts, priced.session_date,
      coalesce(priced.open, price), coalesce(priced.high, price), coalesce(priced.low, price), coalesce(priced.close, price),
      coalesce(priced.volume, case when is_filled then 0 end),
      coalesce(priced.adjusted_close, adjusted),
      is_missing,
      place,
      case when is_filled then before_ts end,
      case when is_filled and p_method = 'linear' then after_ts end,
      coalesce(priced.known_from, case when is_filled and p_method = 'linear' then greatest(after_known_from, ends_at) else ends_at end)
    from priced
    where priced.last_session_date >= coalesce(p_from, priced.last_session_date) and priced.session_date <= coalesce(p_to, priced.session_date)
    -- Runs rise with time; the windows have brought the rows into this order.
    order by priced.run, priced.ts;
end
$$;

comment on function market.gap_fill(text, text, date, date, text, integer, timestamptz) is
'The bars of length p_bar_interval that p_symbol should have from session p_from to p_to, both included (NULL: from its first, to its last bar), by the calendar of its exchange: is_missing marks those that are not there.
p_method: null leaves their prices NULL; locf carries the last close forward, with volume 0; linear draws a line, bar by bar, from the close before the gap to the close after it.
LINEAR LOOKS AHEAD: a filled price is not known before the bar after the gap is, as known_from says; never use it where only the past may count.
p_max_gap: locf fills so many bars of a gap, linear only gaps that are no longer (NULL: no limit). The bar to carry forward may lie before p_from. Nothing is filled before the first bar, and by linear after the last.
p_as_of: what could be known at that moment (NULL: now); bars that were not over by then are not expected. Bars outside the sessions of the calendar are left out. Where the calendar does not reach (New York: before 1990) every weekday counts, where no hours are known the whole day.
Convention: time_bucket_gapfill with locf and interpolate of TimescaleDB, but buckets exist only in sessions. MB002 for an unknown symbol, MB001 for another method, length or limit.';

revoke all on function market.gap_fill(text, text, date, date, text, integer, timestamptz) from public;
grant execute on function market.gap_fill(text, text, date, date, text, integer, timestamptz) to marketbase_reader;
