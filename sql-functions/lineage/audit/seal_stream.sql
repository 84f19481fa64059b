-- Seals what is new in one stream, as the next block of the audit chain.
-- security definer: the chain is written here and nowhere else; whoever may ask for a seal has no right on its tables.
create or replace function lineage.seal_stream(p_stream text, p_whole boolean default false) returns lineage.audit_block
language plpgsql volatile parallel unsafe security definer
set search_path to pg_catalog, pg_temp
set lock_timeout to '10min'
set client_encoding to 'UTF8'
set timezone to 'UTC'
set datestyle to 'ISO'
set intervalstyle to 'postgres'
set work_mem to '64MB'
set max_parallel_workers_per_gather to 0
-- What is sealed is looked up once for all rows, never once for each.
set enable_nestloop to off
as $$
declare
  leaf_rows constant integer := 4096;
  widest_span constant integer := 8192;
  -- So many are hashed in one go.
  most_at_once constant integer := 250000;
  stream lineage.audit_stream;
  last lineage.audit_block;
  block lineage.audit_block;
  wanted text;
  sealing text;
  candidates bigint;
  oldest timestamptz;
  greatest_age bigint;
  before_it lineage.audit_block;
  clock_index regclass;
  part regclass;
  pages bigint;
  page bigint;
  span bigint;
  is_looked_up boolean;
  is_known boolean;
  leaves bigint;
  added bigint;
  told bigint := 0;
begin
  select * into stream from lineage.audit_stream where audit_stream.stream = p_stream;
  if stream.stream is null then
    raise exception using
      errcode = 'MB003',
      message = format('there is no stream named "%s"', p_stream),
      hint = 'lineage.audit_stream lists what is sealed.';
  end if;
  -- One seal at a time: a block follows the one before it.
  perform pg_advisory_xact_lock(hashtextextended('lineage.audit_block', 0));
  if not p_whole then
    select * into last from lineage.audit_block where audit_block.stream = p_stream order by block_no desc limit 1;
  end if;

  -- Before anything is looked at: a transaction that begins later began later.
  block.recorded_from := lineage.audit_recorded_from();
  -- A transaction that is not finished holds back all that began to write after it: a row that is seen here was never passed over.
  block.transactions_to := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
  block.next_transaction := pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
  wanted := lineage.audit_window(last, block.transactions_to, stream.clock_column);
  is_known := wanted <> 'true';
  wanted := concat_ws(' and ', wanted, stream.condition);
  execute format(
    'select count(*), min(%s), max(age(r.xmin)) from %s as r where %s', coalesce('r.' || quote_ident(stream.clock_column), 'null::timestamptz'), stream.relation, wanted
  )
  into candidates, oldest, greatest_age;
  if candidates = 0 then
    return null;
  end if;
  -- A row may have been written again by right, after it was sealed: then it lies in a block that is younger than the row.
  is_looked_up := exists (select from lineage.audit_block where audit_block.stream = p_stream and sealed_at >= coalesce(oldest, '-infinity'));
  if is_looked_up then
    wanted := concat_ws(' and ', wanted, lineage.audit_unsealed(p_stream, coalesce(oldest, '-infinity')));
  end if;

  select coalesce(max(block_no), 0) + 1 into block.block_no from lineage.audit_block;
  block.stream := stream.stream;
  block.relation := stream.relation;
  block.history_relation := stream.history_relation;
  block.key_columns := stream.key_columns;
  block.key_types := stream.key_types;
  block.columns := stream.columns;
  block.column_types := stream.column_types;
  block.condition := stream.condition;
  block.clock_column := stream.clock_column;
  block.is_replaceable := stream.is_replaceable;
  block.row_count := 0;
  block.leaf_count := 0;
  select control.system_identifier into block.system_identifier from pg_control_system() as control;
  if is_known then
    before_it := block;
    before_it.transactions_to := block.transactions_to + age((block.transactions_to & 4294967295)::text::xid) - greatest_age;
    block.not_before := lineage.audit_oldest(before_it);
  end if;
  block.sealed_by := session_user;

  -- In the order of the pages: nothing is sorted, and what was written together lies together.
  sealing := format(
    $query$
      with leaf as (
        select
          $1, $2 + (hashed.place / %1$s)::integer, count(*)::integer, array[%2$s],
          string_agg(substr(hashed.hash, 1, 8), ''), sha256(string_agg(hashed.hash, ''))
        from (select %3$s, %4$s as hash, row_number() over () - 1 as place from %5$s as r where r.ctid >= $3 and r.ctid < $4 and %6$s) as hashed
        group by hashed.place / %1$s
      ), added as (
        insert into lineage.audit_leaf (block_no, leaf_no, row_count, keys, digests, content_hash, hash)
        select made.block_no, made.leaf_no, made.row_count, made.keys, made.digests, made.content_hash,
          lineage.audit_leaf_hash(row(made.block_no, made.leaf_no, made.row_count, made.keys, made.digests, made.content_hash, null))
        from leaf as made (block_no, leaf_no, row_count, keys, digests, content_hash)
        returning row_count
      )
      select count(*), coalesce(sum(row_count), 0) from added
    $query$,
    leaf_rows,
    (select string_agg(format('array_agg(hashed.%I)::text', name), ', ' order by place) from unnest(stream.key_columns) with ordinality as key_column (name, place)),
    (select string_agg(format('r.%I', name), ', ' order by place) from unnest(stream.key_columns) with ordinality as key_column (name, place)),
    lineage.audit_row_hash(stream.columns, stream.column_types), '%s', replace(wanted, '%', '%%')
  );
  for part in
    select class.oid from pg_class as class where class.oid = stream.relation::regclass and class.relkind = 'r'
    union all
    select tree.relid from pg_partition_tree(stream.relation::regclass) as tree where tree.isleaf
    order by 1
  loop
    pages := pg_relation_size(part) / current_setting('block_size')::integer;
    page := 0;
    -- About one leaf at a time: the span grows while few rows are new and shrinks where they lie close.
    span := case when is_looked_up or candidates <= most_at_once then pages else 64 end;
    while page < pages loop
      execute format(sealing, part)
      into leaves, added
      using block.block_no, block.leaf_count, format('(%s,0)', page)::tid, format('(%s,0)', page + span)::tid;
      page := page + span;
      block.leaf_count := block.leaf_count + leaves;
      block.row_count := block.row_count + added;
      span := case when added > leaf_rows then greatest(span / 2, 1) when added < leaf_rows / 2 then least(span * 2, widest_span) else span end;
      if block.row_count - told >= 100000 then
        told := block.row_count;
        raise notice using message = format('%s: %s rows hashed', p_stream, told), detail = told::text;
      end if;
    end loop;
  end loop;
  if block.row_count = 0 then
    return null;
  end if;

  -- Not before: what is sealed here was recorded earlier.
  block.sealed_at := clock_timestamp();
  select coalesce((select hash from lineage.audit_block where block_no = block.block_no - 1), '') into block.previous_hash;
  select sha256(string_agg(hash, '' order by leaf_no)) into block.leaves_hash from lineage.audit_leaf where block_no = block.block_no;
  block.hash := lineage.audit_block_hash(block);
  insert into lineage.audit_block select block.*;

  -- The index by time knows the new pages from now on.
  for clock_index in
    select index.indexrelid
    from pg_index as index
    join pg_class as class on class.oid = index.indexrelid
    join pg_am as method on method.oid = class.relam and method.amname = 'brin'
    join pg_attribute as attribute on attribute.attrelid = index.indrelid and attribute.attnum = index.indkey[0]
    where attribute.attname = stream.clock_column and class.relkind = 'i'
      and index.indrelid in (select stream.relation::regclass union select relid from pg_partition_tree(stream.relation::regclass))
  loop
    perform brin_summarize_new_values(clock_index);
  end loop;
  return block;
end
$$;

comment on function lineage.seal_stream(text, boolean) is
'Seals the rows of a stream that are finished and lie in no block yet, as the next block, and returns it; NULL where nothing is new, so that sealing twice changes nothing. Rows of a transaction that is not finished, and of those that began to write after it, wait for the next seal. Long work says every hundred thousand rows how many were hashed (a notice with the number as its detail).
p_stream: a name of lineage.audit_stream. Two at once wait for each other.
p_whole: look at every row of the table. Otherwise only at those that were written since the last block and say so: a row that came with a time from before is not sealed, and found by lineage.verify_inserted. After such a row was looked into, a clock was set back by more than a minute or rows were restored, a seal of the whole takes what is left.
Errors: MB003 for another name.';

revoke all on function lineage.seal_stream(text, boolean) from public;
grant execute on function lineage.seal_stream(text, boolean) to marketbase_worker;
