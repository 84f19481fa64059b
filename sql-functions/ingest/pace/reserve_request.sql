-- One request to a provider at its turn, whoever asks: the turns are rows, not timers of a process.
create or replace function ingest.reserve_request(
  p_provider text,
  p_requests integer default null,
  p_per_seconds double precision default null,
  p_longest_wait interval default '10 seconds'
) returns interval
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  allowed integer;
  period interval := make_interval(secs => coalesce(p_per_seconds, 60));
  spacing interval;
  pace record;
  moment timestamptz;
  turn timestamptz;
begin
  perform ingest.require_provider(p_provider);
  select coalesce(p_requests, provider.requests_per_minute) into allowed from ingest.provider where provider.provider = p_provider;
  if allowed <= 0 or period <= interval '0' or p_requests is null and p_per_seconds is not null then
    raise exception using
      errcode = 'MB001',
      message = 'a limit is a number of requests and the seconds in which they may be sent',
      hint = 'Both are greater than zero.';
  end if;
  insert into ingest.request_pace (provider) values (p_provider) on conflict (provider) do nothing;
  select request_pace.next_at, request_pace.blocked_until, request_pace.recent into pace
  from ingest.request_pace
  where request_pace.provider = p_provider
  for update;

  -- Read after the lock was waited for. A limit within a minute is spread evenly; of a longer one as many may come at once as it allows, a second apart.
  moment := clock_timestamp();
  spacing := case when allowed is null then interval '0' when period <= interval '1 minute' then period / allowed else interval '1 second' end;
  -- No turn lies further ahead than the longest wait and one spacing: one that does comes from a clock that was set back.
  turn := greatest(
    moment,
    least(pace.next_at, moment + greatest(p_longest_wait, interval '1 minute') + spacing),
    least(pace.blocked_until, moment + interval '1 day')
  );
  if period > interval '1 minute' and cardinality(pace.recent) >= allowed then
    turn := greatest(turn, least(pace.recent[cardinality(pace.recent) - allowed + 1], moment) + period);
  end if;
  if turn - moment > p_longest_wait then
    return turn - moment;
  end if;

  update ingest.request_pace
  set
    next_at = turn + spacing,
    recent = case when period > interval '1 minute' then (pace.recent || turn)[greatest(cardinality(pace.recent) + 2 - allowed, 1):] else '{}' end,
    request_count = request_count + 1
  where request_pace.provider = p_provider;
  return turn - moment;
end
$$;

comment on function ingest.reserve_request(text, integer, double precision, interval) is
'How long to wait before one request to the provider, across all processes. p_requests per p_per_seconds is its limit (60 seconds unless given); where p_requests is NULL the limit is ingest.provider.requests_per_minute, and none where that is NULL.
A wait of up to p_longest_wait is a turn of one''s own: wait and ask. When the wait is longer, no turn was taken: come again then. It is longer too while the provider does not want to be asked (ingest.pause_provider).
Limits of up to a minute are spread evenly; of longer ones no span of that length ever has more requests. The clock is that of the database. Call it in a transaction of its own: it locks the row of the provider. MB001 for an unknown provider or a limit that is none.';

revoke all on function ingest.reserve_request(text, integer, double precision, interval) from public;
grant execute on function ingest.reserve_request(text, integer, double precision, interval) to marketbase_worker;
