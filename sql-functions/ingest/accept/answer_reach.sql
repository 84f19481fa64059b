-- How old the last bar of an answer may be for it to speak of the time since.
create or replace function ingest.answer_reach() returns interval
language sql immutable parallel safe
return interval '7 days';

comment on function ingest.answer_reach() is
'An answer whose last bar ended longer ago than this speaks of the past alone: it does not say that there was nothing since. A week: longer than exchanges are closed in a row, and short of a file of earlier years that is brought in today.';

revoke all on function ingest.answer_reach() from public;
grant execute on function ingest.answer_reach() to marketbase_reader;
