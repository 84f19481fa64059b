--! Previous: sha1:307590c07f8c4ca41b99f5b3348fb742f565c4ca
--! Hash: sha1:3cf55862fc1bffd5e930d553e12bc6611e168943
--! Message: One way to quarantine and to find a normaliser

--! split: 1-current.sql
-- The next migration. What lies here is applied in development and committed by `npx marketbase db commit`.

--! split: 900-functions.sql
-- Made by `marketbase db include` from 9d6ff129fe2355de: the changed files of sql-functions, each after what it needs.
--! Included ingest/land/record_response.sql
-- One response of a provider, unless it repeats the one before it.
create or replace function ingest.record_response(
  p_run_id bigint,
  p_provider text,
  p_dataset text,
  p_subject text,
  p_url text,
  p_method text,
  p_status integer,
  p_headers jsonb,
  p_content_type text,
  p_body bytea,
  p_byte_count bigint,
  p_sha256 text,
  p_fetched_at timestamptz,
  out raw_response_id bigint,
  out is_new boolean
)
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  stored_url text := ingest.redact_url(p_url);
  latest record;
begin
  perform ingest.require_provider(p_provider);
  -- Two fetches of one subject at once: the second waits and then sees what the first stored.
  perform pg_advisory_xact_lock(hashtextextended(concat_ws(' ', 'ingest.raw_response', p_provider, p_dataset, p_subject), 0));

  select response.raw_response_id, response.status, response.sha256 into latest
  from ingest.raw_response response
  where response.provider = p_provider and response.dataset = p_dataset and response.subject = p_subject and response.url = stored_url
  order by response.raw_response_id desc
  limit 1;
  if latest.sha256 = p_sha256 and latest.status = p_status then
    raw_response_id := latest.raw_response_id;
    is_new := false;
    return;
  end if;

  insert into ingest.raw_response (
    provider, dataset, subject, url, method, status, headers, content_type, body, byte_count, sha256, fetched_at, run_id
  )
  values (
    p_provider, p_dataset, p_subject, stored_url, p_method, p_status, ingest.redact_headers(p_headers), p_content_type, p_body, p_byte_count, p_sha256,
    p_fetched_at, p_run_id
  )
  returning raw_response.raw_response_id into record_response.raw_response_id;
  is_new := true;
end
$$;

comment on function ingest.record_response(bigint, text, text, text, text, text, integer, jsonb, text, bytea, bigint, text, timestamptz) is
'Stores a response whose length and sha256 are known; ingest.land and the import of files call it. p_body is NULL for a file whose bytes follow in ingest.raw_response_chunk. The URL and headers lose their secrets.
When the latest response to the same request has the same status and sha256, nothing is stored: is_new is false and raw_response_id is that one. MB001 for an unknown provider.';

revoke all on function ingest.record_response(bigint, text, text, text, text, text, integer, jsonb, text, bytea, bigint, text, timestamptz) from public;
grant execute on function ingest.record_response(bigint, text, text, text, text, text, integer, jsonb, text, bytea, bigint, text, timestamptz) to marketbase_worker;
--! EndIncluded ingest/land/record_response.sql
--! Included ingest/pace/reserve_request.sql
-- One request to a provider at its turn, whoever asks: the turns are rows, not timers of a process.
create or replace function ingest.reserve_request(
  p_provider text,
  p_requests integer default null,
  p_per_seconds double precision default null,
  p_longest_wait interval default '10 seconds'
) returns interval
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  allowed integer;
  period interval := make_interval(secs => coalesce(p_per_seconds, 60));
  spacing interval;
  pace record;
  moment timestamptz;
  turn timestamptz;
begin
  perform ingest.require_provider(p_provider);
  select coalesce(p_requests, provider.requests_per_minute) into allowed from ingest.provider where provider.provider = p_provider;
  if allowed <= 0 or period <= interval '0' or p_requests is null and p_per_seconds is not null then
    raise exception using
      errcode = 'MB001',
      message = 'a limit is a number of requests and the seconds in which they may be sent',
      hint = 'Both are greater than zero.';
  end if;
  insert into ingest.request_pace (provider) values (p_provider) on conflict (provider) do nothing;
  select request_pace.next_at, request_pace.blocked_until, request_pace.recent into pace
  from ingest.request_pace
  where request_pace.provider = p_provider
  for update;

  -- Read after the lock was waited for. A limit within a minute is spread evenly; of a longer one as many may come at once as it allows, a second apart.
  moment := clock_timestamp();
  spacing := case when allowed is null then interval '0' when period <= interval '1 minute' then period / allowed else interval '1 second' end;
  -- No turn lies further ahead than the longest wait and one spacing: one that does comes from a clock that was set back.
  turn := greatest(
    moment,
    least(pace.next_at, moment + greatest(p_longest_wait, interval '1 minute') + spacing),
    least(pace.blocked_until, moment + interval '1 day')
  );
  if period > interval '1 minute' and cardinality(pace.recent) >= allowed then
    turn := greatest(turn, least(pace.recent[cardinality(pace.recent) - allowed + 1], moment) + period);
  end if;
  if turn - moment > p_longest_wait then
    return turn - moment;
  end if;

  update ingest.request_pace
  set
    next_at = turn + spacing,
    recent = case when period > interval '1 minute' then (pace.recent || turn)[greatest(cardinality(pace.recent) + 2 - allowed, 1):] else '{}' end,
    request_count = request_count + 1
  where request_pace.provider = p_provider;
  return turn - moment;
end
$$;

comment on function ingest.reserve_request(text, integer, double precision, interval) is
'How long to wait before one request to the provider, across all processes. p_requests per p_per_seconds is its limit (60 seconds unless given); where p_requests is NULL the limit is ingest.provider.requests_per_minute, and none where that is NULL.
A wait of up to p_longest_wait is a turn of one''s own: wait and ask. When the wait is longer, no turn was taken: come again then. It is longer too while the provider does not want to be asked (ingest.pause_provider).
Limits of up to a minute are spread evenly; of longer ones no span of that length ever has more requests. The clock is that of the database. Call it in a transaction of its own: it locks the row of the provider. MB001 for an unknown provider or a limit that is none.';

revoke all on function ingest.reserve_request(text, integer, double precision, interval) from public;
grant execute on function ingest.reserve_request(text, integer, double precision, interval) to marketbase_worker;
--! EndIncluded ingest/pace/reserve_request.sql
--! Included ingest/read/require_provider.sql
-- Stops where a provider is not known.
create or replace function ingest.require_provider(p_provider text) returns void
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  if not exists (select from ingest.provider where provider.provider = p_provider) then
    raise exception using
      errcode = 'MB001',
      message = format('there is no provider named "%s"', p_provider),
      hint = 'Providers: ' || (select string_agg(provider.provider, ', ' order by provider.provider) from ingest.provider) || '.';
  end if;
end
$$;

comment on function ingest.require_provider(text) is 'Raises MB001, with the names that there are, unless p_provider is a row of ingest.provider; NULL is none.';

revoke all on function ingest.require_provider(text) from public;
grant execute on function ingest.require_provider(text) to marketbase_worker;
--! EndIncluded ingest/read/require_provider.sql
--! Included pipeline/backfill/start_backfill.sql
-- Starts a backfill, or joins the one that is under way with the same request.
create or replace function pipeline.start_backfill(
  p_provider text,
  p_dataset text,
  p_subjects text[],
  p_from date default null,
  p_to date default null,
  p_chunk_days integer default null,
  p_reprocess text default 'none',
  p_is_reverse boolean default false,
  p_max_active integer default 4
) returns bigint
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  root_id bigint;
begin
  perform ingest.require_provider(p_provider);
  if coalesce(p_reprocess not in ('none', 'failed', 'all'), true) or coalesce(p_max_active not between 1 and 64, true) or p_from > p_to
    or p_chunk_days <= 0 or coalesce(cardinality(p_subjects), 0) = 0 or array_position(p_subjects, null) is not null
  then
    raise exception using
      errcode = 'MB001',
      message = 'a backfill has symbols, a first day before its last day, pieces of a day at least, reprocess none, failed or all, and 1 to 64 pieces at once',
      hint = 'See comment on pipeline.start_backfill.';
  end if;

  perform pg_advisory_xact_lock(hashtextextended('pipeline.backfill', 0));
  select backfill.run_id into root_id
  from pipeline.backfill
  join pipeline.pipeline_run run on run.run_id = backfill.run_id and run.status = 'running'
  where (backfill.provider, backfill.dataset, backfill.subjects) = (p_provider, p_dataset, p_subjects)
    and (backfill.from_date, backfill.to_date, backfill.chunk_days) is not distinct from (p_from, p_to, p_chunk_days)
  order by backfill.run_id
  limit 1;

  if root_id is null then
    if not exists (
      select from pipeline.plan_backfill(p_provider, p_dataset, p_subjects, p_from, p_to, p_chunk_days, p_reprocess, p_is_reverse) plan where plan.is_wanted
    ) then
      return null;
    end if;
    root_id := pipeline.start_run(
      'backfill', 'backfill', null,
      jsonb_build_object('provider', p_provider, 'dataset', p_dataset, 'subjects', to_jsonb(p_subjects), 'from', p_from, 'to', p_to, 'reprocess', p_reprocess)
    );
    insert into pipeline.backfill (run_id, provider, dataset, subjects, from_date, to_date, chunk_days, reprocess, is_reverse, max_active)
    values (root_id, p_provider, p_dataset, p_subjects, p_from, p_to, p_chunk_days, p_reprocess, p_is_reverse, p_max_active);
    insert into pipeline.backfill_chunk (backfill_run_id, chunk_no, subject, from_date, to_date)
    select root_id, row_number() over (order by plan.chunk_no), plan.subject, plan.from_date, plan.to_date
    from pipeline.plan_backfill(p_provider, p_dataset, p_subjects, p_from, p_to, p_chunk_days, p_reprocess, p_is_reverse) plan
    where plan.is_wanted;
  end if;

  perform pipeline.advance_backfill(root_id);
  return root_id;
end
$$;

comment on function pipeline.start_backfill(text, text, text[], date, date, integer, text, boolean, integer) is
'Starts to fetch and read a data set of the symbols from p_from to p_to in the pieces of pipeline.plan_backfill, p_max_active at once (1 to 64), and returns the run_id of the backfill. While one with the same provider, data set, symbols, days
and pieces is under way, that one is returned. NULL when nothing is to be done. MB001 for an unknown provider or arguments that make no sense.';

revoke all on function pipeline.start_backfill(text, text, text[], date, date, integer, text, boolean, integer) from public;
grant execute on function pipeline.start_backfill(text, text, text[], date, date, integer, text, boolean, integer) to marketbase_worker;
--! EndIncluded pipeline/backfill/start_backfill.sql
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
--! Included pipeline/schedule/add_schedule.sql
-- Something that is fetched again and again.
create or replace function pipeline.add_schedule(
  p_name text,
  p_provider text,
  p_dataset text,
  p_symbols text[] default null,
  p_universe text default null,
  p_cron text default null,
  p_after_close text default null,
  p_delay interval default '30 minutes',
  p_time_zone text default 'UTC',
  p_look_back_days integer default 7
) returns pipeline.schedule
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  added pipeline.schedule;
  advice text := case
    when coalesce(p_name !~ '^[a-z][a-z0-9_-]{0,62}$', true) then 'a name has up to 63 small letters, digits, - and _, a letter first'
    when num_nonnulls(p_symbols, p_universe) <> 1 or cardinality(p_symbols) = 0 then 'a schedule has either symbols or a universe'
    when num_nonnulls(p_cron, p_after_close) = 0 then 'a schedule has a cron line, an exchange after whose close it is due, or both'
    when coalesce(p_look_back_days not between 0 and 36500, true) then 'the days to look back are 0 to 36500'
    when coalesce(p_delay not between interval '0' and interval '1 day', true) then 'the delay after the close is a day at most'
    when not exists (select from pg_timezone_names zone where zone.name = p_time_zone) then format('there is no time zone named "%s"', p_time_zone)
    when p_after_close is not null and not exists (select from market.exchange where exchange.mic = p_after_close) then format('there is no exchange "%s"', p_after_close)
  end;
begin
  if advice is not null then
    raise exception using errcode = 'MB001', message = advice, hint = 'marketbase schedule add --help has examples.';
  end if;
  perform ingest.require_provider(p_provider);
  insert into pipeline.schedule (name, provider, dataset, symbols, universe, cron, after_close, delay, time_zone, look_back_days, next_at)
  values (
    p_name, p_provider, p_dataset, p_symbols, p_universe, p_cron, p_after_close, p_delay, p_time_zone, p_look_back_days,
    pipeline.next_due(p_cron, p_time_zone, p_after_close, p_delay, clock_timestamp())
  )
  on conflict (name) do nothing
  returning * into added;
  if added.name is null then
    raise exception using
      errcode = 'MB008',
      message = format('there is a schedule named "%s" already', p_name),
      hint = 'Remove it first, or take another name.';
  end if;
  return added;
end
$$;

comment on function pipeline.add_schedule(text, text, text, text[], text, text, text, interval, text, integer) is
'Has a data set fetched again and again for symbols or for the members of a universe: at a cron line (pipeline.cron_next, in p_time_zone), p_delay after each close of an exchange, or at the cron line but never before the close. Each time the
p_look_back_days before are fetched along. Returns the schedule with the moment at which it is due. MB001 for arguments that make no sense, MB008 when the name is taken.';

revoke all on function pipeline.add_schedule(text, text, text, text[], text, text, text, interval, text, integer) from public;
grant execute on function pipeline.add_schedule(text, text, text, text[], text, text, text, interval, text, integer) to marketbase_worker;
--! EndIncluded pipeline/schedule/add_schedule.sql
