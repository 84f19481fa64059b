-- The life of a run as OpenLineage tells it.
create or replace function pipeline.openlineage_event(p_run_id bigint, p_event_type text, p_event_time timestamptz) returns jsonb
language sql stable parallel safe
begin atomic
  with identity as (
    select run.run_id, run.parent_run_id, run.message, pipeline.openlineage_run(run.run_id) as named
    from pipeline.pipeline_run as run
    where run.run_id = p_run_id
  ),
  facet as (
    select coalesce(jsonb_object_agg(said.name, said.content), '{}') as facets
    from identity
    cross join lateral (
      select 'parent' as name, pipeline.openlineage_facet('1-0-1/ParentRunFacet.json', pipeline.openlineage_run(identity.parent_run_id)) as content
      where identity.parent_run_id is not null
      union all
      select 'errorMessage', pipeline.openlineage_facet(
        '1-0-0/ErrorMessageRunFacet.json', jsonb_build_object('message', coalesce(identity.message, ''), 'programmingLanguage', 'SQL')
      )
      where p_event_type = 'FAIL'
    ) as said
  ),
  input as (
    select named.dataset || case when judged.facets is null then '{}' else jsonb_build_object('inputFacets', judged.facets) end as dataset
    from (
      select pipeline.openlineage_dataset(edge.source_relation) as dataset from lineage.data_lineage as edge where edge.run_id = p_run_id
      union
      select pipeline.openlineage_dataset(judged.dataset) from pipeline.openlineage_quality(p_run_id) as judged
    ) as named
    left join pipeline.openlineage_quality(p_run_id) as judged on pipeline.openlineage_dataset(judged.dataset) = named.dataset
  ),
  output as (
    select distinct pipeline.openlineage_dataset(edge.target_relation) as dataset from lineage.data_lineage as edge where edge.run_id = p_run_id
  )
  select jsonb_build_object(
    'eventType', p_event_type,
    'eventTime', internal.iso_time(p_event_time),
    'producer', 'urn:marketbase',
    'schemaURL', 'https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent',
    'run', (identity.named -> 'run') || jsonb_build_object('facets', facet.facets),
    'job', identity.named -> 'job',
    'inputs', coalesce((select jsonb_agg(input.dataset order by input.dataset ->> 'name') from input), '[]'),
    'outputs', coalesce((select jsonb_agg(output.dataset order by output.dataset ->> 'name') from output), '[]')
  )
  from identity
  cross join facet;
end;

comment on function pipeline.openlineage_event(bigint, text, timestamptz) is
E'@behavior -*\nThe RunEvent (OpenLineage 2-0-2) of type p_event_type (START, COMPLETE, FAIL, ABORT, OTHER) of the run p_run_id at p_event_time: what it read and wrote by lineage.data_lineage, what the rules said (pipeline.openlineage_quality) as facets of the inputs, its parent, and the message of a failure. NULL for an unknown run.';

revoke all on function pipeline.openlineage_event(bigint, text, timestamptz) from public;
grant execute on function pipeline.openlineage_event(bigint, text, timestamptz) to marketbase_worker;
