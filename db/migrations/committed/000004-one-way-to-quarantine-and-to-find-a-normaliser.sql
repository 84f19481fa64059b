--! Previous: sha1:307590c07f8c4ca41b99f5b3348fb742f565c4ca
--! Hash: sha1:187762390fa0939a674ae5ae4b49a8cb66862e4e
--! Message: One way to quarantine and to find a normaliser

--! split: 1-current.sql
-- The next migration. What lies here is applied in development and committed by `npx marketbase db commit`.

--! split: 900-functions.sql
-- Made by `marketbase db include` from 2dc552d2fa4e4300: the changed files of sql-functions, each after what it needs.
--! Included pipeline/normalise_response.sql
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
    when sqlstate 'MB001' or sqlstate 'MB002' or sqlstate 'MB003' or sqlstate 'MB004' or sqlstate 'MB005' or sqlstate 'MB008' or sqlstate 'MB010' then
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

    if accepted.changed_count > response.restatement_limit and not response.is_released then
      touched := ingest.impact(p_raw_response_id, p_run_id);
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
A body that this version of its normaliser has read already is not read again: its row comes back; one that it refused is tried again. MB001 when there is no such response or normaliser.';

revoke all on function pipeline.normalise_response(bigint, bigint) from public;
grant execute on function pipeline.normalise_response(bigint, bigint) to marketbase_worker;
--! EndIncluded pipeline/normalise_response.sql
--! Included pipeline/normaliser.sql
-- The function that reads the bodies of a provider and dataset.
create or replace function pipeline.normaliser(p_provider text, p_dataset text) returns regprocedure
language sql stable parallel safe
return coalesce(
  to_regprocedure(format('ingest.normalise_%s_%s(bigint)', p_provider, p_dataset)),
  to_regprocedure(format('ingest.normalise_%s_%s(bigint, bigint)', p_provider, p_dataset)),
  case p_dataset
    when 'trades' then to_regprocedure('portfolio.record_trades(bigint, bigint)')
    when 'documents' then to_regprocedure('search.record_documents(bigint, bigint)')
    when 'sessions' then to_regprocedure('ingest.record_sessions(bigint, bigint)')
    when 'members' then to_regprocedure('ingest.record_members(bigint, bigint)')
  end
);

comment on function pipeline.normaliser(text, text) is
'ingest.normalise_<p_provider>_<p_dataset>, or what records the files of p_dataset whoever sent them. Its signature says how it works: (raw_response_id) returns void fills candidates, which are judged and accepted; (run_id, raw_response_id) stores by itself and returns
ingest.acceptance, or bigint, the number of new rows. NULL where there is none, and for NULL.';

revoke all on function pipeline.normaliser(text, text) from public;
grant execute on function pipeline.normaliser(text, text) to marketbase_worker;
--! EndIncluded pipeline/normaliser.sql
--! Included pipeline/quarantine_candidates.sql
-- Rows of a body that fail a critical rule leave the candidates and wait in quarantine.
create or replace function pipeline.quarantine_candidates(p_run_id bigint, p_raw_response_id bigint) returns bigint
language sql volatile parallel unsafe
begin atomic
  with rejected as materialized (
    select rejected.row_no, rejected.rules, rejected.reason from quality.validate_candidates(p_run_id, p_raw_response_id) as rejected
  ),
  bar as (
    delete from ingest.candidate_bar candidate
    using rejected
    where candidate.raw_response_id = p_raw_response_id and candidate.row_no = rejected.row_no
    returning candidate.*, rejected.rules, rejected.reason
  ),
  fact as (
    delete from ingest.candidate_fact candidate
    using rejected
    where candidate.raw_response_id = p_raw_response_id and candidate.row_no = rejected.row_no
    returning candidate.*, rejected.rules, rejected.reason
  ),
  removed as (
    select
      'bars' as dataset, bar.row_no, bar.symbol, bar.instrument_id, bar.ts, bar.rules, bar.reason, bar.payload,
      jsonb_build_object(
        'symbol', bar.symbol, 'ts', bar.ts, 'session_date', bar.session_date, 'open', bar.open, 'high', bar.high, 'low', bar.low, 'close', bar.close,
        'volume', bar.volume, 'adjusted_close', bar.adjusted_close
      ) as content
    from bar
    union all
    select
      'fundamentals', fact.row_no, instrument.symbol, fact.instrument_id, fact.period_end::timestamp at time zone 'UTC', fact.rules, fact.reason, fact.payload,
      to_jsonb(fact) - '{raw_response_id,row_no,payload,rules,reason}'::text[]
    from fact
    left join market.instrument on instrument.instrument_id = fact.instrument_id
  ),
  quarantined as (
    insert into ingest.quarantine (raw_response_id, dataset, row_no, symbol, instrument_id, ts, rules, reason, payload, run_id)
    select
      p_raw_response_id, removed.dataset, removed.row_no, removed.symbol, removed.instrument_id, removed.ts, removed.rules,
      coalesce(removed.payload ->> 'problem', removed.reason), coalesce(removed.payload, removed.content), p_run_id
    from removed
    on conflict (raw_response_id, dataset, row_no) do nothing
  )
  select count(*) from removed;
end;

comment on function pipeline.quarantine_candidates(bigint, bigint) is
'Judges the candidates of the body p_raw_response_id by quality.validate_candidates and moves those that fail a critical rule into ingest.quarantine, in the run p_run_id. Gives their number. Errors: those of quality.validate_candidates.';

revoke all on function pipeline.quarantine_candidates(bigint, bigint) from public;
grant execute on function pipeline.quarantine_candidates(bigint, bigint) to marketbase_worker;
--! EndIncluded pipeline/quarantine_candidates.sql
