-- The condition that a row lies in no block.
create or replace function lineage.audit_unsealed(p_stream text, p_sealed_since timestamptz default '-infinity') returns text
language sql stable strict parallel safe
begin atomic
  select coalesce(
    string_agg(
      format(
        'not exists (select from lineage.audit_block as block join lineage.audit_leaf as leaf using (block_no) cross join lateral %s'
          ' where block.stream = %L and block.sealed_at >= %L and block.key_columns = %L and %s)',
        lineage.audit_leaf_keys('leaf.keys', keyed.key_columns, keyed.key_types), p_stream, p_sealed_since, keyed.key_columns,
        lineage.audit_row_join(keyed.key_columns)
      ),
      ' and '
    ),
    'true'
  )
  from (
    select distinct block.key_columns, block.key_types
    from lineage.audit_block as block
    where block.stream = p_stream and block.sealed_at >= p_sealed_since
  ) as keyed;
end;

comment on function lineage.audit_unsealed(text, timestamptz) is
'An SQL condition: the row r of the stream lies in no block that was sealed at p_sealed_since (default: ever) or later. A key may have changed over time: each is looked up as it was. NULL for NULL.';

revoke all on function lineage.audit_unsealed(text, timestamptz) from public;
grant execute on function lineage.audit_unsealed(text, timestamptz) to marketbase_auditor;
