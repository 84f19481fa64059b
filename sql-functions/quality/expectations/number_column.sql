-- A column of numbers of a dataset, as SQL.
create or replace function quality.number_column(p_relation regclass, p_column text)
returns text
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_column constant text := quality.dataset_column(p_relation, p_column);
begin
  if (select type.typcategory from pg_type as type where type.oid = quality.dataset_type(p_relation, p_column)) <> 'N' then
    raise exception using errcode = 'MB001',
      message = format('Column %s of %s is not a number but %s.', p_column, p_relation, quality.dataset_type(p_relation, p_column)),
      hint = 'Name a column of numbers.';
  end if;
  return v_column;
end;
$$;

comment on function quality.number_column(regclass, text) is
E'@behavior -*\nThe column p_column of a row d of p_relation, quoted. Errors: MB001 where there is none or it is not of numbers.';

revoke all on function quality.number_column(regclass, text) from public;
grant execute on function quality.number_column(regclass, text) to marketbase_worker, marketbase_author;
