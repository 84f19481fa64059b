-- What is wrong with a bar that falls as by the dividend of the bar before.
create or replace function quality.late_dividend_violation(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
begin atomic
  select quality.bar_violation(
    bar,
    jsonb_build_object(
      'open', bar.open, 'close', bar.close, 'previous_close', bar.previous_close, 'dividend_before', (before.action).dividend, 'dividend_date', before.session_date
    ),
    'a large dividend on record for the session on which the price falls by it',
    format(
      'The price of %s fell by %s %% as by the dividend %s, which is on record for the session before, %s.',
      bar.session_date, round(((1 - least(bar.open, bar.close) / bar.previous_close) * 100)::numeric, 1), (before.action).dividend, before.session_date
    )
  )
  from quality.bar_before(bar) as before
  where (before.action).dividend >= (p_parameters ->> 'min_yield')::double precision * before.close_before
    and (before.close_before - before.close) < (p_parameters ->> 'min_drop')::double precision * (before.action).dividend
    and bar.previous_close - least(bar.open, bar.close) between (p_parameters ->> 'min_drop')::double precision * (before.action).dividend
      and (before.action).dividend / (p_parameters ->> 'min_drop')::double precision;
end;

comment on function quality.late_dividend_violation(quality.judged_bar, jsonb) is
'The violation of price_dividend_plausible by a bar that falls by min_drop or more of the dividend on record for the bar before, and not by more than the dividend over min_drop, where that dividend is min_yield of the price or more and the bar before did not fall by min_drop of it; with the parameters of that rule. NULL where there is none.';

revoke all on function quality.late_dividend_violation(quality.judged_bar, jsonb) from public;
grant execute on function quality.late_dividend_violation(quality.judged_bar, jsonb) to marketbase_worker;
