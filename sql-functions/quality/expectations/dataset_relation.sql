-- The table or view of a name, where readers may read it.
create or replace function quality.dataset_relation(p_dataset text)
returns regclass
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_found regclass[];
begin
  select array_agg(relation.oid::regclass order by relation.oid)
  into v_found
  from pg_class as relation
  where p_dataset in (relation.relname, relation.relnamespace::regnamespace || '.' || relation.relname)
    and relation.relkind in ('r', 'p', 'v')
    and not relation.relispartition
    and relation.relnamespace::regnamespace::text in ('market', 'ingest', 'feature', 'quality', 'pipeline', 'lineage', 'portfolio', 'risk', 'ml', 'search')
    -- Everybody may read what a rule finds, so that it may look only at what everybody may read.
    and has_table_privilege('marketbase_reader', relation.oid, 'select');
  if cardinality(v_found) = 1 then
    return v_found[1];
  elsif v_found is not null then
    raise exception using errcode = 'MB001',
      message = format('%s is the name of several tables.', p_dataset), hint = format('Name one of %s.', array_to_string(v_found, ', '));
  end if;
  raise exception using errcode = 'MB003',
    message = format('There is no table or view %s that readers may read.', coalesce(quote_literal(left(p_dataset, 80)), 'null')),
    hint = 'Name it as price_data or market.price_data.';
end;
$$;

comment on function quality.dataset_relation(text) is
E'@behavior -*\nThe table or view p_dataset, named with or without its schema, that marketbase_reader may read. Errors: MB003 where there is none, MB001 where the name is that of several.';

revoke all on function quality.dataset_relation(text) from public;
grant execute on function quality.dataset_relation(text) to marketbase_worker, marketbase_author;
