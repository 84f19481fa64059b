-- Volume is in keeping with the volumes before it.
create or replace function quality.rule_price_volume_outlier(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  with bar as materialized (
    select
      b.instrument_id, b.bar_no, b.ts, b.session_date, b.volume, b.is_asked,
      avg(b.volume) over (
        partition by b.instrument_id order by b.bar_no rows between (p_parameters ->> 'window')::integer preceding and 1 preceding
      ) as mean_volume
    from quality.daily_bars(p_instrument_ids, p_from, p_to, (p_parameters ->> 'window')::integer) as b
  ),
  series as (
    select bar.instrument_id, array_agg(ln(nullif(bar.volume, 0)) order by bar.bar_no) as log_volumes
    from bar
    group by bar.instrument_id
  )
  select
    null::bigint,
    bar.instrument_id,
    bar.ts,
    jsonb_build_object('session_date', bar.session_date),
    jsonb_build_object('volume', bar.volume, 'mean_volume', bar.mean_volume, 'score', scored.score::text),
    format('a volume within %s robust deviations of the %s before', p_parameters ->> 'score', p_parameters ->> 'window'),
    format(
      'The volume of %s is %s times the mean of the sessions before, %s robust deviations.',
      bar.session_date, round((bar.volume / bar.mean_volume)::numeric, 1), round(scored.score::numeric, 1)
    )
  from bar
  join series on series.instrument_id = bar.instrument_id
  cross join lateral (
    select quality.robust_score(
      ln(bar.volume), series.log_volumes[bar.bar_no::integer - (p_parameters ->> 'window')::integer : bar.bar_no::integer - 1]
    ) as score
  ) as scored
  where bar.is_asked
    and bar.volume > 0
    and bar.mean_volume > 0
    and bar.volume >= (p_parameters ->> 'min_multiple')::double precision * bar.mean_volume
    and bar.bar_no - 1 >= (p_parameters ->> 'min_sample')::bigint
    and scored.score > (p_parameters ->> 'score')::double precision;
end;

comment on function quality.rule_price_volume_outlier(bigint[], timestamptz, timestamptz, jsonb) is
'Daily bars whose volume is at least min_multiple times the mean of the window volumes before it and whose logarithm lies more than score robust standard deviations (quality.robust_score) above their middle; where at least min_sample bars are there. Volumes of 0 are left out.';

revoke all on function quality.rule_price_volume_outlier(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_price_volume_outlier(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_volume_outlier', 'price_data', 'prices', 'info', '{"window": 60, "min_sample": 20, "score": 8, "min_multiple": 5}',
  'Far more was traded than this instrument is used to.',
  'Look at the news of the day; a volume in another unit (lots, notional) has to be corrected at its source.'
);
