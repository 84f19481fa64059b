-- The condition that a row has a key.
create or replace function lineage.audit_row_join(key_columns text[]) returns text
language sql immutable strict parallel safe
begin atomic
  select string_agg(format('r.%1$I = k.%1$I', name), ' and ' order by place) from unnest(key_columns) with ordinality as key_column (name, place);
end;

comment on function lineage.audit_row_join(text[]) is 'An SQL condition: the row r has the key k. NULL for NULL.';

revoke all on function lineage.audit_row_join(text[]) from public;
grant execute on function lineage.audit_row_join(text[]) to marketbase_auditor;
