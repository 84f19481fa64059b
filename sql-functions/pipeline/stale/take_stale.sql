-- A consumer takes its marks away in the transaction in which it recomputes.
create or replace function pipeline.take_stale(p_consumer text, p_without bigint[] default '{}') returns setof pipeline.stale_range
language sql volatile parallel unsafe
begin atomic
  delete from pipeline.stale_range where consumer = p_consumer and instrument_id <> all (p_without) returning *;
end;

comment on function pipeline.take_stale(text, bigint[]) is
'Removes and returns the marks of p_consumer (quality, feature, fundamental_feature, action_feature, ml, portfolio or risk), but for those of the instruments p_without, which are left for later. When the transaction fails the marks stay.';

revoke all on function pipeline.take_stale(text, bigint[]) from public;
grant execute on function pipeline.take_stale(text, bigint[]) to marketbase_worker;
