-- An equity trades on every bar that it has.
create or replace function quality.rule_price_volume_present(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when bar.volume = 0 and bar.asset_class = 'equity'
    -- Some such days among days with trades are those of an instrument that trades seldom.
    and not coalesce(
      cardinality(array_positions((bar.usual).log_volumes, null)) >= (p_parameters ->> 'seldom')::integer
        and cardinality(array_positions((bar.usual).log_volumes, null)) < (bar.usual).bars,
      false
    )
  then quality.bar_violation(
    bar,
    jsonb_build_object('volume', bar.volume, 'close', bar.close),
    'a volume above 0',
    format('The volume of %s is 0.', bar.session_date)
  )
end;

comment on function quality.rule_price_volume_present(quality.judged_bar, jsonb) is
'A bar of an equity with a volume of 0, unless of the 60 bars before seldom or more, but not all, had none either: such an instrument trades seldom, and no volume says nothing of the source. seldom is a twentieth of 60; a source without any volumes fails on every bar.';

revoke all on function quality.rule_price_volume_present(quality.judged_bar, jsonb) from public;
grant execute on function quality.rule_price_volume_present(quality.judged_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_volume_present', 'price_data', 'prices', 'warning', '{"seldom": 3}',
  'A bar of an equity has no volume: its prices are then not those of trades.',
  'Compare with another provider; a day without a trade has no bar in most feeds.',
  'equity_price_data'
);
