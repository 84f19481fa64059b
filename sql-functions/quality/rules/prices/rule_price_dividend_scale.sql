-- A small dividend is not a hundred times too small.
create or replace function quality.rule_price_dividend_scale(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  with dividend as (
    select
      action.instrument_id, bar.ts, bar.session_date, action.amount::double precision as amount, judged.bar_interval,
      action.amount::double precision / bar.previous_close as yield, 1 - bar.open / bar.previous_close as fall
    from market.corporate_action as action
    cross join lateral (select quality.judged_interval(action.instrument_id) as bar_interval offset 0) as judged
    cross join lateral quality.action_bar(action.instrument_id, judged.bar_interval, action.ex_date) as bar
    where action.instrument_id = any (p_instrument_ids)
      and action.action_type = 'dividend'
      and bar.ts <= p_to
      and action.amount::double precision / bar.previous_close < (p_parameters ->> 'small_yield')::double precision
  ),
  measured as (
    -- In units of an ordinary night; one wild one must not decide alone.
    select dividend.*, greatest(-4, least(4, dividend.fall / night.size)) as fall_size, dividend.yield / night.size as yield_size
    from dividend
    cross join lateral (
      select greatest(avg(abs(earlier.log_return)) * sqrt(pi() / 2), (p_parameters ->> 'min_deviation')::double precision) as size
      from (
        select ln(bar.open / lag(bar.close) over (order by bar.ts)) as log_return
        from market.price_data as bar
        where bar.instrument_id = dividend.instrument_id
          and bar.bar_interval = dividend.bar_interval
          and bar.ts < dividend.ts
        order by bar.ts desc
        limit (p_parameters ->> 'window')::integer
      ) as earlier
      having count(earlier.log_return) >= (p_parameters ->> 'min_sample')::bigint
    ) as night
  ),
  weighed as (
    select
      measured.*,
      sum(
        (
          power(measured.fall_size - measured.yield_size, 2)
          - power(measured.fall_size - least(4, (p_parameters ->> 'multiple')::double precision * measured.yield_size), 2)
        ) / 2
      ) over (partition by measured.instrument_id) as evidence
    from measured
  )
  select
    null::bigint,
    weighed.instrument_id,
    weighed.ts,
    jsonb_build_object('session_date', weighed.session_date),
    jsonb_build_object('dividend', weighed.amount, 'yield', weighed.yield, 'fall', weighed.fall, 'evidence', weighed.evidence),
    format('opens that fall as by the dividend rather than as by %s times as much', p_parameters ->> 'multiple'),
    format(
      'The dividend %s of %s is %s %% of the close before; on the days of such dividends the opens fall as by %s times as much.',
      weighed.amount, weighed.session_date, round((weighed.yield * 100)::numeric, 4), p_parameters ->> 'multiple'
    )
  from weighed
  where weighed.ts >= p_from
    and weighed.evidence >= (p_parameters ->> 'evidence')::double precision;
end;

comment on function quality.rule_price_dividend_scale(bigint[], timestamptz, timestamptz, jsonb) is
'Bars with a dividend below small_yield of the close before (multiple times as much would still be one) of an instrument whose opens fall on such days as by multiple times the dividends. Falls and dividends are measured by the mean move from close to open in the window bars before (as the standard deviation of a normal distribution, at least min_deviation; min_sample of them are needed), falls, and what multiple times a dividend makes of them, are cut at four of these. The logarithms of the likelihood ratios of all such dividends are added: evidence or more fails, and 3 is 20 to 1, which is enough, because series of such small dividends are rarer than wrong units. A single dividend drowns in the noise, several do not. Dividends that are too large are left to price_dividend_plausible.';

revoke all on function quality.rule_price_dividend_scale(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_price_dividend_scale(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_dividend_scale', 'price_data', 'prices', 'warning',
  '{"multiple": 100, "small_yield": 0.001, "window": 60, "min_sample": 20, "min_deviation": 0.005, "evidence": 3}',
  'The dividends are a hundred times too small for what the price does: they are in another unit than the price, and adjusted prices are wrong by them.',
  'Look the dividends up; correct them at their source or take them from another provider.'
);
