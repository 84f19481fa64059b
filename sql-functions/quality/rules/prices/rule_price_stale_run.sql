-- Prices do not stand still.
create or replace function quality.rule_price_stale_run(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when bar.equal_bars >= (p_parameters ->> 'bars')::bigint then quality.stale_violation(bar, p_parameters)
end;

comment on function quality.rule_price_stale_run(quality.judged_bar, jsonb) is
'A bar whose open, high, low and close are those of each of the bars - 1 bars before: the last of bars (at most 61) equal bars and each one after it; unless the instrument stands still so often that chance makes such a run with a probability above chance (see quality.stale_violation).';

revoke all on function quality.rule_price_stale_run(quality.judged_bar, jsonb) from public;
grant execute on function quality.rule_price_stale_run(quality.judged_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_stale_run', 'price_data', 'prices', 'warning', '{"bars": 5, "chance": 0.00001, "min_sample": 20}',
  'Open, high, low and close repeat for many sessions: the source may be repeating its last value.',
  'Compare with another provider; a suspended instrument stands still by right.'
);
