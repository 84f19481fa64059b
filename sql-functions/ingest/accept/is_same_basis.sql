-- Whether two bodies give their prices on one basis.
create or replace function ingest.is_same_basis(p_raw_response_id bigint, p_other_id bigint) returns boolean
language sql stable strict parallel safe
begin atomic
  select (one.price_basis, one.splits_adjusted_to) is not distinct from (other.price_basis, other.splits_adjusted_to)
  from ingest.raw_response one
  join ingest.raw_response other on other.raw_response_id = p_other_id
  where one.raw_response_id = p_raw_response_id;
end;

comment on function ingest.is_same_basis(bigint, bigint) is
'Whether two bodies of one provider say the same of the basis of their prices (price_basis, splits_adjusted_to of ingest.raw_response). NULL for NULL and for a body that there is not.';

revoke all on function ingest.is_same_basis(bigint, bigint) from public;
grant execute on function ingest.is_same_basis(bigint, bigint) to marketbase_worker;
