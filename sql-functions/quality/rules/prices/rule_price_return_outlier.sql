-- A return is in keeping with the returns before it.
create or replace function quality.rule_price_return_outlier(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when abs(bar.log_return) >= (p_parameters ->> 'min_move')::double precision
    and abs(bar.log_return) < (p_parameters ->> 'max_move')::double precision
    and bar.split_ratio = 1
    and bar.dividend = 0
    -- The oldest of the bars before has no return.
    and (bar.usual).bars > (p_parameters ->> 'min_sample')::bigint
    -- News brings trading, errors do not.
    and not coalesce((bar.usual).volume > 0 and bar.volume > (p_parameters ->> 'news_volume')::double precision * (bar.usual).volume, false)
    and abs(quality.robust_score(bar.log_return, (bar.usual).moves)) > (p_parameters ->> 'score')::double precision
  then quality.bar_violation(
    bar,
    jsonb_build_object(
      'close', bar.close, 'previous_close', bar.previous_close, 'log_return', bar.log_return,
      'score', quality.robust_score(bar.log_return, (bar.usual).moves)::text
    ),
    format('a log return within %s robust deviations of those before', p_parameters ->> 'score'),
    format(
      'The close of %s moved by %s %% from %s to %s, %s robust deviations.',
      bar.session_date, round((exp(bar.log_return) * 100 - 100)::numeric, 1), bar.previous_close, bar.close,
      round(quality.robust_score(bar.log_return, (bar.usual).moves)::numeric, 1)
    )
  )
end;

comment on function quality.rule_price_return_outlier(quality.judged_bar, jsonb) is
'A bar whose log return lies more than score robust standard deviations (quality.robust_score) from the middle of the 60 moves before it; where more than min_sample bars are before, and only moves of min_move to max_move (as a log return); larger ones are those of splits and units. Days with a split or dividend on record are left to the rules of actions, and moves do not count on a volume of more than news_volume times the usual one: news brings trading, an error of the provider does not.';

revoke all on function quality.rule_price_return_outlier(quality.judged_bar, jsonb) from public;
grant execute on function quality.rule_price_return_outlier(quality.judged_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_return_outlier', 'price_data', 'prices', 'warning', '{"min_sample": 20, "score": 10, "min_move": 0.05, "max_move": 1.3862943611198906, "news_volume": 2}',
  'The close moved far more than this instrument is used to.',
  'Look at the news of the day and at another provider; a wrong bar has to be corrected at its source.'
);
