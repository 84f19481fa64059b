-- A column of a dataset, as SQL.
create or replace function quality.dataset_column(p_relation regclass, p_column text)
returns text
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  if quality.dataset_type(p_relation, p_column) is null then
    raise exception using errcode = 'MB001',
      message = format('%s has no column %s.', p_relation, coalesce(quote_literal(left(p_column, 80)), 'null')),
      hint = (
        select format('It has %s.', string_agg(attribute.attname, ', ' order by attribute.attnum))
        from pg_attribute as attribute
        where attribute.attrelid = p_relation and attribute.attnum > 0 and not attribute.attisdropped
      );
  end if;
  return format('d.%I', p_column);
end;
$$;

comment on function quality.dataset_column(regclass, text) is
E'@behavior -*\nThe column p_column of a row d of p_relation, quoted. Errors: MB001 where there is none.';

revoke all on function quality.dataset_column(regclass, text) from public;
grant execute on function quality.dataset_column(regclass, text) to marketbase_worker, marketbase_author;
