-- A move from close to close that neither split nor dividend on record distorts.
create or replace function quality.adjusted_move(p_close double precision, p_previous_close double precision, p_action quality.actions_taken)
returns double precision
language sql
immutable
parallel safe
return (
  select ln(candidate.value)
  from (
    values
      (p_close / p_previous_close),
      (p_close * (p_action).split_ratio / p_previous_close),
      ((p_close + (p_action).dividend) / p_previous_close),
      ((p_close + (p_action).dividend) * (p_action).split_ratio / p_previous_close)
  ) as candidate (value)
  order by abs(ln(candidate.value))
  limit 1
);

comment on function quality.adjusted_move(double precision, double precision, quality.actions_taken) is
'Natural logarithm of close over previous close with or without the split and the dividend of p_action, whichever is nearest to 0: providers differ in whether their prices contain them. NULL where a close is missing.';

revoke all on function quality.adjusted_move(double precision, double precision, quality.actions_taken) from public;
grant execute on function quality.adjusted_move(double precision, double precision, quality.actions_taken) to marketbase_worker;
