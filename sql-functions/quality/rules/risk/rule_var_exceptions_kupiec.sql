-- Losses beyond the value at risk are as frequent as they should be.
create or replace function quality.rule_var_exceptions_kupiec(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select (quality.var_violation(
    series.portfolio, series.method, series.confidence, series.window_days, series.first_date, series.last_date,
    series.session_count, series.exception_count, series.expected_count,
    jsonb_build_object('likelihood_ratio', round(test.ratio::numeric, 4), 'p_value', round(test.p_value::numeric, 6)),
    format('a probability of %s at least of so many exceptions, were the model right', p_parameters ->> 'significance'),
    format('Kupiec: likelihood ratio %s, p %s', round(test.ratio::numeric, 2), round(test.p_value::numeric, 4))
  )).*
  from quality.var_series((p_parameters ->> 'sessions')::integer) as series
  cross join lateral (
    select kupiec.ratio, feature.chi_square_tail(kupiec.ratio, 1) as p_value
    from (select risk.kupiec(series.exception_count, series.session_count, series.confidence) as ratio) as kupiec
  ) as test
  where test.p_value < (p_parameters ->> 'significance')::double precision;
end;

comment on function quality.rule_var_exceptions_kupiec(bigint[], timestamptz, timestamptz, jsonb) is
'Series of values at risk with more or fewer exceptions than their confidence says: the test of Kupiec (1995, risk.kupiec) over the last sessions sessions (null: all) rejects them at significance. The arguments are not used: a backtest is always of a whole series (quality.var_series).';

revoke all on function quality.rule_var_exceptions_kupiec(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_var_exceptions_kupiec(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'var_exceptions_kupiec', 'var_calculation', 'risk', 'warning', '{"sessions": 1000, "significance": 0.01, "warn": {"significance": 0.05}}',
  'Losses greater than the value at risk were more frequent, or rarer, than its confidence says: the model understates, or overstates, the risk.',
  'Look at the exceptions (marketbase report var_backtests); another window, or a method that follows volatility, may fit. Do not report the figure without this result.',
  'var_series'
);
