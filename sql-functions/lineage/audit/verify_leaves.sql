-- Are the rows of a block still what was sealed?
create or replace function lineage.verify_leaves(p_block_no bigint, p_from_leaf integer default 0, p_to_leaf integer default null)
returns setof lineage.audit_finding
language plpgsql stable parallel restricted
set search_path to pg_catalog, pg_temp
set client_encoding to 'UTF8'
set timezone to 'UTC'
set datestyle to 'ISO'
set intervalstyle to 'postgres'
set max_parallel_workers_per_gather to 0
-- A row is found by its key: reading the whole table for each leaf is never better.
set enable_hashjoin to off
set enable_mergejoin to off
set enable_seqscan to off
as $$
declare
  most_named constant integer := 20;
  block lineage.audit_block;
  leaf lineage.audit_leaf;
  oldest_allowed timestamptz;
  gone text;
  rows_at_key text;
  comparison text;
  naming text;
  is_equal boolean;
  oldest timestamptz;
  bad record;
  named integer;
  unnamed bigint;
begin
  select * into block from lineage.audit_block where block_no = p_block_no;
  if block.block_no is null then
    raise exception using errcode = 'MB001', message = format('there is no block %s', p_block_no), hint = 'lineage.audit_block lists the blocks.';
  end if;
  select string_agg(format('%s.%s', relation.name, needed.name), ', ' order by relation.name, needed.name) into gone
  from (select unnest(array[block.relation, block.history_relation])) as relation (name)
  cross join lateral (select unnest(block.columns || block.key_columns) union select block.clock_column) as needed (name)
  where relation.name is not null and needed.name is not null
    and not exists (select from pg_attribute where attrelid = to_regclass(relation.name) and attname = needed.name and not attisdropped);
  if gone is not null then
    return next row(
      'unreadable', block.block_no, block.stream, null, format('block %s cannot be verified: %s is not there any more', block.block_no, gone)
    )::lineage.audit_finding;
    return;
  end if;
  select lineage.audit_oldest(earlier) into oldest_allowed
  from lineage.audit_block as earlier
  where earlier.stream = block.stream and earlier.block_no < block.block_no
  order by earlier.block_no desc
  limit 1;
  oldest_allowed := greatest(oldest_allowed, block.not_before);

  -- A version that is closed has moved into the history and is the same.
  select string_agg(
    format(
      'select %s as hash, %s as clock from %s as r where %s', lineage.audit_row_hash(block.columns, block.column_types),
      coalesce('r.' || quote_ident(block.clock_column), 'null::timestamptz'), relation.name, lineage.audit_row_join(block.key_columns)
    ),
    ' union all '
  )
  into rows_at_key
  from unnest(array[block.relation, block.history_relation]) as relation (name)
  where relation.name is not null;
  comparison := format(
    'select sha256(string_agg(stored.hash, %L order by k.place)) is not distinct from $2, min(stored.clock) from %s left join lateral (%s limit 1) as stored on true',
    '', lineage.audit_leaf_keys('$1', block.key_columns, block.key_types), rows_at_key
  );
  naming := format(
    $query$
      select
        case when stored.hash is null then 'deleted' when not stored.is_sealed then 'changed' else 'backdated' end as kind,
        jsonb_build_object(%s) as key, concat_ws(', ', %s) as name, stored.clock
      from %s
      left join lateral (
        select at_key.*, substr(at_key.hash, 1, 8) = substr($2, 8 * k.place::integer - 7, 8) as is_sealed
        from (%s) as at_key
        order by is_sealed desc
        limit 1
      ) as stored on true
      where (stored.is_sealed is not true or stored.clock < $3) and not (stored.hash is null and %s)
      order by k.place
    $query$,
    (select string_agg(format('%L, k.%I', name, name), ', ' order by place) from unnest(block.key_columns) with ordinality as key_column (name, place)),
    (select string_agg(format('%L || k.%I::text', name || ' ', name), ', ' order by place) from unnest(block.key_columns) with ordinality as key_column (name, place)),
    lineage.audit_leaf_keys('$1', block.key_columns, block.key_types), rows_at_key,
    case
      when block.is_replaceable then format(
        'exists (select from %s as r where %s and %s)', block.relation, lineage.audit_row_join(trim_array(block.key_columns, 1)), coalesce(block.condition, 'true')
      )
      else 'false'
    end
  );

  for leaf in
    select * from lineage.audit_leaf
    where audit_leaf.block_no = p_block_no and leaf_no between p_from_leaf and coalesce(p_to_leaf, block.leaf_count)
    order by leaf_no
  loop
    begin
      execute comparison into is_equal, oldest using leaf.keys, leaf.content_hash;
    exception
      when data_exception then
        return next row(
          'unreadable', block.block_no, block.stream, null, format('the keys of leaf %s of block %s cannot be read: %s', leaf.leaf_no, block.block_no, sqlerrm)
        )::lineage.audit_finding;
        continue;
    end;
    continue when is_equal and (oldest < oldest_allowed) is not true;
    named := 0;
    unnamed := 0;
    for bad in execute naming using leaf.keys, leaf.digests, oldest_allowed loop
      if named < most_named then
        named := named + 1;
        return next row(
          bad.kind, block.block_no, block.stream, bad.key,
          format(
            case bad.kind
              when 'deleted' then '%s: the row with %s is gone; block %s has it'
              when 'changed' then '%s: the row with %s is not as block %s has it'
              else '%s: the row with %s came after the block before block %s and says that it was recorded %s'
            end,
            block.stream, bad.name, block.block_no, bad.clock
          )
        )::lineage.audit_finding;
      else
        unnamed := unnamed + 1;
      end if;
    end loop;
    if unnamed > 0 then
      return next row(
        bad.kind, block.block_no, block.stream, null, format('%s: %s more rows of leaf %s of block %s', block.stream, unnamed, leaf.leaf_no, block.block_no)
      )::lineage.audit_finding;
    elsif named = 0 and not is_equal and not block.is_replaceable then
      -- Only a digest that was made to fit hides which row it is.
      return next row(
        'changed', block.block_no, block.stream, null, format('%s: the rows of leaf %s of block %s are not those that were sealed', block.stream, leaf.leaf_no, block.block_no)
      )::lineage.audit_finding;
    end if;
  end loop;
end
$$;

comment on function lineage.verify_leaves(bigint, integer, integer) is
'Reads the rows of a block (of its leaves from p_from_leaf to p_to_leaf, NULL: to the last) again and returns those that are not as they were sealed: changed, deleted, or backdated (it claims to have been recorded before its transaction can have begun). Named are 20 rows of a leaf and the number of the others; nothing where all is as it was. Columns that were added since do not matter; a table or column that is gone is one finding, unreadable. Rows that were replaced by right are left out.
Errors: MB001 when there is no such block.';

revoke all on function lineage.verify_leaves(bigint, integer, integer) from public;
grant execute on function lineage.verify_leaves(bigint, integer, integer) to marketbase_auditor;
