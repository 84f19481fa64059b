-- Prices do not stand still.
create or replace function quality.rule_price_stale_run(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  with changed as (
    select
      bar.*,
      (bar.open, bar.high, bar.low, bar.close) is distinct from (
        lag(bar.open) over in_time, lag(bar.high) over in_time, lag(bar.low) over in_time, lag(bar.close) over in_time
      ) as is_changed
    from quality.daily_bars(p_instrument_ids, p_from, p_to, (p_parameters ->> 'bars')::integer - 1) as bar
    window in_time as (partition by bar.instrument_id order by bar.bar_no)
  ),
  run as (
    select
      changed.*,
      changed.bar_no - max(changed.bar_no) filter (where changed.is_changed)
        over (partition by changed.instrument_id order by changed.bar_no) + 1 as length
    from changed
  )
  select
    null::bigint,
    run.instrument_id,
    run.ts,
    jsonb_build_object('session_date', run.session_date),
    jsonb_build_object('open', run.open, 'high', run.high, 'low', run.low, 'close', run.close, 'volume', run.volume),
    format('other prices than on each of the %s sessions before', (p_parameters ->> 'bars')::integer - 1),
    format('The prices of %s are those of each of the %s sessions before.', run.session_date, (p_parameters ->> 'bars')::integer - 1)
  from run
  where run.is_asked and run.length >= (p_parameters ->> 'bars')::bigint;
end;

comment on function quality.rule_price_stale_run(bigint[], timestamptz, timestamptz, jsonb) is
'Daily bars whose open, high, low and close are those of each of the bars - 1 bars before: the last of bars equal bars and each one after it.';

revoke all on function quality.rule_price_stale_run(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_price_stale_run(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_stale_run', 'price_data', 'prices', 'warning', '{"bars": 5}',
  'Open, high, low and close repeat for many sessions: the source may be repeating its last value.',
  'Compare with another provider; a suspended instrument stands still by right.'
);
