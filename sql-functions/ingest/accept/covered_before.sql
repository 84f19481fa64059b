-- For which time the provider had answered before, of the bars that a body brings.
create or replace function ingest.covered_before(p_raw_response_id bigint)
returns table (instrument_id bigint, bar_interval text, covered tstzmultirange)
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
  ), asked as (
    -- An answer to the same request speaks of the days just before it, also of instruments that it lacks.
    select
      wanted.bar_interval, range_agg(tstzrange(answer.fetched_at - ingest.answer_reach(), last.covered_until, '(]')) as covered
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
    where last.covered_until > answer.fetched_at - ingest.answer_reach() and last.covered_until > wanted.covered_from
    group by wanted.bar_interval
  )
  select own.instrument_id, own.bar_interval, coalesce(held.covered, '{}') + coalesce(asked.covered, '{}')
  from own
  left join asked on asked.bar_interval = own.bar_interval
  cross join lateral (
    select range_agg(tstzrange(coverage.covered_from, coverage.covered_until, '(]')) as covered
    from ingest.bar_coverage coverage
    cross join body
    where coverage.provider = body.provider and coverage.instrument_id = own.instrument_id and coverage.bar_interval = own.bar_interval
      and coverage.covered_until > own.covered_from and coverage.fetched_at < body.fetched_at
  ) as held
  where num_nonnulls(held.covered, asked.covered) > 0;
end;

comment on function ingest.covered_before(bigint) is
'For each instrument and length of bar in the body, the times for which earlier bodies of its provider answered: a bar that ended then was not to be had from it. These are the spans of bodies that held bars of the instrument, and the days
(ingest.answer_reach()) before each earlier answer to the same request, whatever it held. Instruments and lengths of which nobody had answered are left out: their bars count as known from their end. ingest.record_coverage comes first.';

revoke all on function ingest.covered_before(bigint) from public;
grant execute on function ingest.covered_before(bigint) to marketbase_worker;
