-- Losses beyond the value at risk do not come one after the other.
create or replace function quality.rule_var_exceptions_independent(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select (quality.var_violation(
    series.portfolio, series.method, series.confidence, series.window_days, series.first_date, series.last_date,
    series.session_count, series.exception_count, series.expected_count,
    jsonb_build_object('likelihood_ratio', round(test.ratio::numeric, 4), 'p_value', round(test.p_value::numeric, 6), 'in_a_row', test.in_a_row),
    format('a probability of %s at least of exceptions so bunched, were they independent', p_parameters ->> 'significance'),
    format('%s followed another at once, Christoffersen: likelihood ratio %s, p %s', test.in_a_row, round(test.ratio::numeric, 2), round(test.p_value::numeric, 4))
  )).*
  from quality.var_series((p_parameters ->> 'sessions')::integer) as series
  cross join lateral (
    select
      christoffersen.ratio, feature.chi_square_tail(christoffersen.ratio, 1) as p_value,
      (
        select count(*)
        from unnest(series.exceptions, series.exceptions[2:]) as pair (before, now)
        where pair.before and pair.now
      ) as in_a_row
    from (select risk.christoffersen(series.exceptions) as ratio) as christoffersen
  ) as test
  -- The test is of two sides; fewer in a row than by chance is nothing to report.
  where test.p_value < (p_parameters ->> 'significance')::double precision
    and test.in_a_row * series.session_count > series.exception_count ^ 2;
end;

comment on function quality.rule_var_exceptions_independent(bigint[], timestamptz, timestamptz, jsonb) is
'Series of values at risk whose exceptions follow each other more often than by chance: the test of independence by Christoffersen (1998, risk.christoffersen) over the last sessions sessions (null: all) rejects them at significance. The arguments are not used: a backtest is always of a whole series (quality.var_series).';

revoke all on function quality.rule_var_exceptions_independent(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_var_exceptions_independent(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'var_exceptions_independent', 'var_calculation', 'risk', 'warning', '{"sessions": 1000, "significance": 0.01, "warn": {"significance": 0.05}}',
  'Losses greater than the value at risk come in bunches: the model does not follow the volatility of the market.',
  'Use a shorter window or a method that weighs recent returns more; until then count on several such losses in a row.',
  'var_series'
);
