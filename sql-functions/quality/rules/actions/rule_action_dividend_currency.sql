-- A dividend is in the currency of the price.
create or replace function quality.rule_action_dividend_currency(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    null::bigint,
    action.instrument_id,
    action.ex_date::timestamp at time zone 'UTC',
    jsonb_build_object('ex_date', action.ex_date, 'action_type', 'dividend'),
    jsonb_build_object('amount', action.amount, 'currency', action.currency, 'currency_of_price', instrument.currency),
    format('an amount in %s', instrument.currency),
    format('The dividend of %s is %s %s, but the price is in %s.', action.ex_date, trim_scale(action.amount), action.currency, instrument.currency)
  from market.instrument as instrument
  join market.corporate_action as action
    on action.instrument_id = instrument.instrument_id
    and action.action_type = 'dividend'
    and action.ex_date::timestamp at time zone 'UTC' between p_from and p_to
  where instrument.instrument_id = any (p_instrument_ids) and action.currency <> instrument.currency;
end;

comment on function quality.rule_action_dividend_currency(bigint[], timestamptz, timestamptz, jsonb) is
'Dividends on record in another currency than that of the instrument; GBp is another one than GBP. p_parameters is not used.';

revoke all on function quality.rule_action_dividend_currency(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_action_dividend_currency(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'action_dividend_currency', 'price_data', 'actions', 'error', '{}',
  'A dividend is in another currency than the price: total returns add what cannot be added.',
  'Convert the amount with the rate of the ex-date at its source, or state the currency of the instrument.',
  'dividend'
);
