-- A dividend is less than the price.
create or replace function quality.rule_action_dividend_below_price(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when bar.dividend >= bar.previous_close then quality.bar_violation(
    bar,
    jsonb_build_object('dividend', bar.dividend, 'previous_close', bar.previous_close),
    'a dividend below the close before',
    format('The dividend %s of %s is not below the close before, %s.', bar.dividend, bar.session_date, bar.previous_close)
  )
end;

comment on function quality.rule_action_dividend_below_price(quality.judged_bar, jsonb) is
'A bar on which dividends of the close before or more take effect. p_parameters is not used.';

revoke all on function quality.rule_action_dividend_below_price(quality.judged_bar, jsonb) from public;
grant execute on function quality.rule_action_dividend_below_price(quality.judged_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'action_dividend_below_price', 'price_data', 'actions', 'error', '{}',
  'A dividend is as large as the price: it is in another unit (pence for pounds) or belongs to another instrument, and adjusted prices before it cannot be computed.',
  'Look the dividend up; correct it at its source or take it from another provider.'
);
