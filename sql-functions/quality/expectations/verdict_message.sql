-- The verdict of an expectation in a sentence.
create or replace function quality.verdict_message(
  p_status text,
  p_checked_count bigint,
  p_failed_count bigint,
  p_masked_count bigint,
  p_first_message text
)
returns text
language sql
immutable
parallel safe
return concat_ws(
  ' ',
  case
    when p_status in ('failed', 'warned') then format('%s of %s %s. First: %s', p_failed_count, p_checked_count, p_status, p_first_message)
    when p_failed_count > 0 then format('%s checked, %s failed, as many as are tolerated.', p_checked_count, p_failed_count)
    when p_checked_count > 0 then format('%s checked, none failed.', p_checked_count)
    else 'Nothing to check.'
  end,
  case when p_masked_count > 0 then format('%s masked by known incidents.', p_masked_count) end
);

comment on function quality.verdict_message(text, bigint, bigint, bigint, text) is
E'@behavior -*\nWhat the message of a verdict of the status p_status says, for p_checked_count rows or figures of which p_failed_count were not as expected, the first with p_first_message, and p_masked_count that were not judged.';

revoke all on function quality.verdict_message(text, bigint, bigint, bigint, text) from public;
grant execute on function quality.verdict_message(text, bigint, bigint, bigint, text) to marketbase_worker, marketbase_author;
