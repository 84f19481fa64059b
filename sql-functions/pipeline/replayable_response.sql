-- Bodies that would be read by another version of their normaliser than the last time.
create or replace view pipeline.replayable_response with (security_invoker = true) as
select
  response.raw_response_id, response.provider, response.dataset, response.subject, response.fetched_at, latest.outcome, latest.normaliser_version as read_by,
  internal.function_version(
    coalesce(to_regprocedure(latest.normaliser || '(bigint)'), to_regprocedure(latest.normaliser || '(bigint, bigint)'))
  ) as would_be_read_by
from ingest.raw_response response
cross join lateral (
  select normalisation.outcome, normalisation.normaliser, normalisation.normaliser_version
  from ingest.normalisation
  where normalisation.raw_response_id = response.raw_response_id
  order by normalisation.recorded_at desc, normalisation.run_id desc
  limit 1
) as latest
where response.dataset not in ('trades', 'documents', 'sessions', 'members');

comment on view pipeline.replayable_response is
E'@behavior -*\nBodies of market data that were read, with the version of the normaliser that read them last and the one that would now; marketbase ingest replay reads again those for which they differ.';
comment on column pipeline.replayable_response.raw_response_id is 'Body.';
comment on column pipeline.replayable_response.provider is 'Provider.';
comment on column pipeline.replayable_response.dataset is 'Data set.';
comment on column pipeline.replayable_response.subject is 'Symbol.';
comment on column pipeline.replayable_response.fetched_at is 'When it arrived.';
comment on column pipeline.replayable_response.outcome is 'What came of it the last time.';
comment on column pipeline.replayable_response.read_by is 'Version of the normaliser that read it last.';
comment on column pipeline.replayable_response.would_be_read_by is 'Version of the normaliser that would read it now; null when there is none any more.';

revoke all on pipeline.replayable_response from public;
grant select on pipeline.replayable_response to marketbase_worker;
