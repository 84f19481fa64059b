-- Prices stay on their grid.
create or replace function quality.rule_price_tick_size(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when (bar.usual).off_cent = 0
    and (bar.usual).bars >= (p_parameters ->> 'min_sample')::bigint
    and bar.low >= (p_parameters ->> 'min_price')::double precision
    and quality.is_off_cent(bar.open) and quality.is_off_cent(bar.high) and quality.is_off_cent(bar.low) and quality.is_off_cent(bar.close)
  then quality.bar_violation(
    bar,
    jsonb_build_object('open', bar.open, 'high', bar.high, 'low', bar.low, 'close', bar.close),
    format('prices in whole cents, as in the %s bars before', (bar.usual).bars),
    format('No price of %s is a whole number of cents: %s, %s, %s, %s.', bar.session_date, bar.open, bar.high, bar.low, bar.close)
  )
end;

comment on function quality.rule_price_tick_size(quality.judged_bar, jsonb) is
'A bar with all four prices off the cent after at least min_sample (at most 60) bars without one, at prices of min_price or more (below a dollar a tick is 0.0001). A single one is a trade at a midpoint or an average; what was adjusted or converted has none left on the cent. Series that are adjusted have prices off the cent all the time and are not judged.';

revoke all on function quality.rule_price_tick_size(quality.judged_bar, jsonb) from public;
grant execute on function quality.rule_price_tick_size(quality.judged_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_tick_size', 'price_data', 'prices', 'info', '{"min_sample": 60, "min_price": 1}',
  'No price is a multiple of the tick: part of the series is adjusted or converted and part is not.',
  'Compare with another provider; where all bars from there on are off the cent, fetch the whole series again.'
);
