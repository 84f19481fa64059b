-- Is the chain whole? Blocks and leaves against their own hashes and each other.
create or replace function lineage.verify_chain() returns setof lineage.audit_finding
language sql stable parallel safe
begin atomic
  with block as (
    select
      audit_block as stored, audit_block.block_no, audit_block.stream, audit_block.row_count, audit_block.leaf_count, audit_block.leaves_hash,
      audit_block.previous_hash, audit_block.hash,
      lag(audit_block.hash, 1, '') over chain as expected_previous,
      lag(audit_block.block_no, 1, 0) over chain + 1 as expected_no
    from lineage.audit_block
    window chain as (order by audit_block.block_no)
  ),
  leaf as (
    select
      audit_leaf.block_no, count(*) as leaf_count, sum(audit_leaf.row_count) as row_count,
      sha256(string_agg(audit_leaf.hash, '' order by audit_leaf.leaf_no)) as leaves_hash,
      array_agg(audit_leaf.leaf_no order by audit_leaf.leaf_no) filter (where audit_leaf.hash <> lineage.audit_leaf_hash(audit_leaf)) as changed
    from lineage.audit_leaf
    group by audit_leaf.block_no
  ),
  found as (
    select block.block_no, block.stream, problem.message
    from block
    left join leaf using (block_no)
    cross join lateral (values
      (
        block.block_no <> block.expected_no,
        case when block.block_no - 1 = block.expected_no then format('block %s is missing', block.expected_no)
          else format('blocks %s to %s are missing', block.expected_no, block.block_no - 1) end
      ),
      (
        block.block_no = block.expected_no and block.previous_hash <> block.expected_previous,
        format('block %s does not follow block %s: one of them is not the one that was sealed', block.block_no, block.block_no - 1)
      ),
      (block.hash <> lineage.audit_block_hash(block.stored), format('block %s was changed: its hash is not that of what it says', block.block_no)),
      (
        leaf.leaves_hash is distinct from block.leaves_hash or leaf.leaf_count <> block.leaf_count or leaf.row_count <> block.row_count,
        format('the leaves of block %s are not those that were sealed', block.block_no)
      ),
      (leaf.changed is not null, format('block %s: leaf %s was changed: its hash is not that of what it says', block.block_no, array_to_string(leaf.changed, ', ')))
    ) as problem (is_there, message)
    where problem.is_there
    union all
    select leaf.block_no, null, format('block %s has leaves and is missing itself', leaf.block_no)
    from leaf
    where not exists (select from lineage.audit_block where audit_block.block_no = leaf.block_no)
  )
  select 'chain', found.block_no, found.stream, null::jsonb, found.message
  from found
  order by found.block_no, found.message;
end;

comment on function lineage.verify_chain() is
'What is wrong with the chain itself, block by block from the first: missing blocks, changed blocks and leaves, a block that does not follow the one before it. Nothing where it is whole. It does not look at the rows (lineage.verify_leaves, lineage.verify_inserted), and a chain that was written anew as a whole, or whose end was cut off, shows only against a head that was kept outside the database.';

revoke all on function lineage.verify_chain() from public;
grant execute on function lineage.verify_chain() to marketbase_auditor;
