-- Volume is in keeping with the volumes before it.
create or replace function quality.rule_price_volume_outlier(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when bar.volume >= (p_parameters ->> 'min_jump')::double precision * bar.previous_volume
    and bar.volume >= (p_parameters ->> 'min_multiple')::double precision * (bar.usual).volume
    and (bar.usual).bars >= (p_parameters ->> 'min_sample')::bigint
    and quality.robust_score(ln(nullif(bar.volume, 0)), (bar.usual).log_volumes) > (p_parameters ->> 'score')::double precision
  then quality.bar_violation(
    bar,
    jsonb_build_object(
      'volume', bar.volume, 'usual_volume', (bar.usual).volume,
      'score', quality.robust_score(ln(bar.volume), (bar.usual).log_volumes)::text
    ),
    format('a volume within %s robust deviations of those before', p_parameters ->> 'score'),
    format(
      'The volume of %s is %s times the usual one, %s robust deviations.',
      bar.session_date, round((bar.volume / (bar.usual).volume)::numeric, 1),
      round(quality.robust_score(ln(bar.volume), (bar.usual).log_volumes)::numeric, 1)
    )
  )
end;

comment on function quality.rule_price_volume_outlier(quality.judged_bar, jsonb) is
'A bar whose volume is at least min_jump (8 or more) times that of the bar before, at least min_multiple times the median of the 60 before, and whose logarithm lies more than score robust standard deviations (quality.robust_score) above their middle; where at least min_sample bars are there. Volumes of 0 are left out. Volumes are given in shares, in lots of 100 or in thousands: a unit taken for another makes a factor of 100 or more, of which min_multiple leaves a fifth for the trading of the day; news makes tens.';

revoke all on function quality.rule_price_volume_outlier(quality.judged_bar, jsonb) from public;
grant execute on function quality.rule_price_volume_outlier(quality.judged_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_volume_outlier', 'price_data', 'prices', 'info', '{"min_sample": 20, "score": 8, "min_jump": 8, "min_multiple": 80}',
  'About a hundred times as much was traded as this instrument is used to: the volume may be in another unit.',
  'Look at the news of the day; a volume in another unit (lots, notional) has to be corrected at its source.'
);
