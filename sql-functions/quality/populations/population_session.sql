-- Counts the sessions on which a bar is expected.
create or replace function quality.population_session(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  with calendar as materialized (
    select exchange.mic, quality.calendar_dates(exchange.mic) as dates
    from market.exchange as exchange
    where exchange.calendar in ('sessions', 'always')
      and exists (select from market.instrument as instrument where instrument.mic = exchange.mic and instrument.instrument_id = any (p_instrument_ids))
  )
  select
    instrument.instrument_id, position.last - position.first + 1,
    calendar.dates[position.first]::timestamp at time zone 'UTC', calendar.dates[position.last]::timestamp at time zone 'UTC'
  from calendar
  join market.instrument as instrument on instrument.mic = calendar.mic and instrument.instrument_id = any (p_instrument_ids)
  cross join lateral (
    -- From the last bar before p_from on, so that a gap between old and new bars is counted.
    select
      coalesce(
        (
          select max(price.ts)
          from market.price_data as price
          where price.instrument_id = instrument.instrument_id and price.bar_interval = '1d' and price.ts < p_from
        ),
        (
          select min(price.ts)
          from market.price_data as price
          where price.instrument_id = instrument.instrument_id and price.bar_interval = '1d' and price.ts <= p_to
        )
      ) as first_ts,
      (
        select max(price.ts)
        from market.price_data as price
        where price.instrument_id = instrument.instrument_id and price.bar_interval = '1d' and price.ts <= p_to
      ) as last_ts
  ) as span
  cross join lateral (
    select
      width_bucket((span.first_ts at time zone 'UTC')::date - 1, calendar.dates) + 1 as first,
      width_bucket((span.last_ts at time zone 'UTC')::date, calendar.dates) as last
  ) as position
  where position.last >= position.first;
end;

comment on function quality.population_session(bigint[], timestamptz, timestamptz) is
'Sessions of the exchange of each instrument between its first and its last daily bar; where p_from is later, from the last bar before p_from on. Instruments without bars, or of an exchange of which only the weekdays are known, are left out.';

revoke all on function quality.population_session(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_session(bigint[], timestamptz, timestamptz) to marketbase_worker;
