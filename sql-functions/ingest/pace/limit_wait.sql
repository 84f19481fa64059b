-- How long a provider wants to be left alone, by its status and its words.
create or replace function ingest.limit_wait(p_provider text, p_status integer, p_words text) returns interval
language sql stable parallel safe
begin atomic
  select least(interval '1 day', case
    when told.span is not null then told.span[1]::double precision * case
      when told.span[2] ~* '^m(illi)?s' then interval '1 millisecond'
      when told.span[2] ~* '^s' then interval '1 second'
      when told.span[2] ~* '^m' then interval '1 minute'
      else interval '1 hour'
    end
    when told.until is not null then greatest(interval '1 second', to_timestamp(told.until::double precision / 1000) - statement_timestamp())
    when p_words ~* '(per|a|this|next|current) (second|minute)|call frequency' then provider.limit_pause
    when p_words ~* 'hour' then date_trunc('hour', statement_timestamp(), provider.limit_time_zone) + interval '1 hour' - statement_timestamp()
    when p_words ~* 'month' then interval '1 day'
    when p_words ~* '(daily|\mday\M|today)' then
      (date_trunc('day', statement_timestamp() at time zone provider.limit_time_zone) + interval '1 day') at time zone provider.limit_time_zone
      - statement_timestamp()
    else provider.limit_pause
  end)
  from ingest.provider
  cross join lateral (
    select
      regexp_match(
        p_words, '(?:again|retry|wait|after|available)\D{0,30}(\d{1,7}(?:\.\d+)?)\s*(milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h)\M', 'i') as span,
      substring(p_words from 'until (\d{13})\M') as until
  ) as told
  where provider.provider = p_provider
    and (
      p_status in (418, 425, 429)
      or p_words ~* ('(too many requests|rate.?limit|hits limit|limit reach|call frequency|request weight|threshold exceeded|throttl|temporary lockout'
        || '|(daily|hourly|monthly|usage|request|call)s? (limit|quota|allocation)|run (out of|over).{0,40}(credits|allocation|limit|quota|look up)'
        || '|exceeded.{0,60}(limit|requests|quota)|\d+ (api )?(requests?|calls?) (per|a) (second|minute|hour|day|month))')
    );
end;

comment on function ingest.limit_wait(text, integer, text) is
'How long p_provider wants to be left alone when it answers with p_status and p_words (NULL where there are none): as long as it says; until the next hour or its next day (ingest.provider.limit_time_zone) where the limit of these is used up; a day
where it is that of a month; else ingest.provider.limit_pause. A day at most. NULL when it is no limit: then waiting does not help. NULL for an unknown provider.';

revoke all on function ingest.limit_wait(text, integer, text) from public;
grant execute on function ingest.limit_wait(text, integer, text) to marketbase_worker;
