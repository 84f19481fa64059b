-- The adjusted close moves like the close, but for splits and dividends on record.
create or replace function quality.rule_price_adjusted_close_consistent(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when bar.bar_interval = '1d' and not (bar.adjusted_close > 0 and bar.adjusted_close < 'infinity') then quality.bar_violation(
    bar,
    jsonb_build_object('adjusted_close', bar.adjusted_close::text, 'close', bar.close),
    'a positive, finite adjusted close',
    format('The adjusted close of %s is %s.', bar.session_date, bar.adjusted_close)
  )
  -- A null here leaves the bar alone: without an adjusted close before it nothing can be said.
  when bar.bar_interval = '1d' and bar.has_actions and bar.previous_adjusted_close > 0 and bar.previous_adjusted_close < 'infinity'
    and bar.dividend < bar.previous_close
    and abs(quality.adjustment(bar)) > (p_parameters ->> 'tolerance')::double precision
    and abs(quality.adjustment(bar) - ln(bar.split_ratio)) > (p_parameters ->> 'tolerance')::double precision
    -- Adjusted closes in whole cents are wrong by up to half a cent, each of the two.
    and (
      quality.is_off_cent(bar.adjusted_close)
      or quality.is_off_cent(bar.previous_adjusted_close)
      or least(abs(quality.adjustment(bar)), abs(quality.adjustment(bar) - ln(bar.split_ratio)))
        > 0.01 / least(bar.adjusted_close, bar.previous_adjusted_close) + (p_parameters ->> 'tolerance')::double precision
    )
  then quality.bar_violation(
    bar,
    jsonb_build_object(
      'adjusted_close', bar.adjusted_close, 'previous_adjusted_close', bar.previous_adjusted_close,
      'close', bar.close, 'previous_close', bar.previous_close, 'dividend', bar.dividend, 'split', bar.split_ratio
    ),
    'an adjusted close that changes against the close by the dividend and the split of the session alone',
    format(
      'The adjusted close of %s changed against the close by %s %%; the dividend of %s on record makes %s %%.',
      bar.session_date,
      round(((bar.adjusted_close / bar.previous_adjusted_close * bar.previous_close / bar.close - 1) * 100)::numeric, 2), bar.dividend,
      round(((1 / (1 - bar.dividend / bar.previous_close) - 1) * 100)::numeric, 2)
    )
  )
  when bar.bar_interval = '1w' and bar.has_actions then quality.weekly_adjustment_violation(bar, p_parameters)
end;

comment on function quality.rule_price_adjusted_close_consistent(quality.judged_bar, jsonb) is
'A daily bar whose adjusted close is not positive and finite, or whose adjusted close changed against the close by more than tolerance (as a logarithm) otherwise than the dividend (1 - dividend / previous close) and split on record for the session explain, the split counted or not; providers differ in whether their close contains it. Changes are judged only for instruments of which a corporate action is on record; without any, nothing can be said about them. tolerance is ten times what single precision and amounts of three digits make of it, and a twentieth of a small quarterly dividend; where both adjusted closes are whole cents, a cent is allowed on top. Of weekly bars see quality.weekly_adjustment_violation.';

revoke all on function quality.rule_price_adjusted_close_consistent(quality.judged_bar, jsonb) from public;
grant execute on function quality.rule_price_adjusted_close_consistent(quality.judged_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_adjusted_close_consistent', 'price_data', 'prices', 'warning', '{"tolerance": 0.0005, "min_yield": 0.1}',
  'The provider adjusted its closes for an event that is not on record, or did not adjust them for one that is: returns of adjusted closes are wrong there.',
  'Look the dividend up; fetch the corporate actions, or the bars around the day, again.',
  'adjusted_price_data'
);
