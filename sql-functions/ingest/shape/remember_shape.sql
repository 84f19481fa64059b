-- Remembers what a body looks like.
create or replace function ingest.remember_shape(p_run_id bigint, p_raw_response_id bigint) returns boolean
language sql volatile parallel unsafe
begin atomic
  with taken as materialized (
    select response.provider, response.dataset, shape.paths, encode(sha256(convert_to(shape.paths::text, 'UTF8')), 'hex') as sha256
    from ingest.raw_response as response
    cross join lateral (select ingest.read_shape(response.raw_response_id) as paths) as shape
    where response.raw_response_id = p_raw_response_id
      and response.status between 200 and 299
      and not exists (select from ingest.body_shape as known where known.raw_response_id = p_raw_response_id)
      and shape.paths is not null
  ),
  shape as (
    insert into ingest.known_shape (sha256, paths)
    select taken.sha256, taken.paths from taken
    on conflict (sha256) do nothing
  ),
  remembered as (
    insert into ingest.body_shape (raw_response_id, provider, dataset, sha256, run_id)
    select p_raw_response_id, taken.provider, taken.dataset, taken.sha256, p_run_id from taken
    on conflict (raw_response_id) do nothing
    returning 1
  )
  select exists (select from remembered);
end;

comment on function ingest.remember_shape(bigint, bigint) is
'Stores the shape of the body p_raw_response_id in the run p_run_id, see ingest.read_shape; true when it was not known yet and has one. A body with a status other than 2xx has none: what a provider sends instead of data is no drift.';

revoke all on function ingest.remember_shape(bigint, bigint) from public;
grant execute on function ingest.remember_shape(bigint, bigint) to marketbase_worker;
