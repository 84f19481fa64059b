-- A large dividend shows in the price.
create or replace function quality.rule_price_dividend_plausible(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  with bar as (
    select
      b.*, dividend.amount / b.previous_close as yield,
      dividend.amount as dividend,
      -- The fall of the open, with or without the recorded split, whichever is nearer to what the dividend would make.
      case
        when abs(1 - b.open / b.previous_close - dividend.amount / b.previous_close)
          <= abs(1 - b.open * b.split_ratio / b.previous_close - dividend.amount / b.previous_close)
          then 1 - b.open / b.previous_close
        else 1 - b.open * b.split_ratio / b.previous_close
      end as drop
    from (
      select action.instrument_id, action.ex_date, sum(action.amount)::double precision as amount
      from market.corporate_action as action
      where action.instrument_id = any (p_instrument_ids) and action.action_type = 'dividend'
      group by action.instrument_id, action.ex_date
    ) as dividend
    join quality.daily_bars(p_instrument_ids, p_from, p_to, 0) as b
      on b.instrument_id = dividend.instrument_id and b.session_date = dividend.ex_date
    where b.is_asked
  )
  select
    null::bigint,
    bar.instrument_id,
    bar.ts,
    jsonb_build_object('session_date', bar.session_date),
    jsonb_build_object('dividend', bar.dividend, 'open', bar.open, 'previous_close', bar.previous_close, 'yield', bar.yield, 'drop', bar.drop),
    format('an open that falls by %s or more of a dividend of %s or more of the price', p_parameters ->> 'min_drop', p_parameters ->> 'min_yield'),
    format(
      'The dividend %s of %s is %s %% of the close before, but the open moved by %s %%.',
      bar.dividend, bar.session_date, round((bar.yield * 100)::numeric, 1), round((-bar.drop * 100)::numeric, 1)
    )
  from bar
  where bar.yield >= (p_parameters ->> 'min_yield')::double precision
    and bar.drop < (p_parameters ->> 'min_drop')::double precision * bar.yield;
end;

comment on function quality.rule_price_dividend_plausible(bigint[], timestamptz, timestamptz, jsonb) is
'Daily bars on whose session a dividend of min_yield of the close before or more is on record, while the open fell by less than min_drop of it. The split of the session does not count as a move.';

revoke all on function quality.rule_price_dividend_plausible(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_price_dividend_plausible(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_dividend_plausible', 'price_data', 'prices', 'warning', '{"min_yield": 0.1, "min_drop": 0.5}',
  'A large dividend is on record, but the price did not go down on its ex-date: the amount may be in another unit (pence for pounds), or the dividend does not exist.',
  'Look the dividend up; correct it at its source or take it from another provider.'
);
