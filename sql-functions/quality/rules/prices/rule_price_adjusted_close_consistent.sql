-- The adjusted close moves like the close, but for splits and dividends on record.
create or replace function quality.rule_price_adjusted_close_consistent(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  with action as materialized (
    select found.* from quality.action_bars(p_instrument_ids) as found
  ),
  bar as (
    select
      b.instrument_id, b.ts, b.session_date, b.close, b.previous_close, b.adjusted_close, b.split_ratio, b.is_asked,
      lag(b.adjusted_close) over (partition by b.instrument_id order by b.bar_no) as previous_adjusted_close
    from quality.daily_bars(
      array(select asked from unnest(p_instrument_ids) as asked where quality.judged_interval(asked) = '1d'), p_from, p_to, 0
    ) as b
  ),
  judged as (
    select
      bar.*,
      coalesce(action.dividend, 0) as dividend,
      coalesce(not (bar.adjusted_close > 0 and bar.adjusted_close < 'infinity'), false) as is_invalid,
      -- The change of adjusted close over close, and the change that the dividend on record would make.
      case when least(bar.adjusted_close, bar.previous_adjusted_close) > 0
          and greatest(bar.adjusted_close, bar.previous_adjusted_close) < 'infinity'
        then ln((bar.adjusted_close / bar.close) / (bar.previous_adjusted_close / bar.previous_close))
      end as change,
      case when coalesce(action.dividend, 0) < bar.previous_close
        then -ln(1 - coalesce(action.dividend, 0) / bar.previous_close)
      end as expected_change
    from bar
    left join action on action.instrument_id = bar.instrument_id and action.ts = bar.ts
    where bar.is_asked
  )
  select
    null::bigint,
    judged.instrument_id,
    judged.ts,
    jsonb_build_object('session_date', judged.session_date),
    jsonb_build_object(
      'adjusted_close', judged.adjusted_close::text, 'previous_adjusted_close', judged.previous_adjusted_close::text,
      'close', judged.close, 'previous_close', judged.previous_close, 'dividend', judged.dividend, 'split', judged.split_ratio
    ),
    'an adjusted close that changes against the close by the dividend and the split of the session alone',
    case
      when judged.is_invalid then format('The adjusted close of %s is %s.', judged.session_date, judged.adjusted_close)
      when judged.expected_change is null
        then format('The dividend %s of %s is not below the close before, %s.', judged.dividend, judged.session_date, judged.previous_close)
      else format(
        'The adjusted close of %s changed against the close by %s %%; the dividend of %s on record makes %s %%.',
        judged.session_date, round(((exp(judged.change) - 1) * 100)::numeric, 2), judged.dividend,
        round(((exp(judged.expected_change) - 1) * 100)::numeric, 2)
      )
    end
  from judged
  where judged.is_invalid
    or (
      judged.change is not null
      and exists (select from market.corporate_action as action where action.instrument_id = judged.instrument_id)
      and (
        judged.expected_change is null
        or least(
          abs(judged.change - judged.expected_change),
          abs(judged.change - judged.expected_change - ln(judged.split_ratio))
        ) > (p_parameters ->> 'tolerance')::double precision
      )
    );
end;

comment on function quality.rule_price_adjusted_close_consistent(bigint[], timestamptz, timestamptz, jsonb) is
'Daily bars whose adjusted close is not positive and finite, or changed against the close by more than tolerance (as a logarithm) otherwise than the dividend (1 - dividend / previous close) and split on record for the session explain, the split counted or not; providers differ in whether their close contains it. Changes are judged only for instruments of which a corporate action is on record; without any, nothing can be said about them. Weekly bars are not judged: providers adjust the week of the ex-date or the one before it.';

revoke all on function quality.rule_price_adjusted_close_consistent(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_price_adjusted_close_consistent(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_adjusted_close_consistent', 'price_data', 'prices', 'warning', '{"tolerance": 0.003}',
  'The provider adjusted its closes for an event that is not on record, or did not adjust them for one that is: returns of adjusted closes are wrong there.',
  'Look the dividend up; fetch the corporate actions, or the bars around the day, again.',
  'adjusted_price_data'
);
