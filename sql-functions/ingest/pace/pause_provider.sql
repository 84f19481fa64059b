-- A provider said that it wants to be left alone: every process hears of it.
create or replace function ingest.pause_provider(p_provider text, p_wait interval, p_reason text) returns timestamptz
language sql volatile parallel unsafe
begin atomic
  insert into ingest.request_pace (provider, blocked_until, blocked_reason)
  values (p_provider, clock_timestamp() + least(p_wait, interval '1 day'), p_reason)
  on conflict (provider) do update
  set
    blocked_until = greatest(least(request_pace.blocked_until, clock_timestamp() + interval '1 day'), excluded.blocked_until),
    blocked_reason = excluded.blocked_reason
  returning blocked_until;
end;

comment on function ingest.pause_provider(text, interval, text) is
'Has nobody ask the provider for p_wait, a day at most, by the clock of the database; a longer pause that is in force stays. p_reason: what the provider said. Returns until when.';

revoke all on function ingest.pause_provider(text, interval, text) from public;
grant execute on function ingest.pause_provider(text, interval, text) to marketbase_worker;
