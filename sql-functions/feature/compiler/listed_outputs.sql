-- The features of a query, one per line with its name.
create or replace function feature.listed_outputs(p_names text[], p_sql text[]) returns text[]
language sql immutable parallel safe
begin atomic
  select array_agg(format('%s%s -- %s', output.sql, case when output.position < cardinality(p_names) then ',' else '' end, output.name) order by output.position)
  from unnest(p_names, p_sql) with ordinality as output (name, sql, position);
end;

comment on function feature.listed_outputs(text[], text[]) is
'The elements of p_sql, each with a comma except the last, and with its name out of p_names as a comment. NULL for none.';

revoke all on function feature.listed_outputs(text[], text[]) from public;
