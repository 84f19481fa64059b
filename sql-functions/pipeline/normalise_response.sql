-- From a landed body to the market tables: parse, validate, quarantine, accept and remember, in one transaction.
create or replace function pipeline.normalise_response(p_run_id bigint, p_raw_response_id bigint) returns ingest.normalisation
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  response record;
  normaliser regprocedure;
  result_type regtype;
  result ingest.normalisation;
  done ingest.normalisation;
  accepted ingest.acceptance;
  actions ingest.acceptance;
  rejected_count bigint := 0;
  withdrawn_count bigint := 0;
  touched ingest.impact_estimate;
  advice text;
begin
  select
    raw_response.provider, raw_response.dataset, provider.restatement_limit,
    exists (select from ingest.held_response held where held.raw_response_id = p_raw_response_id and held.released_at is not null) as is_released
  into response
  from ingest.raw_response
  join ingest.provider using (provider)
  where raw_response.raw_response_id = p_raw_response_id;
  if not found then
    raise exception using
      errcode = 'MB001',
      message = format('there is no response %s', p_raw_response_id),
      hint = 'See ingest.raw_response.';
  end if;
  normaliser := pipeline.normaliser(response.provider, response.dataset);
  if normaliser is null then
    raise exception using
      errcode = 'MB001',
      message = format('the provider %s has no %s', response.provider, response.dataset),
      hint = format('A normaliser is a function ingest.normalise_%s_%s, see pipeline.normaliser.', response.provider, response.dataset);
  end if;
  result_type := (select function.prorettype::regtype from pg_proc as function where function.oid = normaliser);

  perform pg_advisory_xact_lock(hashtextextended('ingest.normalisation ' || p_raw_response_id, 0));
  result.raw_response_id := p_raw_response_id;
  result.normaliser := normaliser::regproc;
  result.normaliser_version := internal.function_version(normaliser);
  result.run_id := p_run_id;
  result.row_count := 0;
  result.accepted_count := 0;
  result.new_count := 0;
  result.changed_count := 0;
  result.quarantined_count := 0;
  result.action_count := 0;
  result.action_changed_count := 0;
  result.outcome := 'normalised';

  select * into done
  from ingest.normalisation
  where normalisation.raw_response_id = p_raw_response_id and normalisation.normaliser = result.normaliser
    and normalisation.normaliser_version = result.normaliser_version and normalisation.outcome = 'normalised'
    and current_setting('marketbase.read_again', true) is distinct from 'on'
  order by normalisation.recorded_at desc
  limit 1;
  if found then
    return done;
  end if;

  -- The body as a whole is readable, or it is refused and nothing of it stays but its bytes.
  begin
    if result_type = 'void'::regtype then
      execute format('select %s($1)', normaliser::regproc) using p_raw_response_id;
    else
      if result_type = 'ingest.acceptance'::regtype then
        execute format('select * from %s($1, $2)', normaliser::regproc) into accepted using p_run_id, p_raw_response_id;
      else
        execute format('select %s($1, $2), 0, 0', normaliser::regproc) into accepted using p_run_id, p_raw_response_id;
      end if;
      -- What stores by itself comes back with its counts; the rows that could not be read are in quarantine.
      select count(*) into rejected_count from ingest.quarantine refused where refused.raw_response_id = p_raw_response_id and refused.run_id = p_run_id;
      result.row_count := accepted.new_count + accepted.changed_count + accepted.unchanged_count + rejected_count;
    end if;
  exception
    when sqlstate 'MB001' or sqlstate 'MB002' or sqlstate 'MB003' or sqlstate 'MB004' or sqlstate 'MB005' or sqlstate 'MB008' or sqlstate 'MB010'
      or sqlstate 'MB011' then
      result.outcome := 'refused';
      result.error_code := sqlstate;
      get stacked diagnostics advice = pg_exception_hint;
      result.message := concat_ws('. ', sqlerrm, nullif(advice, ''));
    when data_exception then
      result.outcome := 'refused';
      result.error_code := 'MB004';
      result.message := format('the body has a value that cannot be stored: %s', sqlerrm);
  end;

  -- Taken in as a trial: when it restates too much, all of it is undone and a person decides.
  begin
    if result.outcome = 'normalised' and response.dataset = 'bars' then
      select count(*) into result.row_count from ingest.candidate_bar candidate where candidate.raw_response_id = p_raw_response_id;
      rejected_count := pipeline.quarantine_candidates(p_run_id, p_raw_response_id);
      accepted := ingest.accept_bars(p_run_id, p_raw_response_id);
      -- Bars are taken back by the owner alone, who replays; a worker leaves them.
      if has_function_privilege('ingest.withdraw_bars(bigint, bigint)', 'execute')
        and exists (select from ingest.normalisation earlier where earlier.raw_response_id = p_raw_response_id and earlier.outcome = 'normalised')
      then
        withdrawn_count := ingest.withdraw_bars(p_run_id, p_raw_response_id);
      end if;
      delete from ingest.candidate_bar candidate where candidate.raw_response_id = p_raw_response_id;
    end if;
    if result.outcome = 'normalised' and response.dataset in ('bars', 'actions') then
      select count(*) into result.action_count from ingest.candidate_action candidate where candidate.raw_response_id = p_raw_response_id;
      actions := ingest.accept_actions(p_run_id, p_raw_response_id);
      result.action_changed_count := actions.new_count + actions.changed_count;
      -- The rows of a body of actions alone are its actions; one that was cancelled is none of its rows.
      if result.row_count = 0 then
        result.row_count := result.action_count;
        accepted := actions;
        accepted.changed_count := result.action_count - actions.new_count - actions.unchanged_count;
      end if;
      delete from ingest.candidate_action candidate where candidate.raw_response_id = p_raw_response_id;
      delete from ingest.candidate_action_span span where span.raw_response_id = p_raw_response_id;

    elsif result.outcome = 'normalised' and response.dataset = 'fundamentals' then
      select count(*) into result.row_count from ingest.candidate_fact candidate where candidate.raw_response_id = p_raw_response_id;
      rejected_count := pipeline.quarantine_candidates(p_run_id, p_raw_response_id);
      accepted := ingest.accept_facts(p_run_id, p_raw_response_id);
      delete from ingest.candidate_fact candidate where candidate.raw_response_id = p_raw_response_id;
    end if;

    if accepted.changed_count + withdrawn_count > response.restatement_limit and not response.is_released then
      touched := ingest.impact(p_raw_response_id, p_run_id);
      touched.bar_count := touched.bar_count + withdrawn_count;
      if touched.bar_count + touched.fact_count > response.restatement_limit then
        raise exception using errcode = 'MB099';
      end if;
    end if;
  exception
    when sqlstate 'MB099' then
      result.outcome := 'held';
      result.error_code := 'MB008';
      result.message := format(
        'it would restate %s rows of %s instruments, more than the %s that are accepted without a person; that touches %s feature values, %s training sets and %s predictions',
        touched.bar_count + touched.fact_count, touched.instrument_count, response.restatement_limit, touched.feature_value_count,
        touched.training_set_count, touched.prediction_count);
      insert into ingest.held_response (
        raw_response_id, run_id, changed_count, instrument_count, first_ts, last_ts, bar_count, fact_count, feature_value_count, training_set_count,
        prediction_count
      )
      values (
        p_raw_response_id, p_run_id, touched.bar_count + touched.fact_count, touched.instrument_count, touched.first_ts, touched.last_ts, touched.bar_count,
        touched.fact_count, touched.feature_value_count, touched.training_set_count, touched.prediction_count
      )
      on conflict (raw_response_id) do update
      set run_id = excluded.run_id, held_at = now(), changed_count = excluded.changed_count, instrument_count = excluded.instrument_count,
        first_ts = excluded.first_ts, last_ts = excluded.last_ts, bar_count = excluded.bar_count, fact_count = excluded.fact_count,
        feature_value_count = excluded.feature_value_count, training_set_count = excluded.training_set_count, prediction_count = excluded.prediction_count;
      delete from ingest.candidate_bar candidate where candidate.raw_response_id = p_raw_response_id;
      delete from ingest.candidate_action candidate where candidate.raw_response_id = p_raw_response_id;
      delete from ingest.candidate_action_span span where span.raw_response_id = p_raw_response_id;
      delete from ingest.candidate_fact candidate where candidate.raw_response_id = p_raw_response_id;
      result.row_count := 0;
      result.action_count := 0;
      result.action_changed_count := 0;
  end;

  -- What came looks like what came before, or a finding says how it differs; what a provider says instead of data looks like nothing.
  if result.error_code is distinct from 'MB010' and ingest.remember_shape(p_run_id, p_raw_response_id) then
    perform quality.validate_body(p_run_id, p_raw_response_id);
  end if;

  if result.outcome <> 'held' then
    result.quarantined_count := rejected_count;
    result.accepted_count := result.row_count - rejected_count;
    result.new_count := coalesce(accepted.new_count, 0);
    result.changed_count := coalesce(accepted.new_count + accepted.changed_count, 0);
  end if;
  insert into ingest.normalisation (
    raw_response_id, normaliser, normaliser_version, outcome, row_count, accepted_count, new_count, changed_count, quarantined_count,
    action_count, action_changed_count, error_code, message, run_id
  )
  values (
    result.raw_response_id, result.normaliser, result.normaliser_version, result.outcome, result.row_count, result.accepted_count,
    result.new_count, result.changed_count, result.quarantined_count, result.action_count, result.action_changed_count, result.error_code,
    result.message, result.run_id
  )
  returning * into result;
  return result;
end
$$;

comment on function pipeline.normalise_response(bigint, bigint) is
'Makes market data (or trades, documents, sessions of an exchange or members of a universe) of a landed body in the transaction of the caller: the normaliser ingest.normalise_<provider>_<dataset> reads it, quality.validate_candidates judges the rows, those that fail a critical rule
go to ingest.quarantine, the others to the market tables as new rows or new versions. Returns and stores the row of ingest.normalisation; a body that cannot be read gets outcome refused with the cause, and nothing else of it is stored.
Rows are bars (facts, trades, …); those of a body of splits and dividends alone are these. How many splits and dividends came, also beside bars, and how many were new, changed or cancelled is in action_count and action_changed_count.
A body that would restate more rows than ingest.provider.restatement_limit (new rows and changes of the adjusted close alone do not count) is taken back whole: outcome held, and ingest.held_response says what it would touch until pipeline.accept_held.
When a body of bars is read by another version of its normaliser, those that it no longer finds are taken back (ingest.withdraw_bars) when the owner calls; for any other role they stay.
The shape of the body is remembered and compared with those before it: rule provider_schema_drift, also for a body that is refused.
A body that this version of its normaliser has read already is not read again: its row comes back; one that it refused is tried again. MB001 when there is no such response or normaliser.';

revoke all on function pipeline.normalise_response(bigint, bigint) from public;
grant execute on function pipeline.normalise_response(bigint, bigint) to marketbase_worker;
