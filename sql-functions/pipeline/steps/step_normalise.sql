-- Step: every body that has not been read yet is normalised, validated and accepted or refused.
create or replace function pipeline.step_normalise(p_run_id bigint) returns pipeline.step_outcome
language sql volatile parallel unsafe
begin atomic
  with pending as materialized (
    select response.raw_response_id
    from ingest.raw_response response
    where not exists (select from ingest.normalisation done where done.raw_response_id = response.raw_response_id)
    -- trades and documents name instruments, which bars bring
    order by array_position(array['bars', 'actions', 'fundamentals', 'trades', 'documents'], response.dataset), response.raw_response_id
  ),
  done as materialized (
    select result.*
    from pending
    cross join lateral pipeline.normalise_response(p_run_id, pending.raw_response_id) result
  )
  select
    coalesce(sum(done.row_count), 0)::bigint,
    coalesce(sum(done.changed_count), 0)::bigint,
    jsonb_build_object(
      'bodies', count(*),
      'refused', count(*) filter (where done.outcome = 'refused'),
      'accepted', coalesce(sum(done.accepted_count), 0),
      'quarantined', coalesce(sum(done.quarantined_count), 0)
    ),
    format('%s bodies, %s rows: %s accepted (%s new or changed), %s quarantined%s',
      count(*), coalesce(sum(done.row_count), 0), coalesce(sum(done.accepted_count), 0), coalesce(sum(done.changed_count), 0),
      coalesce(sum(done.quarantined_count), 0),
      '; refused: ' || string_agg(done.message, '; ') filter (where done.outcome = 'refused'))
  from done;
end;

comment on function pipeline.step_normalise(bigint) is
'Normalises every body of ingest.raw_response that no normaliser has read yet, bars first, then the oldest; see pipeline.normalise_response. A body that is refused does not stop the others; the message names it.';

revoke all on function pipeline.step_normalise(bigint) from public;
grant execute on function pipeline.step_normalise(bigint) to marketbase_worker;
