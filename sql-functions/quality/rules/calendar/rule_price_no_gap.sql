-- Every session between the first and the last bar has one.
create or replace function quality.rule_price_no_gap(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
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
    null::bigint,
    bar.instrument_id,
    missing.session_date::timestamp at time zone 'UTC',
    jsonb_build_object('session_date', missing.session_date),
    '{}'::jsonb,
    format('a bar for each session of %s', calendar.mic),
    format('The session of %s has no bar.', missing.session_date)
  from calendar
  join market.instrument as instrument on instrument.mic = calendar.mic and instrument.instrument_id = any (p_instrument_ids)
  cross join lateral quality.judged_bars(array[instrument.instrument_id], p_from, p_to) as bar
  cross join lateral unnest(
    calendar.dates[width_bucket(bar.previous_date, calendar.dates) + 1 : width_bucket(bar.session_date - 1, calendar.dates)]
  ) as missing (session_date)
  where bar.bar_interval = '1d'
    and bar.session_date > bar.previous_date + 1
    and width_bucket(bar.session_date - 1, calendar.dates) > width_bucket(bar.previous_date, calendar.dates);
end;

comment on function quality.rule_price_no_gap(bigint[], timestamptz, timestamptz, jsonb) is
'Sessions (market.session_dates) between the first and the last daily bar that have no bar; one violation per session. Where there are bars before p_from, those between old and new bars too. checked_count counts the sessions that are expected. Instruments of an exchange of which only the weekdays are known are not judged. p_parameters is not used.';

revoke all on function quality.rule_price_no_gap(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_price_no_gap(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_no_gap', 'price_data', 'calendar', 'warning', '{}',
  'A session of the exchange has no bar: features that look back count the wrong number of days.',
  'Fetch the span again, or from another provider. A halted or not yet listed instrument has no bar by right.',
  'session'
);
