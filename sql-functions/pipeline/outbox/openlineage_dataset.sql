-- A table as OpenLineage names it.
create or replace function pipeline.openlineage_dataset(p_dataset text) returns jsonb
language sql stable parallel safe
begin atomic
  select jsonb_build_object(
    'namespace', pipeline.openlineage_namespace(),
    'name', current_database() || '.' || coalesce(
      (
        select relation.relnamespace::regnamespace || '.' || relation.relname
        from pg_class as relation
        where relation.relname = p_dataset and relation.relkind in ('r', 'p', 'v') and not relation.relispartition
          and relation.relnamespace::regnamespace::text = any ('{market,ingest,feature,quality,pipeline,lineage,portfolio,risk,ml,search}')
        limit 1
      ),
      p_dataset
    )
  );
end;

comment on function pipeline.openlineage_dataset(text) is
E'@behavior -*\n{"namespace", "name"} of a table or view that is named with or without its schema: database.schema.table, as the naming of OpenLineage asks for PostgreSQL.';

revoke all on function pipeline.openlineage_dataset(text) from public;
grant execute on function pipeline.openlineage_dataset(text) to marketbase_worker;
