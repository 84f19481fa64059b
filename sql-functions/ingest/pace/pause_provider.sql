-- A provider said that it wants to be left alone: every process hears of it.
create or replace function ingest.pause_provider(p_provider text, p_wait interval, p_reason text) returns timestamptz
language sql volatile parallel unsafe
begin atomic
  insert into ingest.request_pace (provider) values (p_provider) on conflict (provider) do nothing;
  update ingest.request_pace
  set
    blocked_until = greatest(least(blocked_until, clock_timestamp() + interval '1 day'), clock_timestamp() + least(p_wait, interval '1 day')),
    blocked_reason = p_reason
  where provider = p_provider
  returning blocked_until;
end;

comment on function ingest.pause_provider(text, interval, text) is
'Has nobody ask the provider for p_wait, a day at most, by the clock of the database; a longer pause that is in force stays. p_reason: what the provider said. Returns until when.';

revoke all on function ingest.pause_provider(text, interval, text) from public;
grant execute on function ingest.pause_provider(text, interval, text) to marketbase_worker;
