-- Trading does not all but stop.
create or replace function quality.rule_price_volume_collapse(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when bar.volume > 0
    and bar.volume <= bar.previous_volume / (p_parameters ->> 'min_jump')::double precision
    and bar.volume * (p_parameters ->> 'multiple')::double precision <= (bar.usual).volume
    and (bar.usual).bars >= (p_parameters ->> 'min_sample')::bigint
    and quality.robust_score(ln(bar.volume), (bar.usual).log_volumes) < -(p_parameters ->> 'score')::double precision
  then quality.bar_violation(
    bar,
    jsonb_build_object('volume', bar.volume, 'usual_volume', (bar.usual).volume),
    format('a volume of 1/%s of the usual one or more', p_parameters ->> 'multiple'),
    format('The volume of %s is %s; usual are %s.', bar.session_date, bar.volume, round((bar.usual).volume::numeric))
  )
end;

comment on function quality.rule_price_volume_collapse(quality.judged_bar, jsonb) is
'A bar whose volume is above 0 and at most 1 / min_jump (8 or more) of that of the bar before and 1 / multiple of the median of the 60 before, and whose logarithm lies more than score robust standard deviations (quality.robust_score) below their middle; where at least min_sample bars are there. multiple is that of price_volume_outlier: units of volume are a factor of 100 or more apart.';

revoke all on function quality.rule_price_volume_collapse(quality.judged_bar, jsonb) from public;
grant execute on function quality.rule_price_volume_collapse(quality.judged_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_volume_collapse', 'price_data', 'prices', 'info', '{"min_sample": 20, "score": 8, "min_jump": 8, "multiple": 80}',
  'Nearly nothing was traded: the volume is that of a part of the day or of one venue, or in another unit (lots, thousands).',
  'Fetch the day again after the close; a volume in another unit has to be corrected at its source.'
);
