-- Reads a body again that was read before, whatever version of its normaliser did it.
create or replace function pipeline.replay_response(p_raw_response_id bigint) returns ingest.normalisation
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  replay_id bigint;
  result ingest.normalisation;
begin
  replay_id := pipeline.start_run('ingest', 'replay', null, jsonb_build_object('raw_response_id', p_raw_response_id));
  perform set_config('marketbase.read_again', 'on', true);
  result := pipeline.normalise_response(replay_id, p_raw_response_id);
  perform set_config('marketbase.read_again', '', true);
  if result.outcome = 'refused' then
    perform pipeline.fail_run(replay_id, result.error_code, result.message);
  else
    perform pipeline.finish_run(
      replay_id, result.row_count, result.changed_count,
      jsonb_build_object('raw_response_id', p_raw_response_id, 'new', result.new_count, 'versions', result.changed_count - result.new_count),
      coalesce(result.message, format('read again: %s rows new, %s changed', result.new_count, result.changed_count - result.new_count))
    );
  end if;
  return result;
end
$$;

comment on function pipeline.replay_response(bigint) is
'Reads a landed body again in a run of its own and takes in what differs, as new rows and new versions known since the body arrived; returns the row of ingest.normalisation. Bars that the body no longer contains are taken back (ingest.withdraw_bars) when the owner calls; facts that it no longer contains stay. In a transaction that is rolled back
it tells what would change. MB001 when there is no such body.';

revoke all on function pipeline.replay_response(bigint) from public;
grant execute on function pipeline.replay_response(bigint) to marketbase_worker;
