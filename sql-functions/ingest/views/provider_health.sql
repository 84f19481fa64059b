-- How it went with each provider lately.
create or replace view ingest.provider_health with (security_invoker = true) as
select
  provider.provider, provider.title, provider.priority, provider.price_basis,
  coalesce(bodies.body_count, 0) as body_count, bodies.last_body_at,
  success.last_success_at, trouble.last_error_at, trouble.last_error,
  case
    when success.last_success_at is null and trouble.last_error_at is null then 'never asked'
    when trouble.last_error_at >= coalesce(success.last_success_at, '-infinity') then 'failing'
    else 'well'
  end as health
from ingest.provider
left join (
  select response.provider, count(*) as body_count, max(response.fetched_at) as last_body_at
  from ingest.raw_response response
  group by response.provider
) as bodies on bodies.provider = provider.provider
left join (
  select good.provider, max(good.at) as last_success_at
  from (
    select response.provider, max(normalisation.recorded_at) as at
    from ingest.normalisation
    join ingest.raw_response response using (raw_response_id)
    where normalisation.outcome = 'normalised'
    group by response.provider
    union all
    -- A body that came again unchanged is not stored and not read again; that it came is a success.
    select run.parameters ->> 'provider', max(run.finished_at)
    from pipeline.pipeline_run run
    where run.step = 'fetch' and run.status = 'succeeded' and run.rows_written = 0
    group by run.parameters ->> 'provider'
  ) as good
  group by good.provider
) as success on success.provider = provider.provider
left join (
  select distinct on (bad.provider) bad.provider, bad.at as last_error_at, bad.message as last_error
  from (
    (select distinct on (response.provider) response.provider, normalisation.recorded_at as at, normalisation.message
    from ingest.normalisation
    join ingest.raw_response response using (raw_response_id)
    where normalisation.outcome = 'refused'
    order by response.provider, normalisation.recorded_at desc)
    union all
    (select distinct on (run.parameters ->> 'provider') run.parameters ->> 'provider', run.finished_at, run.message
    from pipeline.pipeline_run run
    where run.step = 'fetch' and run.status = 'failed'
    order by run.parameters ->> 'provider', run.finished_at desc)
  ) as bad
  order by bad.provider, bad.at desc
) as trouble on trouble.provider = provider.provider;

comment on view ingest.provider_health is
E'@primaryKey provider\nHow it went with each provider lately: bodies that came, the latest success and the latest error with its words. marketbase providers shows it with limits and keys.';
comment on column ingest.provider_health.provider is E'@notNull\nProvider.';
comment on column ingest.provider_health.title is 'Name for people.';
comment on column ingest.provider_health.priority is 'Where two providers give the same bar, the lower number stays current.';
comment on column ingest.provider_health.price_basis is 'raw, split or total: what its prices of the past are adjusted for.';
comment on column ingest.provider_health.body_count is 'Bodies that are stored.';
comment on column ingest.provider_health.last_body_at is 'When the latest stored body arrived.';
comment on column ingest.provider_health.last_success_at is 'When a body was last read, or came again unchanged.';
comment on column ingest.provider_health.last_error_at is 'When a request last failed or a body was last refused.';
comment on column ingest.provider_health.last_error is 'What was said then.';
comment on column ingest.provider_health.health is 'well, failing (the latest thing that happened was an error) or never asked.';

grant select on ingest.provider_health to marketbase_reader;
