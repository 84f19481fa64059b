-- Prices stay in one unit.
create or replace function quality.rule_price_unit_consistent(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when abs(abs(bar.open_move) - ln((p_parameters ->> 'multiple')::double precision)) <= (p_parameters ->> 'tolerance')::double precision
    or abs(abs(bar.close_move) - ln((p_parameters ->> 'multiple')::double precision)) <= (p_parameters ->> 'tolerance')::double precision
    or (
      bar.high > 10 * bar.low
      and (
        abs(ln(bar.high / greatest(bar.open, bar.close) / (p_parameters ->> 'multiple')::double precision)) <= (p_parameters ->> 'tolerance')::double precision
        or abs(ln(least(bar.open, bar.close) / bar.low / (p_parameters ->> 'multiple')::double precision)) <= (p_parameters ->> 'tolerance')::double precision
      )
    )
  then quality.bar_violation(
    bar,
    jsonb_build_object('open', bar.open, 'high', bar.high, 'low', bar.low, 'close', bar.close, 'previous_close', bar.previous_close),
    format('a price that is not %s times the one before, nor its inverse', p_parameters ->> 'multiple'),
    format(
      '%s opens at %s, goes from %s to %s and closes at %s after a close of %s: %s.',
      bar.session_date, bar.open, bar.low, bar.high, bar.close, bar.previous_close,
      case when bar.high > 5 * bar.previous_close
        then format('about %s times as much', p_parameters ->> 'multiple')
        else format('about 1/%s of it', p_parameters ->> 'multiple')
      end
    )
  )
end;

comment on function quality.rule_price_unit_consistent(quality.judged_bar, jsonb) is
'A bar that opens or closes at about multiple times the close before, or at about its inverse, or whose high or low is as far from open and close: the unit changed, as from pounds to pence. tolerance is as a logarithm. The bar after the change is named.';

revoke all on function quality.rule_price_unit_consistent(quality.judged_bar, jsonb) from public;
grant execute on function quality.rule_price_unit_consistent(quality.judged_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_unit_consistent', 'price_data', 'prices', 'error', '{"multiple": 100, "tolerance": 0.2}',
  'The price jumps by a factor of 100: part of the series is in another unit, such as pence instead of pounds.',
  'Fetch the span again; state the currency of the instrument (GBp is a unit of its own).'
);
