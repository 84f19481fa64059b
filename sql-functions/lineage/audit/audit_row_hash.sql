-- The expression that hashes a row, from its columns.
create or replace function lineage.audit_row_hash(columns text[], column_types text[]) returns text
language sql immutable strict parallel safe
begin atomic
  select format('sha256(record_send(row(%s)))', string_agg(format('r.%I::%s', hashed.name, hashed.type), ', ' order by hashed.place))
  from unnest(columns, column_types) with ordinality as hashed (name, type, place);
end;

comment on function lineage.audit_row_hash(text[], text[]) is
'An SQL expression over the row r: the sha256 of the binary form of its columns, each as the type given. Exact to the bit, and independent of every setting. NULL for NULL.';

revoke all on function lineage.audit_row_hash(text[], text[]) from public;
grant execute on function lineage.audit_row_hash(text[], text[]) to marketbase_auditor;
