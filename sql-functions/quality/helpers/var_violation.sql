-- What a rule on exceptions says of a series of values at risk.
create or replace function quality.var_violation(
  p_portfolio text,
  p_method text,
  p_confidence double precision,
  p_window_days integer,
  p_first_date date,
  p_last_date date,
  p_session_count bigint,
  p_exception_count bigint,
  p_expected_count double precision,
  p_observed jsonb,
  p_expected text,
  p_verdict text
)
returns quality.violation
language sql
immutable
parallel safe
return row(
  null::bigint, null::bigint, null::timestamptz,
  jsonb_build_object('portfolio', p_portfolio, 'method', p_method, 'confidence', p_confidence, 'window_days', p_window_days),
  jsonb_build_object(
    'exceptions', p_exception_count, 'expected_exceptions', round(p_expected_count::numeric, 2), 'sessions', p_session_count,
    'first_date', p_first_date, 'last_date', p_last_date
  ) || p_observed,
  p_expected,
  format(
    '%s, %s value at risk at %s over %s days: %s exceptions in the %s sessions from %s to %s, %s expected; %s.',
    p_portfolio, p_method, p_confidence, p_window_days, p_exception_count, p_session_count, p_first_date, p_last_date,
    round(p_expected_count::numeric, 1), p_verdict
  )
)::quality.violation;

comment on function quality.var_violation(
  text, text, double precision, integer, date, date, bigint, bigint, double precision, jsonb, text, text
) is
'The violation of a rule on a series of quality.var_series. p_observed: what the rule measured, beside the counts; p_expected: what it expects; p_verdict: what is wrong, in words. The key names the series, so that the same series is the same finding, whatever sessions were tested.';

revoke all on function quality.var_violation(
  text, text, double precision, integer, date, date, bigint, bigint, double precision, jsonb, text, text
) from public;
grant execute on function quality.var_violation(
  text, text, double precision, integer, date, date, bigint, bigint, double precision, jsonb, text, text
) to marketbase_worker;
