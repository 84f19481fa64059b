-- A large dividend shows in the price.
create or replace function quality.rule_price_dividend_plausible(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  with action as materialized (
    select found.* from quality.action_bars(p_instrument_ids) as found
  ),
  day as materialized (
    select daily.* from quality.daily_bars(p_instrument_ids, p_from, p_to, 0) as daily
  ),
  bar as (
    select
      b.*, action.dividend, action.dividend / b.previous_close as yield,
      -- The fall of the open or of the close, with or without the recorded split: the one that is nearest to what the dividend would make.
      (
        select fall.value
        from (
          values
            (1 - b.open / b.previous_close),
            (1 - b.close / b.previous_close),
            (1 - b.open * b.split_ratio / b.previous_close),
            (1 - b.close * b.split_ratio / b.previous_close)
        ) as fall (value)
        order by abs(fall.value - action.dividend / b.previous_close)
        limit 1
      ) as drop
    from action
    join day as b on b.instrument_id = action.instrument_id and b.ts = action.ts
    where b.is_asked and action.dividend > 0
  )
  select
    null::bigint,
    bar.instrument_id,
    bar.ts,
    jsonb_build_object('session_date', bar.session_date),
    jsonb_build_object('dividend', bar.dividend, 'open', bar.open, 'close', bar.close, 'previous_close', bar.previous_close, 'yield', bar.yield, 'drop', bar.drop),
    format('an open or close that falls by %s or more of a dividend of %s or more of the price', p_parameters ->> 'min_drop', p_parameters ->> 'min_yield'),
    format(
      'The dividend %s of %s is %s %% of the close before, but open and close moved by no more than %s %%.',
      bar.dividend, bar.session_date, round((bar.yield * 100)::numeric, 1), round((-bar.drop * 100)::numeric, 1)
    )
  from bar
  where bar.yield >= (p_parameters ->> 'min_yield')::double precision
    and bar.drop < (p_parameters ->> 'min_drop')::double precision * bar.yield;
end;

comment on function quality.rule_price_dividend_plausible(bigint[], timestamptz, timestamptz, jsonb) is
'Daily bars on whose session a dividend of min_yield of the close before or more is on record, while neither the open nor the close fell by min_drop of it. The split of the session does not count as a move. min_yield is well above the moves of ordinary days, min_drop half, since what is lost to tax and what the day brings may hide some of it.';

revoke all on function quality.rule_price_dividend_plausible(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_price_dividend_plausible(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_dividend_plausible', 'price_data', 'prices', 'warning', '{"min_yield": 0.1, "min_drop": 0.5}',
  'A large dividend is on record, but the price did not go down on its ex-date: the amount may be in another unit (pence for pounds), or the dividend does not exist.',
  'Look the dividend up; correct it at its source or take it from another provider.'
);
