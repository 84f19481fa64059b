-- Under which name this installation is known to collectors of lineage.
create or replace function pipeline.openlineage_namespace() returns text
language sql stable parallel safe
return coalesce(nullif(current_setting('marketbase.openlineage_namespace', true), ''), 'marketbase');

comment on function pipeline.openlineage_namespace() is
E'@behavior -*\nThe namespace of jobs and datasets in OpenLineage: the setting marketbase.openlineage_namespace, such as postgres://db.example.com:5432 (alter database … set marketbase.openlineage_namespace = …), marketbase without it.';

revoke all on function pipeline.openlineage_namespace() from public;
grant execute on function pipeline.openlineage_namespace() to marketbase_worker;
