-- A return is in keeping with the returns before it.
create or replace function quality.rule_price_return_outlier(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  with bar as materialized (
    select b.* from quality.daily_bars(p_instrument_ids, p_from, p_to, (p_parameters ->> 'window')::integer) as b
  ),
  series as (
    select
      bar.instrument_id,
      array_agg(bar.log_return order by bar.bar_no) as log_returns,
      array_agg(bar.volume order by bar.bar_no) as volumes
    from bar
    group by bar.instrument_id
  )
  select
    null::bigint,
    bar.instrument_id,
    bar.ts,
    jsonb_build_object('session_date', bar.session_date),
    jsonb_build_object('close', bar.close, 'previous_close', bar.previous_close, 'log_return', bar.log_return, 'score', scored.score::text),
    format('a log return within %s robust deviations of the %s before', p_parameters ->> 'score', p_parameters ->> 'window'),
    format(
      'The close of %s moved by %s %% from %s to %s, %s robust deviations.',
      bar.session_date, round((exp(bar.log_return) * 100 - 100)::numeric, 1), bar.previous_close, bar.close, round(scored.score::numeric, 1)
    )
  from bar
  join series on series.instrument_id = bar.instrument_id
  cross join lateral (
    select quality.robust_score(
      bar.log_return, series.log_returns[bar.bar_no::integer - (p_parameters ->> 'window')::integer : bar.bar_no::integer - 1]
    ) as score
  ) as scored
  where bar.is_asked
    and abs(bar.log_return) >= (p_parameters ->> 'min_move')::double precision
    -- The first bar has no return, hence two less than its number before this one.
    and bar.bar_no - 2 >= (p_parameters ->> 'min_sample')::bigint
    and abs(scored.score) > (p_parameters ->> 'score')::double precision
    -- News brings trading, errors do not.
    and not coalesce(
      bar.volume > (p_parameters ->> 'news_volume')::double precision * (
        select percentile_cont(0.5) within group (order by volume.value)
        from unnest(series.volumes[bar.bar_no::integer - (p_parameters ->> 'window')::integer : bar.bar_no::integer - 1]) as volume (value)
        having percentile_cont(0.5) within group (order by volume.value) > 0
      ),
      false
    );
end;

comment on function quality.rule_price_return_outlier(bigint[], timestamptz, timestamptz, jsonb) is
'Daily bars whose log return lies more than score robust standard deviations (quality.robust_score) from the middle of the window returns before it, itself excluded; where at least min_sample of them are there, and only moves of min_move (as a log return) or more. Recorded splits and dividends do not count as moves, nor do moves on a volume of more than news_volume times the median of the window before: news brings trading, an error of the provider does not.';

revoke all on function quality.rule_price_return_outlier(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_price_return_outlier(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_return_outlier', 'price_data', 'prices', 'warning', '{"window": 60, "min_sample": 20, "score": 10, "min_move": 0.05, "news_volume": 2}',
  'The close moved far more than this instrument is used to.',
  'Look at the news of the day and at another provider; a wrong bar has to be corrected at its source.'
);
