-- A mark that changes whenever anything changes that a compiled set is made of.
create or replace function feature.compiler_state() returns text
language sql stable parallel safe
begin atomic
  select md5(concat_ws(
    '|',
    (
      select string_agg(function.oid || ' ' || function.xmin || ' ' || coalesce(described.xmin::text, ''), ',' order by function.oid)
      from pg_proc as function
      left join pg_description as described on described.classoid = 'pg_proc'::regclass and described.objoid = function.oid
      where function.pronamespace in ('ta'::regnamespace, 'feature'::regnamespace, 'market'::regnamespace)
    ),
    (select string_agg(tag::text, E'\n' order by tag::text) from market.concept_tag as tag)
  ));
end;

comment on function feature.compiler_state() is
'A mark of the functions of the schemas ta, feature and market, of their comments and of market.concept_tag: as long as it is the same, every set compiles to what it is. It may change although nothing that matters has.';

revoke all on function feature.compiler_state() from public;
