-- A jump of the size of a split is one that is recorded on that day.
create or replace function quality.rule_price_split_consistent(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when greatest(abs(bar.open_move), abs(bar.close_move)) >= (p_parameters ->> 'min_move')::double precision
    then quality.split_violation(bar, p_parameters)
end;

comment on function quality.rule_price_split_consistent(quality.judged_bar, jsonb) is
'A bar that opens at a multiple of the close before (the dividend of the bar, or of the one before, added back) as a split would make it, without a split on record that explains it: the multiple or its inverse lies within tolerance (as a logarithm) of one of ratios or of a split recorded within days calendar days, or is always or more; or that moves by the split recorded for it the wrong way, or by which the adjusted close moves as the close does, though it has to contain the split. One of ratios without a record counts only where more than min_sample bars are before and it is multiple or more times their usual move, as large moves hit some ratio by chance. Moves below min_move (as a logarithm) and multiples of fewer than min_ticks usual ticks are not looked at: a price of two ticks halves by one. Multiples near 100 are left to price_unit_consistent. See quality.split_violation.';

revoke all on function quality.rule_price_split_consistent(quality.judged_bar, jsonb) from public;
grant execute on function quality.rule_price_split_consistent(quality.judged_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_split_consistent', 'price_data', 'prices', 'error', '{"ratios": [2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 25, 30, 40, 50], "tolerance": 0.03, "days": 30, "always": 4, "min_move": 0.25, "min_ticks": 5, "min_sample": 20, "multiple": 10}',
  'The price jumps as by a split, but no split is recorded for that session: one is missing, or was applied to the wrong bars.',
  'Look the split up; fetch the corporate actions, or the bars around the day, again.'
);
