-- What a rule of prices says of a bar that violates it.
create or replace function quality.bar_violation(bar quality.judged_bar, p_observed jsonb, p_expected text, p_message text)
returns quality.violation
language sql
stable
parallel safe
return row(null, bar.instrument_id, bar.ts, jsonb_build_object('session_date', bar.session_date), p_observed, p_expected, p_message)::quality.violation;

comment on function quality.bar_violation(quality.judged_bar, jsonb, text, text) is
'A violation by the bar: p_observed are the values that were seen, p_expected says in words what was expected, p_message what is wrong, in a sentence.';

revoke all on function quality.bar_violation(quality.judged_bar, jsonb, text, text) from public;
grant execute on function quality.bar_violation(quality.judged_bar, jsonb, text, text) to marketbase_worker;
