-- A bar is not of a day to come.
create or replace function quality.rule_price_not_future(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when bar.session_date > (now() at time zone 'UTC')::date + 1 then quality.bar_violation(
    bar,
    jsonb_build_object('session_date', bar.session_date, 'close', bar.close),
    'a session up to today',
    format('The session of %s has yet to come.', bar.session_date)
  )
end;

comment on function quality.rule_price_not_future(quality.judged_bar, jsonb) is
'A bar of a session after tomorrow (UTC): no time zone is as far ahead. p_parameters is not used.';

revoke all on function quality.rule_price_not_future(quality.judged_bar, jsonb) from public;
grant execute on function quality.rule_price_not_future(quality.judged_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_not_future', 'price_data', 'prices', 'error', '{}',
  'A bar of the future is stored: its date is wrong, or it was made up.',
  'Look at the date format and time zone of the body; retract the bar at its source.'
);
