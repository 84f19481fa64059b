-- A close does not jump and come straight back.
create or replace function quality.rule_price_spike(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  -- It takes back what is not the remainder.
  when abs(bar.log_return) >= (1 - (p_parameters ->> 'max_remainder')::double precision) * (p_parameters ->> 'min_move')::double precision
    then quality.spike_violation(bar, p_parameters)
end;

comment on function quality.rule_price_spike(quality.judged_bar, jsonb) is
'A bar before this one whose close moved by min_move (as a log return) or more, and whose move this one took back but max_remainder of it. The time of the finding is that of the bar that sticks out. Recorded splits and dividends do not count as moves. Moves of less than score times the usual move (of min_sample bars or more) are usual for the instrument, as for an index of volatility. Moves of fewer than min_ticks ticks are not looked at, nor are days on which the volume was more than news_volume times the usual one: news brings trading, an error of the provider does not. See quality.spike_violation.';

revoke all on function quality.rule_price_spike(quality.judged_bar, jsonb) from public;
grant execute on function quality.rule_price_spike(quality.judged_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_spike', 'price_data', 'prices', 'warning', '{"min_move": 0.2, "max_remainder": 0.25, "min_ticks": 5, "min_sample": 20, "score": 8, "news_volume": 5}',
  'One close sticks out from its neighbours: often a misplaced decimal or a trade that was cancelled.',
  'Compare the day with another provider; a wrong bar has to be corrected at its source.'
);
