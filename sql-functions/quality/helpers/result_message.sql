-- The outcome of a check in a sentence.
create or replace function quality.result_message(p_checked_count bigint, p_failed_count bigint, p_first_message text)
returns text
language sql
immutable
parallel safe
return case quality.status(p_checked_count, p_failed_count)
  when 'failed' then format('%s of %s failed. First: %s', p_failed_count, p_checked_count, p_first_message)
  when 'passed' then format('%s checked, none failed.', p_checked_count)
  else 'Nothing to check.'
end;

comment on function quality.result_message(bigint, bigint, text) is
'What quality.validation_result.message says for p_checked_count rows of which p_failed_count failed, the first with p_first_message.';

revoke all on function quality.result_message(bigint, bigint, text) from public;
grant execute on function quality.result_message(bigint, bigint, text) to marketbase_worker;
