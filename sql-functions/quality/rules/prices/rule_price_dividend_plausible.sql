-- A large dividend shows in the price.
create or replace function quality.rule_price_dividend_plausible(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when bar.dividend >= (p_parameters ->> 'min_yield')::double precision * bar.previous_close
    and greatest(
      1 - least(bar.open, bar.close) / bar.previous_close,
      1 - least(bar.open, bar.close) * bar.split_ratio / bar.previous_close
    ) < (p_parameters ->> 'min_drop')::double precision * bar.dividend / bar.previous_close
  then quality.bar_violation(
    bar,
    jsonb_build_object(
      'dividend', bar.dividend, 'open', bar.open, 'close', bar.close, 'previous_close', bar.previous_close, 'yield', bar.dividend / bar.previous_close
    ),
    format('an open or close that falls by %s or more of a dividend of %s or more of the price', p_parameters ->> 'min_drop', p_parameters ->> 'min_yield'),
    format(
      'The dividend %s of %s is %s %% of the close before, but the price moved by no more than %s %%.',
      bar.dividend, bar.session_date, round((bar.dividend / bar.previous_close * 100)::numeric, 1),
      round(((least(bar.open, bar.close) / bar.previous_close - 1) * 100)::numeric, 1)
    )
  )
  -- It falls by what a dividend of the session before should have made.
  when bar.bar_interval = '1d' and bar.has_actions and bar.dividend = 0
    and least(bar.open_move, bar.close_move) <= ln(1 - (p_parameters ->> 'min_yield')::double precision * (p_parameters ->> 'min_drop')::double precision)
  then quality.late_dividend_violation(bar, p_parameters)
end;

comment on function quality.rule_price_dividend_plausible(quality.judged_bar, jsonb) is
'A bar on whose session a dividend of min_yield of the close before or more is on record, while neither the open nor the close fell by min_drop of it, with or without the split of the session. So is the daily bar after such a one that falls by min_drop of the dividend or more instead: the dividend belongs there. min_yield is well above the moves of ordinary days, min_drop half, since what is lost to tax and what the day brings may hide some of it.';

revoke all on function quality.rule_price_dividend_plausible(quality.judged_bar, jsonb) from public;
grant execute on function quality.rule_price_dividend_plausible(quality.judged_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_dividend_plausible', 'price_data', 'prices', 'warning', '{"min_yield": 0.1, "min_drop": 0.5}',
  'A large dividend is on record, but the price did not go down on its ex-date: the amount may be in another unit (pence for pounds), or the dividend does not exist.',
  'Look the dividend up; correct it at its source or take it from another provider.'
);
