-- An equity trades on every bar that it has.
create or replace function quality.rule_price_volume_present(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    null::bigint,
    price.instrument_id,
    price.ts,
    jsonb_build_object('session_date', price.session_date),
    jsonb_build_object('volume', price.volume, 'close', price.close),
    'a volume above 0',
    format('The volume of %s is 0.', price.session_date)
  from market.instrument as instrument
  join market.price_data as price
    on price.instrument_id = instrument.instrument_id and price.bar_interval = '1d' and price.ts between p_from and p_to
  where instrument.instrument_id = any (p_instrument_ids) and instrument.asset_class = 'equity' and price.volume = 0;
end;

comment on function quality.rule_price_volume_present(bigint[], timestamptz, timestamptz, jsonb) is
'Daily bars of equities with a volume of 0. p_parameters is not used.';

revoke all on function quality.rule_price_volume_present(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_price_volume_present(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_volume_present', 'price_data', 'prices', 'warning', '{}',
  'A bar of an equity has no volume: its prices are then not those of trades.',
  'Compare with another provider; a day without a trade has no bar in most feeds.',
  'equity_price_data'
);
