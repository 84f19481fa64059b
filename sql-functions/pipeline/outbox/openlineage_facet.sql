-- A facet: what it says, who says it and how it is to be read.
create or replace function pipeline.openlineage_facet(p_schema text, p_content jsonb) returns jsonb
language sql immutable parallel safe
return p_content || jsonb_build_object(
  '_producer', 'urn:marketbase',
  '_schemaURL', format('https://openlineage.io/spec/facets/%s#/$defs/%s', p_schema, substring(p_schema from '/(.*)\.json$'))
);

comment on function pipeline.openlineage_facet(text, jsonb) is
E'@behavior -*\np_content as a facet of OpenLineage, with _producer and the _schemaURL, which points to the definition within p_schema, such as 1-0-0/ErrorMessageRunFacet.json.';

revoke all on function pipeline.openlineage_facet(text, jsonb) from public;
grant execute on function pipeline.openlineage_facet(text, jsonb) to marketbase_worker;
