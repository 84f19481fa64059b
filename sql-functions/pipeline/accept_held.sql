-- A person releases a restatement that was held back.
create or replace function pipeline.accept_held(p_raw_response_id bigint, p_by text, p_reason text) returns ingest.normalisation
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  held ingest.held_response;
  accept_id bigint;
  result ingest.normalisation;
begin
  if coalesce(btrim(p_by), '') = '' or coalesce(btrim(p_reason), '') = '' then
    raise exception using
      errcode = 'MB001',
      message = 'a restatement is accepted by somebody, for a reason',
      hint = 'Give both; they are kept with the run that takes the rows in.';
  end if;
  select * into held from ingest.held_response where held_response.raw_response_id = p_raw_response_id for update;
  if held.raw_response_id is null or held.released_at is not null then
    raise exception using
      errcode = case when held.raw_response_id is null then 'MB002' else 'MB008' end,
      message = case when held.raw_response_id is null then format('the body %s is not held', p_raw_response_id)
        else format('the body %s was accepted by %s: %s', p_raw_response_id, held.released_by, held.reason) end,
      hint = 'marketbase ingest held lists those that wait.';
  end if;

  -- What was read before may have bars that it no longer holds.
  if exists (select from ingest.normalisation as earlier where earlier.raw_response_id = p_raw_response_id and earlier.outcome = 'normalised')
    and not has_function_privilege('ingest.withdraw_bars(bigint, bigint)', 'execute')
  then
    raise exception using
      errcode = 'MB008',
      message = format('the body %s was read before: bars that it no longer holds are taken back with it, which the role %s may not do', p_raw_response_id, current_user),
      hint = 'marketbase ingest accept does it as the owner.';
  end if;

  accept_id := pipeline.start_run('ingest', 'accept', null, jsonb_build_object('raw_response_id', p_raw_response_id, 'by', p_by, 'reason', p_reason));
  update ingest.held_response
  set released_at = clock_timestamp(), released_by = p_by, reason = p_reason, accept_run_id = accept_id
  where held_response.raw_response_id = p_raw_response_id;
  perform set_config('marketbase.read_again', 'on', true);
  result := pipeline.normalise_response(accept_id, p_raw_response_id);
  perform set_config('marketbase.read_again', '', true);
  if result.outcome = 'normalised' then
    perform pipeline.finish_run(
      accept_id, result.row_count, result.changed_count, jsonb_build_object('raw_response_id', p_raw_response_id, 'changed', result.changed_count - result.new_count),
      format('accepted by %s: %s', p_by, p_reason)
    );
  else
    perform pipeline.fail_run(accept_id, result.error_code, result.message);
  end if;
  update pipeline.backfill_chunk chunk
  set state = case result.outcome when 'normalised' then 'done' else 'failed' end, new_count = result.new_count,
    version_count = result.changed_count - result.new_count, row_count = result.row_count
  where chunk.raw_response_id = p_raw_response_id and chunk.state = 'held';
  return result;
end
$$;

comment on function pipeline.accept_held(bigint, text, text) is
'Takes in a body that was held because it restates more rows than ingest.provider.restatement_limit. p_by: who decided; p_reason: why. Both stand in the parameters of the run that each new version and each lineage edge names. Bars that a body no longer holds when it
is read again are taken back, as by pipeline.replay_response, which the owner alone may do. Returns the row of ingest.normalisation. MB002 when the body is not held, MB008 when it was accepted before, or was read before and another role than the owner accepts it, MB001 without name or reason.';

revoke all on function pipeline.accept_held(bigint, text, text) from public;
grant execute on function pipeline.accept_held(bigint, text, text) to marketbase_worker;
