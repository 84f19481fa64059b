-- One writer per instrument at a time, until the end of the transaction.
create or replace function ingest.lock_bars(p_instrument_ids bigint[]) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
begin
  -- Always in the same order. Instruments share 1,024 locks: a file may hold more of them than the server has places for locks.
  perform pg_advisory_xact_lock(hashtextextended('market.price_data ' || slot.no, 0))
  from (select distinct id % 1024 as no from unnest(p_instrument_ids) as id where id is not null order by no) as slot;
end
$$;

comment on function ingest.lock_bars(bigint[]) is
'Waits until no other transaction changes bars or actions of the instruments, and keeps others away until the end of this one. NULLs are left out.';

revoke all on function ingest.lock_bars(bigint[]) from public;
grant execute on function ingest.lock_bars(bigint[]) to marketbase_worker;
