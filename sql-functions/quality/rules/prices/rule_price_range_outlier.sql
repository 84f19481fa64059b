-- A high or a low does not stand alone.
create or replace function quality.rule_price_range_outlier(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when bar.high >= (p_parameters ->> 'min_range')::double precision * bar.low
    and (bar.usual).bars >= (p_parameters ->> 'min_sample')::bigint
    and greatest(ln(bar.high / greatest(bar.open, bar.close, bar.previous_close)), ln(least(bar.open, bar.close, bar.previous_close) / bar.low))
      > greatest(ln((p_parameters ->> 'min_range')::double precision), (p_parameters ->> 'multiple')::double precision * (bar.usual).range)
    and bar.high - bar.low >= (p_parameters ->> 'min_ticks')::double precision * coalesce((bar.usual).tick, 0)
    -- News brings trading, errors do not.
    and not coalesce((bar.usual).volume > 0 and bar.volume > (p_parameters ->> 'news_volume')::double precision * (bar.usual).volume, false)
  then quality.bar_violation(
    bar,
    jsonb_build_object('open', bar.open, 'high', bar.high, 'low', bar.low, 'close', bar.close, 'previous_close', bar.previous_close, 'usual_range', (bar.usual).range),
    format('a high and a low within %s times the usual range of the other prices', p_parameters ->> 'multiple'),
    format(
      'On %s the price goes from %s to %s between an open of %s and a close of %s, after a close of %s.',
      bar.session_date, bar.low, bar.high, bar.open, bar.close, bar.previous_close
    )
  )
end;

comment on function quality.rule_price_range_outlier(quality.judged_bar, jsonb) is
'A bar whose high is min_range times its low or more, and whose high lies above, or low below, all of open, close and close before by more than that and by more than multiple usual ranges and min_ticks usual ticks, on no more than news_volume times the usual volume: a bad print. Where at least min_sample bars are before. min_range is half as much again: exchanges halt a share at moves of 5 to 20 %, so that a wick beyond that without trading as on days of news is no trade of the session.';

revoke all on function quality.rule_price_range_outlier(quality.judged_bar, jsonb) from public;
grant execute on function quality.rule_price_range_outlier(quality.judged_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_range_outlier', 'price_data', 'prices', 'warning', '{"min_range": 1.5, "min_sample": 20, "multiple": 8, "min_ticks": 5, "news_volume": 2}',
  'A high or low stands alone: a trade that was cancelled, or a misplaced decimal.',
  'Compare with another provider; a wrong bar has to be corrected at its source.'
);
