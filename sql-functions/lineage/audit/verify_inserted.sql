-- Are there rows that should lie in a block and do not?
create or replace function lineage.verify_inserted(p_stream text, p_new_only boolean default false) returns setof lineage.audit_finding
language plpgsql stable parallel restricted
set search_path to pg_catalog, pg_temp
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
  most_named constant integer := 100;
  stream lineage.audit_stream;
  last lineage.audit_block;
  newest lineage.audit_block;
  since_newest text;
  window_of_new text;
  clock text;
begin
  select * into stream from lineage.audit_stream where audit_stream.stream = p_stream;
  select * into last from lineage.audit_block where audit_block.stream = p_stream order by block_no desc limit 1;
  if stream.stream is null or last.block_no is null then
    return;
  end if;
  window_of_new := lineage.audit_window(last);
  -- What began to write after any block at all is younger than that one, however long its own stream was quiet.
  select * into newest from lineage.audit_block where recorded_from is not null order by block_no desc limit 1;
  newest.transactions_to := newest.next_transaction;
  since_newest := lineage.audit_window(newest);
  clock := coalesce('r.' || quote_ident(stream.clock_column), 'null::timestamptz');
  return query execute format(
    $query$
      select
        'inserted', $1, $2, jsonb_build_object(%s),
        format(
          '%%s: the row with %%s lies in no block, although %%s', $2, concat_ws(', ', %s),
          case when %s then 'it says that it was recorded ' || %s else 'its transaction was finished when block ' || $1 || ' was sealed' end
        )
      from %s as r
      where %s and (not ($4 or %s) or %s and (%s < $3 or %s < $5 and %s)) and %s
      limit %s
    $query$,
    (select string_agg(format('%L, r.%I', name, name), ', ' order by place) from unnest(stream.key_columns) with ordinality as key_column (name, place)),
    (select string_agg(format('%L || r.%I::text', name || ' ', name), ', ' order by place) from unnest(stream.key_columns) with ordinality as key_column (name, place)),
    window_of_new, clock, stream.relation, coalesce(stream.condition, 'true'), window_of_new, window_of_new, clock,
    clock, case when since_newest = 'true' then 'false' else since_newest end, lineage.audit_unsealed(p_stream), most_named
  )
  using last.block_no, p_stream, lineage.audit_oldest(last), p_new_only, newest.recorded_from;
exception
  when data_exception then
    return next row(
      'unreadable', last.block_no, p_stream, null,
      format('%s: what lies in no block cannot be said, as the keys of a leaf cannot be read: %s', p_stream, sqlerrm)
    )::lineage.audit_finding;
end
$$;

comment on function lineage.verify_inserted(text, boolean) is
'Rows of a stream that lie in no block although they should, 100 at most: their transaction was finished when the last block was sealed, or they say that they were recorded before it while they were written after it. New rows that wait for the next seal are not among them. p_new_only: look only at rows that were written since the last block, which needs no look at the others. Nothing for a stream without a block.';

revoke all on function lineage.verify_inserted(text, boolean) from public;
grant execute on function lineage.verify_inserted(text, boolean) to marketbase_auditor;
