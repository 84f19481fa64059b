-- A bar is not that of the session before.
create or replace function quality.rule_price_bar_repeated(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when bar.equal_bars >= 2 and bar.volume = bar.previous_volume and bar.volume >= (p_parameters ->> 'min_volume')::double precision
  then quality.bar_violation(
    bar,
    jsonb_build_object('open', bar.open, 'high', bar.high, 'low', bar.low, 'close', bar.close, 'volume', bar.volume),
    'other prices or another volume than the session before',
    format('Prices and volume of %s are those of %s: %s units.', bar.session_date, bar.previous_date, bar.volume)
  )
end;

comment on function quality.rule_price_bar_repeated(quality.judged_bar, jsonb) is
'A bar with the open, high, low, close and volume (min_volume or more) of the bar before: nobody trades the same number of units twice at the same four prices.';

revoke all on function quality.rule_price_bar_repeated(quality.judged_bar, jsonb) from public;
grant execute on function quality.rule_price_bar_repeated(quality.judged_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_bar_repeated', 'price_data', 'prices', 'error', '{"min_volume": 1000}',
  'A bar was copied to the next session: one of the two did not happen so.',
  'Fetch both days again, or take them from another provider.'
);
