-- The type of a column of a dataset.
create or replace function quality.dataset_type(p_relation regclass, p_column text)
returns regtype
language sql
stable
parallel safe
begin atomic
  select attribute.atttypid::regtype
  from pg_attribute as attribute
  where attribute.attrelid = p_relation and attribute.attname = p_column and attribute.attnum > 0 and not attribute.attisdropped;
end;

comment on function quality.dataset_type(regclass, text) is
E'@behavior -*\nThe type of the column p_column of p_relation; NULL where there is no such column.';

revoke all on function quality.dataset_type(regclass, text) from public;
grant execute on function quality.dataset_type(regclass, text) to marketbase_worker, marketbase_author;
