-- The zone of the Basel Committee is green.
create or replace function quality.rule_var_traffic_light(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select (quality.var_violation(
    series.portfolio, series.method, series.confidence, series.window_days, series.first_date, series.last_date,
    series.session_count, series.exception_count, series.expected_count,
    jsonb_build_object('zone', light.zone),
    format('a zone better than %s', p_parameters ->> 'zone'),
    format('zone %s', light.zone)
  )).*
  from quality.var_series((p_parameters ->> 'sessions')::integer) as series
  cross join lateral (select risk.traffic_light(series.exception_count, series.session_count, series.confidence) as zone) as light
  where array_position(array['green', 'yellow', 'red'], light.zone) >= array_position(array['green', 'yellow', 'red'], p_parameters ->> 'zone');
end;

comment on function quality.rule_var_traffic_light(bigint[], timestamptz, timestamptz, jsonb) is
'Series of values at risk in the zone zone (yellow or red) or a worse one after the last sessions sessions: risk.traffic_light (Basel Committee 1996). The arguments are not used: a backtest is always of a whole series (quality.var_series).';

revoke all on function quality.rule_var_traffic_light(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_var_traffic_light(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'var_traffic_light', 'var_calculation', 'risk', 'error', '{"sessions": 250, "zone": "red", "warn": {"zone": "yellow"}}',
  'There were so many losses greater than the value at risk that the model is in the yellow zone of the Basel Committee (a warning), or in the red one: it is wrong almost surely.',
  'Yellow: explain each exception (marketbase report var_backtests). Red: the capital multiplier rises by 1, and the model has to be changed.',
  'var_series'
);
