-- A consumer takes its marks away in the transaction in which it recomputes.
create or replace function pipeline.take_stale(p_consumer text) returns setof pipeline.stale_range
language sql volatile parallel unsafe
begin atomic
  delete from pipeline.stale_range where consumer = p_consumer returning *;
end;

comment on function pipeline.take_stale(text) is
'Removes and returns the marks of p_consumer (quality, feature, fundamental_feature, action_feature, ml, portfolio or risk). When the transaction fails the marks stay.';

revoke all on function pipeline.take_stale(text) from public;
grant execute on function pipeline.take_stale(text) to marketbase_worker;
