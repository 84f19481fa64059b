-- A bar comes from trades, not from the close before.
create or replace function quality.rule_price_filler_bar(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when bar.volume = 0 and bar.asset_class in ('equity', 'fund') and bar.close = bar.previous_close and bar.high = bar.low then quality.bar_violation(
    bar,
    jsonb_build_object('close', bar.close, 'volume', bar.volume),
    'trades, or no bar',
    format('The bar of %s repeats the close before, %s, without a trade.', bar.session_date, bar.close)
  )
end;

comment on function quality.rule_price_filler_bar(quality.judged_bar, jsonb) is
'A bar of an equity or a fund without volume whose four prices are the close before: the provider filled a session without a trade, or one that did not take place. p_parameters is not used.';

revoke all on function quality.rule_price_filler_bar(quality.judged_bar, jsonb) from public;
grant execute on function quality.rule_price_filler_bar(quality.judged_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_filler_bar', 'price_data', 'calendar', 'info', '{}',
  'The provider filled a session without trades: completeness looks better than it is, and returns of 0 are counted.',
  'Leave it where the session took place; retract the bar where the exchange was closed.'
);
