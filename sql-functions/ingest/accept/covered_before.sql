-- For which time the provider had answered before, of the bars that a body brings.
create or replace function ingest.covered_before(p_raw_response_id bigint)
returns table (instrument_id bigint, bar_interval text, covered_from timestamptz, covered_until timestamptz)
language sql stable parallel safe
rows 500
begin atomic
  with body as materialized (
    select response.provider, response.dataset, response.subject, response.fetched_at
    from ingest.raw_response response
    where response.raw_response_id = p_raw_response_id
  ), own as materialized (
    select coverage.instrument_id, coverage.bar_interval, coverage.covered_from
    from ingest.bar_coverage coverage
    where coverage.raw_response_id = p_raw_response_id
  )
  select own.instrument_id, own.bar_interval, coverage.covered_from, coverage.covered_until
  from own
  cross join body
  join ingest.bar_coverage coverage
    on coverage.provider = body.provider and coverage.instrument_id = own.instrument_id and coverage.bar_interval = own.bar_interval
    and coverage.covered_until > own.covered_from and coverage.fetched_at < body.fetched_at
  union all
  -- An answer to the same request speaks of the days just before it, also of instruments that it lacks.
  select own.instrument_id, own.bar_interval, asked.covered_from, asked.covered_until
  from own
  join (
    select wanted.bar_interval, answer.fetched_at - ingest.answer_reach() as covered_from, last.covered_until
    from (select own.bar_interval, min(own.covered_from) as covered_from from own group by own.bar_interval) as wanted
    cross join body
    join ingest.raw_response answer
      on answer.provider = body.provider and answer.dataset = body.dataset and answer.subject = body.subject and answer.fetched_at < body.fetched_at
    cross join lateral (
      select coverage.covered_until
      from ingest.bar_coverage coverage
      where coverage.raw_response_id = answer.raw_response_id and coverage.bar_interval = wanted.bar_interval
      order by coverage.covered_until desc
      limit 1
    ) as last
    where last.covered_until > answer.fetched_at - ingest.answer_reach()
  ) as asked on asked.bar_interval = own.bar_interval and asked.covered_until > own.covered_from;
end;

comment on function ingest.covered_before(bigint) is
'For each instrument and length of bar in the body, the times (covered_from excluded, covered_until included) for which earlier bodies of its provider answered, which may overlap: a bar that ended then was not to be had from it. These are the spans of bodies that held bars of the instrument, and the days
(ingest.answer_reach()) before each earlier answer to the same request, whatever it held. Instruments and lengths of which nobody had answered are left out: their bars count as known from their end. ingest.record_coverage comes first.';

revoke all on function ingest.covered_before(bigint) from public;
grant execute on function ingest.covered_before(bigint) to marketbase_worker;
