-- The expression that unpacks the keys of a leaf into rows.
create or replace function lineage.audit_leaf_keys(packed text, key_columns text[], key_types text[]) returns text
language sql immutable strict parallel safe
begin atomic
  select format(
    'unnest(%s) with ordinality as k (%s, place)',
    string_agg(format('(%s)[%s]::%s[]', packed, key_column.place, key_column.type), ', ' order by key_column.place),
    string_agg(format('%I', key_column.name), ', ' order by key_column.place)
  )
  from unnest(key_columns, key_types) with ordinality as key_column (name, type, place);
end;

comment on function lineage.audit_leaf_keys(text, text[], text[]) is
'An SQL table expression named k: the keys of a leaf, one row each in their order, and their place from 1. packed: an expression for lineage.audit_leaf.keys. NULL for NULL.';

revoke all on function lineage.audit_leaf_keys(text, text[], text[]) from public;
grant execute on function lineage.audit_leaf_keys(text, text[], text[]) to marketbase_auditor;
