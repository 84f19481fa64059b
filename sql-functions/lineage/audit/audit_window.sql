-- Where to look for rows that are not sealed: by the transaction that wrote them, if this server counted it, and by their time.
create or replace function lineage.audit_window(p_last lineage.audit_block, p_until bigint default null, p_clock_column text default null) returns text
language sql stable parallel restricted
return case
  when (p_last).system_identifier = (select control.system_identifier from pg_control_system() as control)
    and pg_snapshot_xmax(pg_current_snapshot())::text::bigint - (p_last).transactions_to between 0 and 2000000000
  then concat_ws(
    ' and ',
    case when p_clock_column is not null and lineage.audit_oldest(p_last) is not null then format('r.%I >= %L', p_clock_column, lineage.audit_oldest(p_last)) end,
    format('age(r.xmin) <= %s', age(((p_last).transactions_to & 4294967295)::text::xid)),
    case when p_until is not null then format('age(r.xmin) > %s', age((p_until & 4294967295)::text::xid)) end
  )
  else 'true'
end;

comment on function lineage.audit_window(lineage.audit_block, bigint, text) is
'An SQL condition, for this transaction: the row r was written by a transaction that was not finished when p_last was sealed, and was finished by p_until (NULL: or not), and it says in p_clock_column (NULL: is not asked) a time that such a row can have, so that an index finds it. Frozen rows keep their number. Rows of which that cannot be said, because there is no block yet (p_last NULL), the database came from a dump or two thousand million transactions have passed, all meet it: what is sealed is known by its key.';

revoke all on function lineage.audit_window(lineage.audit_block, bigint, text) from public;
grant execute on function lineage.audit_window(lineage.audit_block, bigint, text) to marketbase_auditor, marketbase_worker;
