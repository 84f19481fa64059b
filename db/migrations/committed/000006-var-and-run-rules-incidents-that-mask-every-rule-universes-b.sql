--! Previous: sha1:32da1e5d673df1e03d227146e0a8f216cdf69f09
--! Hash: sha1:aa6aa676f99a7642aa7bec65e25232d768a32de2
--! Message: VaR and run rules, incidents that mask every rule, universes backfilled, identifiers with provenance, candidates judged in one pass

--! split: 1-current.sql
-- The next migration. What lies here is applied in development and committed by `npx marketbase db commit`.

--! split: 100-incidents.sql
-- Rules on datasets that have no instrument, warnings of rules that are functions, and findings that a known incident masks.

alter table quality.validation_rule drop constraint if exists validation_rule_dataset_check;
alter table quality.validation_rule add constraint validation_rule_dataset_check check (
  expectation is not null
  or dataset in (
    'candidate_bar', 'candidate_fact', 'price_data', 'company_fundamental', 'feature_vector', 'model_prediction', 'online_vector', 'feature_set', 'raw_response',
    'var_calculation', 'pipeline_run'
  )
);
comment on column quality.validation_rule.family is
'structure, prices, actions, calendar, fundamentals, features, online, predictions, risk, pipeline, or custom for what was defined by hand.';
comment on column quality.validation_rule.parameters is
'Thresholds, a JSON object; warn and fail hold those that take their place at that level. For an expectation as quality.expectation lists them, what was left out filled in.';
comment on column quality.validation_result.masked_count is
'Rows (windows, for a rule on a metric) that lie in a known incident and were not judged; for a rule that is a function, those that it would have found wrong.';
comment on table quality.known_incident is
'Spans of data that are known to be bad, and why. No rule keeps a finding about these rows, and rules on metrics leave them out of what is usual; every result says how many. What a critical rule refuses is refused all the same. A mistake is withdrawn, not deleted.';

alter table quality.finding_event add column if not exists known_incident_id bigint references quality.known_incident;
create index if not exists finding_event_known_incident_id_idx on quality.finding_event (known_incident_id);
alter table quality.finding_event drop constraint if exists finding_event_event_check;
alter table quality.finding_event add constraint finding_event_event_check check (event in ('opened', 'acknowledged', 'reopened', 'resolved', 'masked'));
alter table quality.finding_event drop constraint if exists finding_event_masked_check;
alter table quality.finding_event add constraint finding_event_masked_check
  check ((event = 'masked') = (known_incident_id is not null) and (event <> 'masked' or decided_by is null));
comment on table quality.finding_event is
'The life of findings: opened by a look, acknowledged by a person, resolved by a look that found the row right, masked by a look that did not judge it because of a known incident, reopened by a look or a person. The last event is the state. Append-only.';
comment on column quality.finding_event.event is 'opened, acknowledged, reopened, resolved or masked.';
comment on column quality.finding_event.validation_result_id is 'The look that opened, resolved, masked or reopened it; null for what a person decided.';
comment on column quality.finding_event.known_incident_id is 'The incident that masks it; null for other events.';

comment on column quality.finding_state.state is 'open, acknowledged, reopened, resolved or masked.';
comment on column quality.finding_state.reason is 'Why that person did; of a masked one what happened.';
comment on column quality.finding_state.validation_result_id is 'The look that opened, reopened, resolved or masked it.';
comment on column quality.followed_finding.state is 'open, acknowledged, reopened, resolved or masked (by a known incident).';
comment on column quality.followed_finding.reason is 'Why that person did; of a masked one what happened. Null where a look decided.';

-- These functions have an argument more.
drop function if exists quality.stored_violations(bigint[], timestamptz, timestamptz, text[]);
drop function if exists quality.bar_violations(text[], bigint[], timestamptz, timestamptz);
-- quality.verdict_message says it all.
drop function if exists quality.result_message(bigint, bigint, text);

--! split: 200-audit-clock.sql
-- Each block says since when what is not sealed yet must have been recorded; and where to look for it is known without reading whole tables.
alter table lineage.audit_block add column if not exists recorded_from timestamptz;
alter table lineage.audit_block add column if not exists not_before timestamptz;
comment on column lineage.audit_block.recorded_from is
'A transaction that had not begun to write at next_transaction began at this time or later: when the oldest began that was open then, less a minute for clocks. NULL for blocks that were sealed before this was noted.';
comment on column lineage.audit_block.not_before is
'No row of the block can have been recorded before: recorded_from of the last block that was there before its oldest transaction began to write. NULL where that cannot be said: in the first block of a stream and after a seal that looked at everything.';

-- They had fewer arguments.
drop function if exists lineage.audit_window(lineage.audit_block, bigint);
drop function if exists lineage.seal_stream(text);
drop function if exists lineage.audit_pending(lineage.audit_stream);

-- New rows are found by their time. Where a table is small it is read as a whole.
create index if not exists price_data_recorded_at_idx on market.price_data using brin (recorded_at) with (autosummarize = on);
create index if not exists price_observation_recorded_at_idx on market.price_observation using brin (recorded_at) with (autosummarize = on);
create index if not exists feature_vector_recorded_at_idx on feature.feature_vector using brin (recorded_at) with (autosummarize = on);
create index if not exists feature_vector_history_closed_at_idx on feature.feature_vector_history using brin (closed_at) with (autosummarize = on);
create index if not exists company_fundamental_recorded_at_idx on market.company_fundamental using brin (recorded_at) with (autosummarize = on);
create index if not exists data_lineage_recorded_at_idx on lineage.data_lineage using brin (recorded_at) with (autosummarize = on);
create index if not exists row_change_changed_at_idx on lineage.row_change using brin (changed_at) with (autosummarize = on);
create index if not exists validation_result_recorded_at_idx on quality.validation_result using brin (recorded_at) with (autosummarize = on);
create index if not exists validation_finding_recorded_at_idx on quality.validation_finding using brin (recorded_at) with (autosummarize = on);
create index if not exists finding_sighting_recorded_at_idx on quality.finding_sighting using brin (recorded_at) with (autosummarize = on);
create index if not exists model_prediction_recorded_at_idx on ml.model_prediction using brin (recorded_at) with (autosummarize = on);

--! split: 201-report-parameters.sql
-- It had fewer arguments.
drop function if exists quality.report_parameters(text, text, jsonb);

--! split: 202-outbox-retention.sql
-- The outbox is a queue, and not the record: results, findings and runs are that.
comment on table pipeline.outbox_event is
'What happened and has to be told, written in the transaction in which it happened; only what a destination wants. Never changed, and deleted when every destination has had it for the time of marketbase.outbox_retention (pipeline.prune_outbox).';

--! split: 250-candidates.sql
-- Rules on one candidate are functions of it, and one pass over the candidates applies all of them.
drop function if exists
  quality.rule_bar_adjusted_close_valid(bigint, jsonb), quality.rule_bar_date_plausible(bigint, jsonb), quality.rule_bar_instrument_known(bigint, jsonb),
  quality.rule_bar_ohlc_order(bigint, jsonb), quality.rule_bar_prices_in_range(bigint, jsonb), quality.rule_bar_prices_positive(bigint, jsonb),
  quality.rule_bar_readable(bigint, jsonb), quality.rule_bar_time_aligned(bigint, jsonb), quality.rule_bar_values_present(bigint, jsonb),
  quality.rule_bar_volume_valid(bigint, jsonb);

-- Candidates are there within one transaction only. What is counted in between says of a new body that it has no rows, and joins for one row take
-- minutes for a million: without statistics the planner goes by the size of the table.
alter table ingest.candidate_bar set (autovacuum_analyze_threshold = 2147483647);
alter table ingest.candidate_fact set (autovacuum_analyze_threshold = 2147483647);
alter table ingest.candidate_action set (autovacuum_analyze_threshold = 2147483647);
select pg_clear_attribute_stats('ingest', found.relation, found.attribute, false)
from (
  select stats.tablename::text as relation, stats.attname::text as attribute
  from pg_stats as stats
  where stats.schemaname = 'ingest' and stats.tablename in ('candidate_bar', 'candidate_fact', 'candidate_action')
) as found;

-- Compression of the pieces of a file by pglz took half of the time of landing them, to halve their size.
alter table ingest.raw_response_chunk alter column body set storage external;

drop function if exists ingest.first_bars(bigint, bigint, boolean);

--! split: 300-universe-backfill.sql
-- A backfill of a universe asks for each member within the days of its membership.
alter table pipeline.backfill
  add column if not exists universe text,
  add column if not exists known_at timestamptz;
comment on column pipeline.backfill.universe is 'Universe whose members are fetched, each within the days of its membership; null: the symbols as they were given.';
comment on column pipeline.backfill.known_at is 'Its members are those known at this moment; null: at the start of the backfill.';
comment on column pipeline.planned_chunk.before is
'What became of the same days before: new, done, failed or held; unnamed where the ticker has passed on to another instrument, so that nobody can be asked for it.';
drop function if exists pipeline.plan_backfill(text, text, text[], date, date, integer, text, boolean);
drop function if exists pipeline.start_backfill(text, text, text[], date, date, integer, text, boolean, integer);

--! split: 301-identifier-provenance.sql
-- An identifier says which body it comes from.
alter table market.instrument_identifier add column if not exists raw_response_id bigint references ingest.raw_response;
create index if not exists instrument_identifier_raw_response_id_idx on market.instrument_identifier (raw_response_id);
comment on column market.instrument_identifier.raw_response_id is 'Body that said so; null where a person or the symbol of an instrument did.';
drop function if exists market.set_identifier(bigint, bigint, text, text, date, date, timestamptz);

--! split: 302-spin-offs.sql
-- A spin-off is a distribution of shares of another company, told by its value in cash per share.
alter table market.corporate_action
  drop constraint if exists corporate_action_type_check,
  drop constraint if exists corporate_action_currency_check,
  add constraint corporate_action_type_check check (action_type in ('split', 'dividend', 'spin_off')),
  add constraint corporate_action_currency_check check ((action_type <> 'split') = (currency is not null));
alter table market.corporate_action_observation
  drop constraint if exists corporate_action_observation_type_check,
  drop constraint if exists corporate_action_observation_currency_check,
  add constraint corporate_action_observation_type_check check (action_type in ('split', 'dividend', 'spin_off')),
  add constraint corporate_action_observation_currency_check check ((currency is not null) = (action_type <> 'split' and amount is not null));
comment on table market.corporate_action is
'Splits, cash dividends and spin-offs by ex-date, as now known. A change closes the old version into market.corporate_action_history.';
comment on column market.corporate_action.action_type is 'split, dividend or spin_off.';
comment on column market.corporate_action.amount is 'New shares per old share of a split; cash per share of a dividend; value of what a share was given in a spin-off.';
comment on column market.corporate_action.currency is 'Currency of a dividend or spin-off; null for a split.';
comment on column market.corporate_action_history.action_type is 'split, dividend or spin_off.';
comment on column market.corporate_action_history.amount is 'New shares per old share of a split; cash per share of a dividend; value of what a share was given in a spin-off.';
comment on column market.corporate_action_observation.action_type is 'split, dividend or spin_off.';
comment on column market.corporate_action_observation.currency is 'Currency of a dividend or spin-off.';
comment on column ingest.candidate_action.action_type is 'split, dividend or spin_off.';
comment on column ingest.candidate_action.amount is 'New shares per old share of a split; cash per share of a dividend; value of what a share was given in a spin-off.';

--! split: 900-functions.sql
-- Made by `marketbase db include` from 739bb3619c21b067: the changed files of sql-functions, each after what it needs.
--! Included feature/frames/compile_frames.sql
-- Writes the stages of a query that compute windows over rows.
create or replace function feature.compile_frames(
  p_windows jsonb,
  p_level integer,
  p_stage text,
  inout plan jsonb,
  out stages text[],
  out stage text
)
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  -- Partial aggregates, as (state, bars); what a longer one is made of is among them.
  partial record;
  columns_of jsonb := '{}';
  length record;
  listed text;
  frames text;
  item record;
  call record;
  sql text;
  plain text := '';
  -- What frames give: SQL, and the bars of the longest frame in it, null where one is added up at the end.
  results jsonb := '[]';
  longest integer;
  -- Bars of the longest frame that the last stage has.
  reached integer := 0;
  list text;
begin
  stage := p_stage;
  stages := '{}';

  for partial in
    with recursive needed (state, arguments, combined, bars) as (
      select aggregate.state, called.arguments, aggregate.combined, called.bars
      from jsonb_each(p_windows) as window_entry
      cross join lateral feature.frame_calls(window_entry.key) as called
      cross join lateral feature.partial_aggregate(called.aggregate) as aggregate
      where (window_entry.value ->> 'level')::integer = p_level
      union
      select needed.state, needed.arguments, needed.combined, part.bars
      from needed
      cross join lateral feature.frame_parts(needed.bars) as split
      cross join lateral unnest(array[split.newer, split.older]) as part (bars)
    )
    select needed.*, format('%s(%s)', needed.state, needed.arguments) as sql
    from needed
    order by needed.bars, needed.state, needed.arguments
  loop
    plan := feature.plan_alias(
      plan, 'frames', format('%s over %s bars at level %s', partial.sql, partial.bars, p_level), p_level,
      format('%s %s %s', split_part(partial.state, '.', -1), partial.arguments, partial.bars)
    );
    columns_of := columns_of || jsonb_build_object(
      format('%s of %s', partial.sql, partial.bars),
      jsonb_build_object('name', plan -> 'alias', 'state', partial.sql, 'combined', partial.combined, 'bars', partial.bars)
    );
  end loop;

  for item in
    select entry.key, entry.value ->> 'alias' as alias
    from jsonb_each(p_windows) as entry
    where (entry.value ->> 'level')::integer = p_level
    order by (entry.value ->> 'position')::integer
  loop
    sql := item.key;
    longest := 8;
    for call in
      select called.*, aggregate.result, columns_of -> format('%s(%s) of %s', aggregate.state, called.arguments, called.bars) ->> 'name' as name
      from feature.frame_calls(item.key) as called
      cross join lateral feature.partial_aggregate(called.aggregate) as aggregate
    loop
      sql := regexp_replace(sql, format('\m%s\M', regexp_replace(call.call, '(\W)', '\\\1', 'g')), format(call.result, call.name), 'g');
      longest := greatest(longest, call.bars);
    end loop;
    if sql = item.key and sql !~ '\mover frame_' then
      plain := plain || format(E'    %s as %s,\n', sql, item.alias);
    else
      results := results || jsonb_build_object('sql', format(E',\n    %s as %s', sql, item.alias), 'bars', case when sql !~ '\mover frame_' then longest end);
    end if;
  end loop;

  -- Short frames are added up; each longer one takes one more stage. New columns stand first: a row of a window is taken apart up to the last column
  -- that is needed. Results of shorter frames are worked out along the way, so that rows need not carry the states that they are made of.
  for length in
    select distinct greatest((entry.value ->> 'bars')::integer, 8) as bars
    from jsonb_each(columns_of) as entry
    order by bars
  loop
    if length.bars = 8 then
      select
        string_agg(format(E'    %s over frame_%s as %s,\n', entry.value ->> 'state', (entry.value ->> 'bars')::integer - 1, entry.value ->> 'name'), '' order by entry.value ->> 'state' like 'feature.%', entry.key),
        string_agg(distinct format(E',\n    frame_%1$s as (bars rows %1$s preceding)', (entry.value ->> 'bars')::integer - 1), '')
      into listed, frames
      from jsonb_each(columns_of) as entry
      where (entry.value ->> 'bars')::integer <= 8;
    else
      select string_agg(
        format(E'    %s as %s,\n', format(
          entry.value ->> 'combined',
          columns_of -> format('%s of %s', entry.value ->> 'state', split.newer) ->> 'name',
          format('lag(%s, %s) over bars', columns_of -> format('%s of %s', entry.value ->> 'state', split.older) ->> 'name', split.newer)
        ), entry.value ->> 'name'), '' order by entry.value ->> 'state' like 'feature.%', entry.key
      )
      into listed
      from jsonb_each(columns_of) as entry
      cross join lateral feature.frame_parts(length.bars) as split
      where (entry.value ->> 'bars')::integer = length.bars;
      listed := listed || plain;
      plain := '';
      frames := '';
    end if;
    list := case when length.bars = 8 then format('frames_%s', p_level) else format('frames_%s_of_%s', p_level, length.bars) end;
    stages := stages || format(
      E'%1$s as (\n  select\n%2$s    %3$s.*%4$s\n  from %3$s\n  window\n    bars as (partition by span order by ts)%5$s\n)',
      list, listed, stage, (select string_agg(result ->> 'sql', '') from jsonb_array_elements(results) as result where (result ->> 'bars')::integer = reached), frames
    );
    stage := list;
    reached := length.bars;
  end loop;

  -- What is left: results of the longest frames, and windows that are no such aggregates.
  listed := plain || format('    %s.*', stage) || coalesce(
    (select string_agg(result ->> 'sql', '') from jsonb_array_elements(results) as result where coalesce((result ->> 'bars')::integer, reached) = reached), ''
  );
  select string_agg(distinct format(E',\n    frame_%1$s as (bars rows %1$s preceding)', found.part[1]), '')
  into frames
  from regexp_matches(listed, '\mover frame_(\d+)', 'g') as found (part);
  stages := stages || format(
    E'window_%s as (\n  select\n%s\n  from %s%s\n)', p_level, listed, stage,
    case when listed ~ '\mover (bars|frame_\d+)\M' then E'\n  window\n    bars as (partition by span order by ts)' || coalesce(frames, '') else '' end
  );
  stage := format('window_%s', p_level);
end
$$;

comment on function feature.compile_frames(jsonb, integer, text, jsonb) is
'Writes the stages of a compiled query that compute p_windows (SQL over windows, with alias and level; see feature.plan_alias) of level p_level from the rows of p_stage.
Frames of up to 8 bars are added up anew at each bar. A longer one is put together from two shorter ones, one of them some bars back, as PostgreSQL puts partial aggregates together; so its cost rises with the logarithm of its length, and the result depends on the bars of the frame alone. Aggregates that have no partial form are added up, however long the frame.
plan: where the names of the columns are entered. Gives the common table expressions and the name of the last one, which has the columns of p_stage and one for each window.';

revoke all on function feature.compile_frames(jsonb, integer, text, jsonb) from public;
--! EndIncluded feature/frames/compile_frames.sql
--! Included ingest/accept/accept_actions.sql
-- Splits, dividends and spin-offs of a body become actions; priority and content decide.
create or replace function ingest.accept_actions(p_run_id bigint, p_raw_response_id bigint) returns ingest.acceptance
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  response record;
  outcome ingest.acceptance;
  kind text;
  cancelled_actions ingest.cancelled_action[];
  cancelled_count bigint;
  inserted_count bigint;
begin
  select raw_response.provider, raw_response.fetched_at, provider.priority into response
  from ingest.raw_response
  join ingest.provider using (provider)
  where raw_response.raw_response_id = p_raw_response_id;

  perform ingest.lock_bars(array(
    select candidate.instrument_id from ingest.candidate_action candidate where candidate.raw_response_id = p_raw_response_id
    union
    select span.instrument_id from ingest.candidate_action_span span where span.raw_response_id = p_raw_response_id
  ));

  -- The provider no longer lists it: cancelled, unless another one does, whose word then counts.
  perform set_config('marketbase.closed_from', response.fetched_at::text, true);
  with cancelled as (
    delete from market.corporate_action as current
    using ingest.candidate_action_span span, ingest.raw_response current_response
    where span.raw_response_id = p_raw_response_id
      and current.instrument_id = span.instrument_id and current.action_type = span.action_type and current.ex_date between span.from_date and span.to_date
      and current.provider = response.provider
      and current_response.raw_response_id = current.raw_response_id and current_response.fetched_at <= response.fetched_at
      and not exists (
        select
        from ingest.candidate_action candidate
        where candidate.raw_response_id = p_raw_response_id and candidate.instrument_id = current.instrument_id
          and candidate.action_type = current.action_type and candidate.ex_date = current.ex_date
      )
    returning current.instrument_id, current.action_type, current.ex_date, current.version
  )
  select array_agg(row(cancelled.instrument_id, cancelled.action_type, cancelled.ex_date, cancelled.version)::ingest.cancelled_action) into cancelled_actions
  from cancelled;
  perform set_config('marketbase.closed_from', '', true);
  cancelled_count := coalesce(cardinality(cancelled_actions), 0);

  insert into market.corporate_action (instrument_id, action_type, ex_date, amount, currency, version, known_from, provider, raw_response_id, run_id)
  select
    cancelled.instrument_id, cancelled.action_type, cancelled.ex_date, other.amount, other.currency, cancelled.version + 1, response.fetched_at,
    other.provider, other.raw_response_id, p_run_id
  from unnest(cancelled_actions) as cancelled
  cross join lateral (
    select latest.*
    from (
      select distinct on (said.provider) said.*, sayer.priority
      from market.corporate_action_observation said
      join ingest.provider sayer using (provider)
      where said.instrument_id = cancelled.instrument_id and said.action_type = cancelled.action_type and said.ex_date = cancelled.ex_date
        and said.provider <> response.provider
      order by said.provider, said.known_from desc
    ) as latest
    where latest.amount is not null
    order by latest.priority
    limit 1
  ) as other;

  -- What the provider said beside another one, and now takes back.
  insert into market.corporate_action_observation (instrument_id, action_type, ex_date, provider, known_from, amount, currency, raw_response_id, run_id)
  select latest.instrument_id, latest.action_type, latest.ex_date, response.provider, response.fetched_at, null, null, p_raw_response_id, p_run_id
  from (
    select distinct on (said.instrument_id, said.action_type, said.ex_date) said.*
    from ingest.candidate_action_span span
    join market.corporate_action_observation said
      on said.instrument_id = span.instrument_id and said.action_type = span.action_type and said.ex_date between span.from_date and span.to_date
    where span.raw_response_id = p_raw_response_id and said.provider = response.provider
    order by said.instrument_id, said.action_type, said.ex_date, said.known_from desc
  ) as latest
  where latest.amount is not null and latest.known_from < response.fetched_at
    and not exists (
      select
      from ingest.candidate_action candidate
      where candidate.raw_response_id = p_raw_response_id and candidate.instrument_id = latest.instrument_id
        and candidate.action_type = latest.action_type and candidate.ex_date = latest.ex_date
    );

  -- Splits first: they say in which shares distributions are.
  outcome.changed_count := cancelled_count;
  outcome.new_count := 0;
  foreach kind in array array['split', 'dividend', 'spin_off'] loop
    -- The better provider decides whenever its body came; of one provider the newer body does.
    with candidate as materialized (
      select distinct on (action.instrument_id, action.ex_date)
        action.instrument_id, action.action_type, action.ex_date, action.amount, action.currency,
        case kind when 'split' then 1 else market.amount_factor(action.instrument_id, action.ex_date, p_raw_response_id) end as factor
      from ingest.candidate_action action
      where action.raw_response_id = p_raw_response_id and action.action_type = kind
      order by action.instrument_id, action.ex_date, action.row_no
    ),
    compared as materialized (
      select
        candidate.*, current.provider as current_provider, current.amount as current_amount, current.currency as current_currency,
        current.raw_response_id as current_raw_response_id, current.known_from as current_known_from, current_response.fetched_at as current_fetched_at,
        ingest.is_same_amount(
          candidate.amount, candidate.factor, candidate.currency, current.amount,
          case kind when 'split' then 1 else market.amount_factor(current.instrument_id, current.ex_date, current.raw_response_id) end, current.currency
        ) as is_same,
        (
          response.priority < current_provider.priority
          or response.priority = current_provider.priority and current_response.fetched_at <= response.fetched_at
        ) and not exists (
          select
          from (
            select distinct on (observation.provider) observation.amount, observation.known_from, sayer.priority
            from market.corporate_action_observation observation
            join ingest.provider sayer using (provider)
            where observation.instrument_id = current.instrument_id and observation.action_type = kind and observation.ex_date = current.ex_date
            order by observation.provider, observation.known_from desc
          ) as said
          where said.amount is not null and said.priority < response.priority
            or said.priority = response.priority and said.known_from > response.fetched_at
        ) as decides
      from candidate
      join market.corporate_action current using (instrument_id, action_type, ex_date)
      join ingest.provider current_provider on current_provider.provider = current.provider
      join ingest.raw_response current_response on current_response.raw_response_id = current.raw_response_id
      where current.raw_response_id <> p_raw_response_id
    ),
    changed as (
      update market.corporate_action as target
      set
        amount = compared.amount, currency = compared.currency, known_from = greatest(response.fetched_at, target.known_from),
        provider = response.provider, raw_response_id = p_raw_response_id, run_id = p_run_id
      from compared
      where compared.decides and not compared.is_same
        and target.instrument_id = compared.instrument_id and target.action_type = kind and target.ex_date = compared.ex_date
      returning target.instrument_id
    ),
    beside as (
      -- Who said something else, or the same without being behind the action, is remembered; so is who was behind it until now.
      insert into market.corporate_action_observation (instrument_id, action_type, ex_date, provider, known_from, amount, currency, raw_response_id, run_id)
      select said.instrument_id, kind, said.ex_date, said.provider, said.said_at, said.amount, said.currency, said.raw_response_id, p_run_id
      from (
        select
          compared.instrument_id, compared.ex_date, response.provider, response.fetched_at as said_at, compared.amount, compared.currency,
          p_raw_response_id as raw_response_id
        from compared
        where compared.current_provider <> response.provider and (compared.is_same or not compared.decides)
        union all
        select
          compared.instrument_id, compared.ex_date, compared.current_provider, compared.current_fetched_at, compared.current_amount,
          compared.current_currency, compared.current_raw_response_id
        from compared
        where compared.current_provider <> response.provider and compared.decides and not compared.is_same
      ) as said
      left join lateral (
        select observation.amount, observation.currency, observation.raw_response_id, observation.known_from
        from market.corporate_action_observation observation
        where observation.instrument_id = said.instrument_id and observation.action_type = kind and observation.ex_date = said.ex_date
          and observation.provider = said.provider
        order by observation.known_from desc
        limit 1
      ) as latest on true
      where latest.known_from is null
        or latest.known_from < said.said_at and ingest.is_same_amount(
          said.amount, case kind when 'split' then 1 else market.amount_factor(said.instrument_id, said.ex_date, said.raw_response_id) end, said.currency,
          latest.amount, case kind when 'split' then 1 else market.amount_factor(said.instrument_id, said.ex_date, latest.raw_response_id) end, latest.currency
        ) is not true
      on conflict (instrument_id, action_type, ex_date, provider, known_from) do nothing
    )
    select outcome.changed_count + count(*) into outcome.changed_count from changed;

    insert into market.corporate_action (instrument_id, action_type, ex_date, amount, currency, version, known_from, provider, raw_response_id, run_id)
    select distinct on (candidate.instrument_id, candidate.ex_date)
      candidate.instrument_id, candidate.action_type, candidate.ex_date, candidate.amount, candidate.currency,
      1 + coalesce(closed.version, 0),
      -- What a body should have listed and did not, and what was cancelled before, is known from the arrival of this body.
      case
        when closed.version is not null or exists (
          select
          from market.price_data_version bar
          join ingest.raw_response earlier on earlier.raw_response_id = bar.raw_response_id
          where bar.instrument_id = candidate.instrument_id and bar.provider = response.provider and bar.bar_interval = '1d'
            and bar.session_date between candidate.ex_date and candidate.ex_date + 6
            and earlier.fetched_at < response.fetched_at and span.comes_with_bars
        ) then greatest(response.fetched_at, candidate.ex_date::timestamp at time zone exchange.time_zone)
        else candidate.ex_date::timestamp at time zone exchange.time_zone
      end,
      response.provider, p_raw_response_id, p_run_id
    from ingest.candidate_action candidate
    join market.instrument on instrument.instrument_id = candidate.instrument_id
    join market.exchange on exchange.mic = instrument.mic
    left join ingest.candidate_action_span span
      on span.raw_response_id = p_raw_response_id and span.instrument_id = candidate.instrument_id and span.action_type = candidate.action_type
      and candidate.ex_date between span.from_date and span.to_date
    cross join lateral (
      select max(history.version) as version
      from market.corporate_action_history history
      where history.instrument_id = candidate.instrument_id and history.action_type = candidate.action_type and history.ex_date = candidate.ex_date
    ) as closed
    where candidate.raw_response_id = p_raw_response_id and candidate.action_type = kind
    order by candidate.instrument_id, candidate.ex_date, candidate.row_no
    on conflict (instrument_id, action_type, ex_date) do nothing;
    get diagnostics inserted_count = row_count;
    outcome.new_count := outcome.new_count + inserted_count;
  end loop;

  select count(*) - outcome.new_count - outcome.changed_count + cancelled_count into outcome.unchanged_count
  from ingest.candidate_action
  where candidate_action.raw_response_id = p_raw_response_id;
  return outcome;
end
$$;

comment on function ingest.accept_actions(bigint, bigint) is
'Takes the splits, dividends and spin-offs of a body into market.corporate_action and returns the counts. The key is instrument, type and ex-date: what comes twice, from one provider or from two, is one action. ingest.provider.priority decides between providers (the lower
number) whenever their bodies came, of one provider the newer body. Amounts are compared per share of the ex-date (market.amount_factor) as ingest.is_same_amount says, and kept as their provider gave them; so a split alone does not change the dividends before it.
What was said beside the current action stands in market.corporate_action_observation: a worse provider does not change what a better one confirmed.
One that the provider behind it no longer lists, within ingest.candidate_action_span, is cancelled: it goes to the history, known until the arrival of this body, and counts as changed; where another provider lists it, that one''s word is the next version.
A first version is known from the start of the ex-date; from the arrival of its body where an earlier body of the provider should have listed it and did not (the provider sends actions with its bars, and daily bars of the days from the ex-date on are stored from one), where it had been cancelled,
and where the amount changed.';

revoke all on function ingest.accept_actions(bigint, bigint) from public;
grant execute on function ingest.accept_actions(bigint, bigint) to marketbase_worker;
--! EndIncluded ingest/accept/accept_actions.sql
--! Included ingest/accept/accept_bars.sql
-- Candidates that passed become bars; content decides whether anything changes.
create or replace function ingest.accept_bars(p_run_id bigint, p_raw_response_id bigint) returns ingest.acceptance
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
set work_mem to '64MB'
as $$
declare
  response record;
  tolerated record;
  touched bigint[];
  candidate_count bigint;
  first_date date;
  last_date date;
  has_bars boolean;
  has_history boolean;
  outcome ingest.acceptance;
begin
  select raw_response.provider, raw_response.fetched_at, raw_response.price_basis, raw_response.splits_adjusted_to, provider.priority into response
  from ingest.raw_response
  join ingest.provider using (provider)
  where raw_response.raw_response_id = p_raw_response_id;

  select
    coalesce(max(tolerance) filter (where field = 'open'), 0) as open, coalesce(max(tolerance) filter (where field = 'high'), 0) as high,
    coalesce(max(tolerance) filter (where field = 'low'), 0) as low, coalesce(max(tolerance) filter (where field = 'close'), 0) as close,
    coalesce(max(tolerance) filter (where field = 'volume'), 0) as volume,
    coalesce(max(tolerance) filter (where field = 'adjusted_close'), 0) as adjusted_close
  into tolerated
  from ingest.field_tolerance;

  -- Actions that came without bars are locked here too.
  select array_agg(named.instrument_id order by named.instrument_id), sum(named.bar_count), min(named.first_date), max(named.last_date)
  into touched, candidate_count, first_date, last_date
  from (
    select candidate.instrument_id, count(*) as bar_count, min(candidate.session_date) as first_date, max(candidate.session_date) as last_date
    from ingest.candidate_bar candidate
    where candidate.raw_response_id = p_raw_response_id
    group by candidate.instrument_id
    union all
    select action.instrument_id, 0, null, null
    from ingest.candidate_action action
    where action.raw_response_id = p_raw_response_id
    group by action.instrument_id
  ) as named;
  perform ingest.lock_bars(touched);
  candidate_count := coalesce(candidate_count, 0);

  perform ingest.record_coverage(p_raw_response_id);

  select
    bool_or(exists (select from market.price_data bar where bar.instrument_id = named.id offset 0)),
    bool_or(exists (select from market.price_data_history closed where closed.instrument_id = named.id offset 0))
  into has_bars, has_history
  from unnest(touched) as named (id);

  -- Where no bar of these instruments is known, all are new. To look for the bar that is there already costs as much as to store it, so that is left
  -- to the key: a body that gives a bar twice fails there, and is taken in as if bars were known.
  outcome.new_count := 0;
  if not has_bars then
    begin
      insert into market.price_data (
        instrument_id, bar_interval, ts, session_date, open, high, low, close, volume, adjusted_close, version, known_from, provider, raw_response_id, run_id
      )
      select bar.* from ingest.first_bars(p_run_id, p_raw_response_id, touched, first_date, last_date, has_history) as bar;
      get diagnostics outcome.new_count = row_count;
    exception
      when unique_violation then
        outcome.new_count := 0;
    end;
  end if;
  if outcome.new_count < candidate_count then
    insert into market.price_data (
      instrument_id, bar_interval, ts, session_date, open, high, low, close, volume, adjusted_close, version, known_from, provider, raw_response_id, run_id
    )
    select bar.* from ingest.first_bars(p_run_id, p_raw_response_id, touched, first_date, last_date, has_history) as bar
    on conflict (instrument_id, bar_interval, ts) do nothing;
    get diagnostics outcome.new_count = row_count;
  end if;

  outcome.changed_count := 0;
  if outcome.new_count < candidate_count then
    -- A changed bar: one whose values lie further from the stored ones than ingest.field_tolerance allows, which says why. The better provider
    -- decides whenever its body came; of one provider the newer body does. What a better provider, or a newer body of this one, said of the bar
    -- without becoming current (because it agreed) counts too.
    update market.price_data as current
    set
      session_date = candidate.session_date, open = candidate.open, high = candidate.high, low = candidate.low, close = candidate.close,
      volume = candidate.volume, adjusted_close = candidate.adjusted_close,
      known_from = greatest(response.fetched_at, current.known_from),
      provider = response.provider, raw_response_id = p_raw_response_id, run_id = p_run_id
    from (
      select distinct on (bar.instrument_id, bar.bar_interval, bar.ts) bar.*
      from ingest.candidate_bar bar
      where bar.raw_response_id = p_raw_response_id
      order by bar.instrument_id, bar.bar_interval, bar.ts, bar.row_no
    ) as candidate, ingest.provider current_provider, ingest.raw_response current_response
    where current.instrument_id = candidate.instrument_id and current.bar_interval = candidate.bar_interval and current.ts = candidate.ts
      and current_provider.provider = current.provider and current_response.raw_response_id = current.raw_response_id
      and (
        response.priority < current_provider.priority
        or response.priority = current_provider.priority and current_response.fetched_at <= response.fetched_at
      )
      and (
        abs(candidate.open - current.open) > tolerated.open * abs(current.open)
        or abs(candidate.high - current.high) > tolerated.high * abs(current.high)
        or abs(candidate.low - current.low) > tolerated.low * abs(current.low)
        or abs(candidate.close - current.close) > tolerated.close * abs(current.close)
        or abs(candidate.volume - current.volume) > tolerated.volume * abs(current.volume)
        or candidate.adjusted_close is not null and current.adjusted_close is null
        or current.provider = response.provider
          and (current_response.price_basis, current_response.splits_adjusted_to) is distinct from (response.price_basis, response.splits_adjusted_to)
        or abs(candidate.adjusted_close - current.adjusted_close) > tolerated.adjusted_close * abs(current.adjusted_close)
      )
      and not exists (
        select
        from market.price_observation said
        join ingest.provider sayer using (provider)
        where said.instrument_id = current.instrument_id and said.bar_interval = current.bar_interval and said.ts = current.ts
          and (sayer.priority < response.priority or sayer.priority = response.priority and said.known_from > response.fetched_at)
      );
    get diagnostics outcome.changed_count = row_count;
  end if;
  outcome.unchanged_count := candidate_count - outcome.new_count - outcome.changed_count;

  -- What did not become current although another provider or body is behind the bar is remembered, unless the provider says what it said last.
  if outcome.unchanged_count > 0 then
    insert into market.price_observation (
      instrument_id, bar_interval, ts, provider, known_from, session_date, open, high, low, close, volume, adjusted_close, raw_response_id, run_id
    )
    select
      candidate.instrument_id, candidate.bar_interval, candidate.ts, response.provider, response.fetched_at, candidate.session_date,
      candidate.open, candidate.high, candidate.low, candidate.close, candidate.volume, candidate.adjusted_close, p_raw_response_id, p_run_id
    from (
      select distinct on (bar.instrument_id, bar.bar_interval, bar.ts) bar.*
      from ingest.candidate_bar bar
      where bar.raw_response_id = p_raw_response_id
      order by bar.instrument_id, bar.bar_interval, bar.ts, bar.row_no
    ) as candidate
    join market.price_data current using (instrument_id, bar_interval, ts)
    left join lateral (
      select statement.*
      from market.price_statement statement
      where statement.instrument_id = candidate.instrument_id and statement.bar_interval = candidate.bar_interval and statement.ts = candidate.ts
        and statement.provider = response.provider and statement.said_at <= response.fetched_at
      order by statement.said_at desc, statement.version desc nulls last
      limit 1
    ) as latest on true
    where current.raw_response_id <> p_raw_response_id
      and (
        current.provider <> response.provider
        or (current.open, current.high, current.low, current.close, current.volume)
          is distinct from (candidate.open, candidate.high, candidate.low, candidate.close, candidate.volume)
      )
      and (
        latest.provider is null
        or abs(candidate.open - latest.open) > tolerated.open * abs(latest.open)
        or abs(candidate.high - latest.high) > tolerated.high * abs(latest.high)
        or abs(candidate.low - latest.low) > tolerated.low * abs(latest.low)
        or abs(candidate.close - latest.close) > tolerated.close * abs(latest.close)
        or abs(candidate.volume - latest.volume) > tolerated.volume * abs(latest.volume)
        or (candidate.adjusted_close is null) <> (latest.adjusted_close is null)
        or abs(candidate.adjusted_close - latest.adjusted_close) > tolerated.adjusted_close * abs(latest.adjusted_close)
      )
    on conflict (instrument_id, bar_interval, ts, provider, known_from) do nothing;
  end if;
  return outcome;
end
$$;

comment on function ingest.accept_bars(bigint, bigint) is
'Takes the candidates of a body into market.price_data: new bars, new versions of changed ones, nothing for those that are there already; equal duplicates within the body count once. Returns the counts.
A first version is known from the close of its session, or from the arrival of its body where the provider had answered for that time without it (ingest.covered_before); a correction
from the arrival of its body. ingest.provider.priority decides between providers (the lower number), of one provider the newer body; ingest.field_tolerance says which
differences are none; the same prices on another basis are a change. What does not become current though it came from another provider, or differs, goes to market.price_observation. The caller has taken out the rows that failed a critical rule.';

revoke all on function ingest.accept_bars(bigint, bigint) from public;
grant execute on function ingest.accept_bars(bigint, bigint) to marketbase_worker;
--! EndIncluded ingest/accept/accept_bars.sql
--! Included ingest/accept/first_bars.sql
-- The candidates of a body as the bars that they are when nobody knew them before.
create or replace function ingest.first_bars(
  p_run_id bigint, p_raw_response_id bigint, p_instrument_ids bigint[], p_from date, p_to date, p_has_history boolean
) returns table (
  instrument_id bigint, bar_interval text, ts timestamptz, session_date date, open double precision, high double precision, low double precision,
  close double precision, volume double precision, adjusted_close double precision, version integer, known_from timestamptz, provider text,
  raw_response_id bigint, run_id bigint
)
language sql stable parallel safe
rows 1000
begin atomic
  with earlier as materialized (
    select before.instrument_id, before.bar_interval, range_agg(tstzrange(before.covered_from, before.covered_until, '(]')) as covered
    from ingest.covered_before(p_raw_response_id) as before
    group by before.instrument_id, before.bar_interval
  ), place as materialized (
    select instrument.instrument_id, exchange.mic, exchange.time_zone
    from market.instrument
    join market.exchange using (mic)
    where instrument.instrument_id = any (p_instrument_ids)
  )
  select
    candidate.instrument_id, candidate.bar_interval, candidate.ts, candidate.session_date, candidate.open, candidate.high, candidate.low,
    candidate.close, candidate.volume, candidate.adjusted_close,
    -- A bar that was taken back and comes again goes on where it ended.
    1 + case
      when p_has_history then coalesce((
        select max(history.version)
        from market.price_data_history history
        where history.instrument_id = candidate.instrument_id and history.bar_interval = candidate.bar_interval and history.ts = candidate.ts
      ), 0)
      else 0
    end,
    greatest(
      case
        when p_has_history then (
          select max(history.known_to)
          from market.price_data_history history
          where history.instrument_id = candidate.instrument_id and history.bar_interval = candidate.bar_interval and history.ts = candidate.ts
        )
      end,
      case when span.ends_at <@ earlier.covered then greatest(span.ends_at, response.fetched_at) else span.ends_at end
    ),
    response.provider, p_raw_response_id, p_run_id
  from (
    -- Of equal rows the first counts.
    select bar.*
    from ingest.candidate_bar bar
    where bar.raw_response_id = p_raw_response_id
    order by bar.row_no
  ) as candidate
  join ingest.raw_response response on response.raw_response_id = p_raw_response_id
  join place using (instrument_id)
  -- Where all sessions are hashed, those of all years would not fit into the cache of a processor.
  left join market.trading_session session
    on session.mic = place.mic and session.session_date = candidate.session_date and session.session_date between p_from and p_to
  left join earlier on earlier.instrument_id = candidate.instrument_id and earlier.bar_interval = candidate.bar_interval
  cross join lateral (
    select case
      when candidate.bar_interval = '1d' then coalesce(session.close_at, (candidate.session_date + 1)::timestamp at time zone place.time_zone)
      when market.bar_span(candidate.bar_interval) < interval '1 day' then candidate.ts + market.bar_span(candidate.bar_interval)
      else (candidate.session_date + market.bar_span(candidate.bar_interval)) at time zone place.time_zone
    end as ends_at
    offset 0
  ) as span;
end;

comment on function ingest.first_bars(bigint, bigint, bigint[], date, date, boolean) is
'The candidates of the body p_raw_response_id as bars of the run p_run_id, in the order of the body; p_instrument_ids are their instruments, p_from and p_to the first and last session. A bar is known from the close of its session, one of another length from its own end; one that the provider did not have when it was asked for that
time (ingest.covered_before), from the arrival of the body. Its version is 1; where p_has_history says that bars of these instruments were closed, the one after the last of its own. No row for NULL.';

revoke all on function ingest.first_bars(bigint, bigint, bigint[], date, date, boolean) from public;
grant execute on function ingest.first_bars(bigint, bigint, bigint[], date, date, boolean) to marketbase_worker;
--! EndIncluded ingest/accept/first_bars.sql
--! Included ingest/accept/lock_bars.sql
-- One writer per instrument at a time, until the end of the transaction.
create or replace function ingest.lock_bars(p_instrument_ids bigint[]) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
begin
  -- Always in the same order. Instruments share 1,024 locks: a file may hold more of them than the server has places for locks.
  perform pg_advisory_xact_lock(hashtextextended('market.price_data ' || slot.no, 0))
  from (select distinct id % 1024 as no from unnest(p_instrument_ids) as id where id is not null order by no) as slot;
end
$$;

comment on function ingest.lock_bars(bigint[]) is
'Waits until no other transaction changes bars or actions of the instruments, and keeps others away until the end of this one. NULLs are left out.';

revoke all on function ingest.lock_bars(bigint[]) from public;
grant execute on function ingest.lock_bars(bigint[]) to marketbase_worker;
--! EndIncluded ingest/accept/lock_bars.sql
--! Included ingest/normalise/normalise_alphavantage_fundamentals.sql
-- Statements, earnings and the overview of a company as Alpha Vantage gives them.
create or replace function ingest.normalise_alphavantage_fundamentals(p_raw_response_id bigint) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  document jsonb := ingest.body_json(p_raw_response_id);
  response record;
  symbol text := coalesce(document ->> 'symbol', document ->> 'Symbol');
  part record;
  item record;
  report text;
  company_id bigint;
  instrument_currency text;
begin
  perform ingest.refuse_provider_error(p_raw_response_id, document);
  select raw_response.subject, raw_response.run_id, raw_response.fetched_at into response
  from ingest.raw_response
  where raw_response.raw_response_id = p_raw_response_id;
  if document = '{}' then
    raise exception using
      errcode = 'MB004',
      message = format('the body is an empty object: alphavantage has nothing of %s there', response.subject),
      hint = 'Check the symbol.';
  end if;
  if (document ? 'AssetType' or jsonb_typeof(document -> 'annualReports') = 'array' or jsonb_typeof(document -> 'annualEarnings') = 'array'
    or jsonb_typeof(document -> 'quarterlyReports') = 'array' or jsonb_typeof(document -> 'quarterlyEarnings') = 'array') is not true then
    raise exception using
      errcode = 'MB004',
      message = format('the body has no statements, earnings or overview: its keys are %s', (select left(string_agg(key, ', ' order by key), 200) from jsonb_object_keys(document) as key)),
      hint = 'Ask for INCOME_STATEMENT, BALANCE_SHEET, CASH_FLOW, EARNINGS or OVERVIEW.';
  end if;
  if upper(symbol) is distinct from upper(btrim(response.subject)) then
    raise exception using
      errcode = 'MB004',
      message = format('the body is about %s, but %s was asked for', coalesce(symbol, 'nobody'), response.subject),
      hint = 'The subject of a body of fundamentals is the symbol.';
  end if;

  company_id := ingest.ensure_instrument(
    response.run_id, response.subject,
    p_currency => case when document ->> 'Currency' ~ '^[A-Za-z]{3}$' then document ->> 'Currency' end
  );
  perform ingest.learn_identifiers(response.run_id, p_raw_response_id, company_id, jsonb_build_object('cik', document -> 'CIK'));
  update market.instrument
  set name = document ->> 'Name'
  where instrument.instrument_id = company_id and instrument.name is null and jsonb_typeof(document -> 'Name') = 'string';
  select upper(instrument.currency) into instrument_currency from market.instrument where instrument.instrument_id = company_id;

  if document ? 'AssetType' then
    perform ingest.add_report(
      p_raw_response_id, company_id, 'OVERVIEW', document, null, (response.fetched_at at time zone 'America/New_York')::date, instrument_currency, 'overview'
    );
    if ingest.is_iso_date(document ->> 'LatestQuarter') then
      perform ingest.add_report(
        p_raw_response_id, company_id, 'OVERVIEW TTM', document, ingest.period_start((document ->> 'LatestQuarter')::date, 12),
        (document ->> 'LatestQuarter')::date, instrument_currency, 'overview'
      );
    end if;
    return;
  end if;

  for part in
    select list.key, list.key like 'annual%' as is_annual
    from jsonb_each(document) as list
    where list.key in ('annualReports', 'quarterlyReports', 'annualEarnings', 'quarterlyEarnings') and jsonb_typeof(list.value) = 'array'
  loop
    for item in
      select
        element.value as fields,
        case when ingest.is_iso_date(element.value ->> 'fiscalDateEnding') then (element.value ->> 'fiscalDateEnding')::date end as period_end,
        lead(element.value ->> 'fiscalDateEnding') over (order by element.value ->> 'fiscalDateEnding' desc) as period_before
      from jsonb_array_elements(document -> part.key) as element
      where jsonb_typeof(element.value) = 'object'
    loop
      -- Among annual earnings stands the year that has only begun: its end is no end of a fiscal year.
      continue when part.key = 'annualEarnings' and ingest.is_iso_date(item.period_before) and item.period_end - item.period_before::date < 350;
      report := case
        when part.key like '%Earnings' then 'EARNINGS'
        when item.fields ? 'totalAssets' then 'BALANCE_SHEET'
        when item.fields ? 'operatingCashflow' then 'CASH_FLOW'
        when item.fields ? 'totalRevenue' then 'INCOME_STATEMENT'
      end;
      if report is null then
        raise exception using
          errcode = 'MB004',
          message = format('a report of the body is no statement: it begins with %s', left(item.fields::text, 80)),
          hint = 'Ask for INCOME_STATEMENT, BALANCE_SHEET, CASH_FLOW, EARNINGS or OVERVIEW.';
      end if;
      perform ingest.add_report(
        p_raw_response_id, company_id, report, item.fields,
        case when report <> 'BALANCE_SHEET' then ingest.period_start(item.period_end, case when part.is_annual then 12 else 3 end) end,
        item.period_end,
        case when item.fields ->> 'reportedCurrency' ~ '^[A-Z]{3}$' then item.fields ->> 'reportedCurrency' else instrument_currency end,
        case when part.is_annual then 'annual report' else 'quarterly report' end,
        case when ingest.is_iso_date(item.fields ->> 'reportedDate') then (item.fields ->> 'reportedDate')::date end,
        case when ingest.is_iso_date(item.fields ->> 'reportedDate') then market.filing_known_from((item.fields ->> 'reportedDate')::date) end
      );
    end loop;
  end loop;
end
$$;

comment on function ingest.normalise_alphavantage_fundamentals(bigint) is
'Fills ingest.candidate_fact from a body of Alpha Vantage: INCOME_STATEMENT, BALANCE_SHEET, CASH_FLOW, EARNINGS or OVERVIEW. The taxonomy is alphavantage, the concept Alpha Vantage''s name of the field. Quarterly earnings count from the day after their reportedDate,
everything else from the arrival of the body, because Alpha Vantage does not say when it was filed. "None" is no value. The first day of a period is reckoned from its last. MB010 with Alpha Vantage''s own words for its errors and limits,
which come with status 200; MB004 for an empty object, another symbol, or another shape.';

revoke all on function ingest.normalise_alphavantage_fundamentals(bigint) from public;
grant execute on function ingest.normalise_alphavantage_fundamentals(bigint) to marketbase_worker;
--! EndIncluded ingest/normalise/normalise_alphavantage_fundamentals.sql
--! Included ingest/normalise/normalise_csv_bars.sql
-- Bars from a file of the user.
create or replace function ingest.normalise_csv_bars(p_raw_response_id bigint) returns void
language sql volatile strict parallel unsafe
begin atomic
  select ingest.read_bars_csv(
    response.raw_response_id,
    case when response.url ~ '\?symbol=' then response.subject end
  )
  from ingest.raw_response response
  where response.raw_response_id = p_raw_response_id;
end;

comment on function ingest.normalise_csv_bars(bigint) is
'Fills ingest.candidate_bar from a file, as ingest.read_bars_csv says. The subject is the symbol of all its rows when the file came with one (its url then ends in ?symbol=…), else the feed to which the file belongs, or its name.';

revoke all on function ingest.normalise_csv_bars(bigint) from public;
grant execute on function ingest.normalise_csv_bars(bigint) to marketbase_worker;
--! EndIncluded ingest/normalise/normalise_csv_bars.sql
--! Included ingest/normalise/normalise_fmp_fundamentals.sql
-- Statements, ratios, quotes and profiles as Financial Modeling Prep gives them.
create or replace function ingest.normalise_fmp_fundamentals(p_raw_response_id bigint) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  document jsonb := ingest.body_document(p_raw_response_id);
  response record;
  item jsonb;
  report text;
  company_id bigint;
  instrument_currency text;
  is_quarter boolean;
  period_end date;
  filed date;
  accepted timestamptz;
begin
  perform ingest.refuse_provider_error(p_raw_response_id, document);
  select raw_response.subject, raw_response.run_id, raw_response.url, raw_response.fetched_at into response
  from ingest.raw_response
  where raw_response.raw_response_id = p_raw_response_id;

  -- Older addresses wrap the list, or the profile, in an object.
  document := case
    when jsonb_typeof(document -> 'financials') = 'array' then (
      select jsonb_agg(jsonb_build_object('symbol', document -> 'symbol') || element.value) from jsonb_array_elements(document -> 'financials') as element
      where jsonb_typeof(element.value) = 'object'
    )
    when jsonb_typeof(document -> 'profile') = 'object' then jsonb_build_array(jsonb_build_object('symbol', document -> 'symbol') || (document -> 'profile'))
    when jsonb_typeof(document) = 'object' then jsonb_build_array(document)
    else document
  end;
  if document is null or document = '[]' then
    raise exception using
      errcode = 'MB004',
      message = format('the list is empty: fmp has nothing of %s there', response.subject),
      hint = 'Check the symbol; the plan of the key may not have it.';
  end if;

  item := document -> 0;
  report := case
    when jsonb_typeof(item) is distinct from 'object' then null
    when item ? 'companyName' then 'profile'
    when item ? 'dayLow' and item ? 'price' then 'quote'
    when item ? 'Revenue' or item ? 'Total assets' or item ? 'Operating Cash Flow' then 'financials'
    when item ? 'totalAssets' and item ? 'totalLiabilities' then 'balance-sheet-statement'
    when item ? 'operatingCashFlow' and item ? 'netIncome' then 'cash-flow-statement'
    when item ? 'revenue' and item ? 'netIncome' then 'income-statement'
    when item ? 'numberOfShares' and item ? 'marketCapitalization' then 'enterprise-values'
    when item ? 'revenueGrowth' then 'financial-growth'
    when item ? 'enterpriseValueOverEBITDA' or item ? 'evToSales' then 'key-metrics'
    when item ? 'grossProfitMargin' and item ? 'currentRatio' then 'ratios'
  end;
  if report is null then
    raise exception using
      errcode = 'MB004',
      message = format('the body holds no statement, ratios, quote or profile: it begins with %s', left(item::text, 80)),
      hint = 'Ask for income-statement, balance-sheet-statement, cash-flow-statement, ratios, key-metrics, quote or profile.';
  end if;
  if exists (
    select from jsonb_array_elements(document) as element (value) where upper(element.value ->> 'symbol') is distinct from upper(btrim(response.subject))
  ) then
    raise exception using
      errcode = 'MB004',
      message = format('the body is about %s, but %s was asked for', coalesce(item ->> 'symbol', 'nobody'), response.subject),
      hint = 'The subject of a body of fundamentals is the symbol.';
  end if;

  company_id := ingest.ensure_instrument(
    response.run_id, response.subject,
    p_currency => case when report = 'profile' and item ->> 'currency' ~ '^[A-Za-z]{3}$' then item ->> 'currency' end
  );
  perform ingest.learn_identifiers(
    response.run_id, p_raw_response_id, company_id,
    jsonb_strip_nulls(jsonb_build_object('cik', item -> 'cik', 'isin', item -> 'isin', 'cusip', item -> 'cusip')));
  update market.instrument
  set name = coalesce(item ->> 'companyName', item ->> 'name')
  where instrument.instrument_id = company_id and instrument.name is null and report in ('profile', 'quote');
  -- Prices may be quoted in a minor unit (GBp), statements are not.
  select upper(instrument.currency) into instrument_currency from market.instrument where instrument.instrument_id = company_id;

  for item in select element.value from jsonb_array_elements(document) as element loop
    if report in ('profile', 'quote') then
      period_end := case
        when report = 'quote' and item ->> 'timestamp' ~ '^\d{9,10}$' then (to_timestamp((item ->> 'timestamp')::bigint) at time zone 'America/New_York')::date
        else (response.fetched_at at time zone 'America/New_York')::date
      end;
      perform ingest.add_report(p_raw_response_id, company_id, report, item, null, period_end, instrument_currency, report, p_zero_is_absent => true);
    else
      period_end := case when ingest.is_iso_date(left(item ->> 'date', 10)) then left(item ->> 'date', 10)::date end;
      is_quarter := coalesce(item ->> 'period', case when response.url ~ '[?&]period=quarter' then 'Q' else 'FY' end) like 'Q%';
      filed := (
        select said::date from (values (coalesce(item ->> 'fillingDate', item ->> 'filingDate'))) as given (said) where ingest.is_iso_date(said)
      );
      accepted := case
        when item ->> 'acceptedDate' like '____-__-__ __:__:__' and pg_input_is_valid(item ->> 'acceptedDate', 'timestamp')
          then (item ->> 'acceptedDate')::timestamp at time zone 'America/New_York'
      end;
      perform ingest.add_report(
        p_raw_response_id, company_id, report, item,
        case when report not in ('balance-sheet-statement', 'enterprise-values') and not (report = 'financials' and item ? 'Total assets')
          then ingest.period_start(period_end, case when is_quarter then 3 else 12 end) end,
        period_end,
        case when item ->> 'reportedCurrency' ~ '^[A-Z]{3}$' then item ->> 'reportedCurrency' else instrument_currency end,
        case when is_quarter then 'quarterly report' else 'annual report' end,
        filed, market.filing_known_from(filed, accepted),
        coalesce(
          substring(item ->> 'link' from '\d{10}-\d{2}-\d{6}'), substring(item ->> 'finalLink' from '\d{10}-\d{2}-\d{6}'),
          regexp_replace(substring(item ->> 'finalLink' from '/data/\d+/(\d{18})/'), '^(\d{10})(\d{2})(\d{6})$', '\1-\2-\3')
        ),
        p_zero_is_absent => true
      );
    end if;
  end loop;
end
$$;

comment on function ingest.normalise_fmp_fundamentals(bigint) is
'Fills ingest.candidate_fact from a body of FMP: income, balance and cash flow statements (also of the older addresses), ratios, key metrics, growth, enterprise values, a quote or a profile. The taxonomy is fmp, the concept FMP''s name of the field.
A statement counts from when its filing was accepted where FMP says so, everything else from the arrival of the body. A zero is left out, because FMP writes it for what it does not have. A statement without a currency is in that of the instrument.
CIK, ISIN and CUSIP go to the instrument (ingest.learn_identifiers). The first day of a period is reckoned from its last. MB010 with FMP''s own words for its errors, MB004 for an empty list, another symbol, or another shape.';

revoke all on function ingest.normalise_fmp_fundamentals(bigint) from public;
grant execute on function ingest.normalise_fmp_fundamentals(bigint) to marketbase_worker;
--! EndIncluded ingest/normalise/normalise_fmp_fundamentals.sql
--! Included ingest/normalise/normalise_polygon_identifiers.sql
-- What Polygon knows of a ticker, or of a list of them.
create or replace function ingest.normalise_polygon_identifiers(p_run_id bigint, p_raw_response_id bigint) returns ingest.acceptance
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  document jsonb := ingest.body_json(p_raw_response_id);
  response record;
  results jsonb;
  item jsonb;
  found_id bigint;
  learnt integer;
  outcome ingest.acceptance;
begin
  perform ingest.refuse_provider_error(p_raw_response_id, document);
  select raw_response.subject into response from ingest.raw_response where raw_response.raw_response_id = p_raw_response_id;
  results := case jsonb_typeof(document -> 'results') when 'object' then jsonb_build_array(document -> 'results') when 'array' then document -> 'results' end;
  if results is null or exists (select from jsonb_array_elements(results) as element (value) where jsonb_typeof(element.value -> 'ticker') is distinct from 'string') then
    perform ingest.refuse_shape(document, 'a ticker, or a list of tickers, in results');
  end if;
  if jsonb_typeof(document -> 'results') = 'object' then
    perform ingest.require_symbol(p_raw_response_id, results -> 0 ->> 'ticker');
    perform ingest.ensure_instrument(p_run_id, response.subject, p_name => results -> 0 ->> 'name');
  end if;

  outcome := row(0, 0, 0);
  for item in select element.value from jsonb_array_elements(results) as element loop
    -- A list tells of instruments that are known here; it does not bring ten thousand others along.
    select instrument.instrument_id into found_id
    from market.instrument
    where instrument.symbol = case when jsonb_typeof(document -> 'results') = 'object' then upper(btrim(response.subject)) else item ->> 'ticker' end;
    learnt := case when found_id is null then 0 else ingest.learn_identifiers(
      p_run_id, p_raw_response_id, found_id, jsonb_build_object('cik', item -> 'cik', 'figi', item -> 'composite_figi')) end;
    outcome.new_count := outcome.new_count + (learnt > 0)::integer;
    outcome.unchanged_count := outcome.unchanged_count + (learnt = 0)::integer;
  end loop;
  return outcome;
end
$$;

comment on function ingest.normalise_polygon_identifiers(bigint, bigint) is
'Takes the CIK and the composite FIGI (of the share on all venues of its country) that Polygon has of one ticker (v3/reference/tickers/AAPL), whose instrument is added when it is new, or of a list (v3/reference/tickers), of which only known instruments count, into market.instrument_identifier,
in the run p_run_id, and returns how many tickers brought news. MB010 with the words of Polygon for its errors, MB004 for another shape or another symbol.';

revoke all on function ingest.normalise_polygon_identifiers(bigint, bigint) from public;
grant execute on function ingest.normalise_polygon_identifiers(bigint, bigint) to marketbase_worker;
--! EndIncluded ingest/normalise/normalise_polygon_identifiers.sql
--! Included ingest/normalise/normalise_sec_filings.sql
-- The filings of a company as the SEC's submissions give them.
create or replace function ingest.normalise_sec_filings(p_run_id bigint, p_raw_response_id bigint) returns ingest.acceptance
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  document jsonb := ingest.body_json(p_raw_response_id);
  response record;
  listed jsonb;
  filer_cik text;
  filing_count bigint;
  zone text;
  outcome ingest.acceptance;
begin
  perform ingest.refuse_provider_error(p_raw_response_id, document - 'message');
  select raw_response.subject, raw_response.url, raw_response.fetched_at into response
  from ingest.raw_response
  where raw_response.raw_response_id = p_raw_response_id;

  -- The latest filings come with the filer; older ones in files of their own that hold the lists alone.
  listed := case when jsonb_typeof(document -> 'filings') = 'object' then document -> 'filings' -> 'recent' else document end;
  filer_cik := lpad(coalesce(
    case when document ->> 'cik' ~ '^\d{1,10}$' then document ->> 'cik' end,
    substring(response.url from 'CIK(\d{10})-submissions-\d+\.json'),
    case when response.subject ~ '^\d{10}$' then response.subject end,
    (select instrument.cik from market.instrument where instrument.symbol = upper(btrim(response.subject)))
  ), 10, '0');
  if jsonb_typeof(listed -> 'accessionNumber') is distinct from 'array' or jsonb_typeof(listed -> 'filingDate') is distinct from 'array'
    or jsonb_typeof(listed -> 'form') is distinct from 'array' then
    raise exception using
      errcode = 'MB004',
      message = format('the body has no list of filings: its keys are %s', (select left(string_agg(key, ', ' order by key), 200) from jsonb_object_keys(document) as key)),
      hint = 'Expected {"cik": …, "name": …, "filings": {"recent": {"accessionNumber": […], "filingDate": […], "form": […], …}}} or the lists alone.';
  end if;
  filing_count := jsonb_array_length(listed -> 'accessionNumber');
  if exists (select from jsonb_each(listed) as list where jsonb_typeof(list.value) = 'array' and jsonb_array_length(list.value) <> filing_count) then
    raise exception using
      errcode = 'MB004',
      message = 'the lists of filings differ in length, so they do not go together',
      hint = 'Ask again; the bytes are kept in ingest.raw_response.';
  end if;
  if filer_cik is null then
    raise exception using
      errcode = 'MB004',
      message = 'neither the body nor its address says whose filings these are',
      hint = 'Bring in the newest filings of the company first, or its fundamentals.';
  end if;

  if jsonb_typeof(document -> 'name') = 'string' then
    insert into market.filer (cik, name, entity_type, sic, fiscal_year_end, former_names, raw_response_id, run_id)
    values (
      filer_cik, document ->> 'name', nullif(document ->> 'entityType', ''), nullif(document ->> 'sic', ''), nullif(document ->> 'fiscalYearEnd', ''),
      case when jsonb_typeof(document -> 'formerNames') = 'array' then document -> 'formerNames' else '[]' end, p_raw_response_id, p_run_id
    )
    on conflict (cik) do update
    set
      name = excluded.name, entity_type = excluded.entity_type, sic = excluded.sic, fiscal_year_end = excluded.fiscal_year_end,
      former_names = excluded.former_names, raw_response_id = excluded.raw_response_id, run_id = excluded.run_id
    where (filer.name, filer.entity_type, filer.sic, filer.fiscal_year_end, filer.former_names)
        is distinct from (excluded.name, excluded.entity_type, excluded.sic, excluded.fiscal_year_end, excluded.former_names)
      and response.fetched_at >= (select known.fetched_at from ingest.raw_response known where known.raw_response_id = filer.raw_response_id);
  end if;
  if response.subject !~ '^\d{10}$' then
    perform ingest.learn_identifiers(
      p_run_id, p_raw_response_id, ingest.ensure_instrument(p_run_id, response.subject), jsonb_build_object('cik', filer_cik, 'lei', document -> 'lei'));
    update market.instrument
    set name = document ->> 'name'
    where instrument.symbol = upper(btrim(response.subject)) and instrument.name is null and jsonb_typeof(document -> 'name') = 'string';
  end if;

  select ingest.edgar_zone(
    array_agg(listed -> 'form' ->> n), array_agg((listed -> 'filingDate' ->> n)::date), array_agg(left(listed -> 'acceptanceDateTime' ->> n, 19)::timestamp)
  ) into zone
  from generate_series(0, filing_count::integer - 1) as n
  where ingest.is_iso_date(listed -> 'filingDate' ->> n) and pg_input_is_valid(left(listed -> 'acceptanceDateTime' ->> n, 19), 'timestamp')
    and listed -> 'acceptanceDateTime' ->> n like '____-__-__T%';

  insert into ingest.quarantine (raw_response_id, dataset, row_no, symbol, rules, reason, payload, run_id)
  select p_raw_response_id, 'filings', n + 1, response.subject, array['filing_readable'], problem.reason,
    (select jsonb_object_agg(list.key, list.value -> n) from jsonb_each(listed) as list where jsonb_typeof(list.value) = 'array'), p_run_id
  from generate_series(0, filing_count::integer - 1) as n
  cross join lateral (
    select case
      when listed -> 'accessionNumber' ->> n ~ '^\d{10}-\d{2}-\d{6}$' is not true then format('accessionNumber "%s" is none', listed -> 'accessionNumber' ->> n)
      when ingest.is_iso_date(listed -> 'filingDate' ->> n) is not true then format('filingDate "%s" is not a date', listed -> 'filingDate' ->> n)
      when coalesce(listed -> 'form' ->> n, '') = '' then 'form is missing'
    end as reason
  ) as problem
  where problem.reason is not null
  on conflict (raw_response_id, dataset, row_no) do nothing;
  get diagnostics outcome.unchanged_count = row_count;
  filing_count := filing_count - outcome.unchanged_count;

  with filing as materialized (
    select
      listed -> 'accessionNumber' ->> n as accession, listed -> 'form' ->> n as form, (listed -> 'filingDate' ->> n)::date as filed,
      case when ingest.is_iso_date(listed -> 'reportDate' ->> n) then (listed -> 'reportDate' ->> n)::date end as report_date,
      -- Midnight stands for a time that nobody kept.
      case
        when listed -> 'acceptanceDateTime' ->> n like '____-__-__T%' and pg_input_is_valid(left(listed -> 'acceptanceDateTime' ->> n, 19), 'timestamp')
          and (left(listed -> 'acceptanceDateTime' ->> n, 19)::timestamp at time zone zone at time zone 'America/New_York')::time <> time '00:00'
          then left(listed -> 'acceptanceDateTime' ->> n, 19)::timestamp at time zone zone
      end as accepted,
      nullif(listed -> 'items' ->> n, '') as items, nullif(listed -> 'primaryDocument' ->> n, '') as primary_document
    from generate_series(0, jsonb_array_length(listed -> 'accessionNumber') - 1) as n
    where listed -> 'accessionNumber' ->> n ~ '^\d{10}-\d{2}-\d{6}$' and ingest.is_iso_date(listed -> 'filingDate' ->> n)
      and coalesce(listed -> 'form' ->> n, '') <> ''
  ), stored as (
    insert into market.filing (
      accession, cik, form, filed, report_date, accepted, known_from, items, primary_document, provider, raw_response_id, run_id
    )
    select
      filing.accession, filer_cik, filing.form, filing.filed, filing.report_date, filing.accepted, market.filing_known_from(filing.filed, filing.accepted),
      filing.items, filing.primary_document, 'sec', p_raw_response_id, p_run_id
    from filing
    order by filing.filed, filing.accession
    on conflict (accession, cik) do update
    set accepted = excluded.accepted, known_from = excluded.known_from, raw_response_id = excluded.raw_response_id, run_id = excluded.run_id
    where filing.accepted is null and excluded.accepted is not null
    returning filing.accession, (xmax = 0) as is_new
  )
  select count(*) filter (where stored.is_new), count(*) filter (where not stored.is_new) into outcome.new_count, outcome.changed_count from stored;
  outcome.unchanged_count := filing_count - outcome.new_count - outcome.changed_count;
  return outcome;
end
$$;

comment on function ingest.normalise_sec_filings(bigint, bigint) is
'Takes a body of the SEC''s submissions, with the filer or one of its files of older filings, into market.filing and market.filer, in the run p_run_id, and returns the counts. The subject is the symbol, or the CIK (ten digits) of a filer
without one. The time of acceptance is read in the zone that ingest.edgar_zone finds, and decides from when facts of the filing could be known. What cannot be read goes to ingest.quarantine. MB004 when the body has another shape.';

revoke all on function ingest.normalise_sec_filings(bigint, bigint) from public;
grant execute on function ingest.normalise_sec_filings(bigint, bigint) to marketbase_worker;
--! EndIncluded ingest/normalise/normalise_sec_filings.sql
--! Included ingest/normalise/normalise_sec_fundamentals.sql
-- The facts of a company as the SEC's companyfacts give them.
create or replace function ingest.normalise_sec_fundamentals(p_raw_response_id bigint) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  document jsonb := ingest.body_json(p_raw_response_id);
  response record;
  company_id bigint;
begin
  perform ingest.require_success(p_raw_response_id);
  if jsonb_typeof(document -> 'facts') is distinct from 'object' or (document ->> 'cik') is null or (document ->> 'cik') !~ '^\d{1,10}$' then
    raise exception using
      errcode = 'MB004',
      message = format('the body has no facts of a company: its keys are %s', (select left(string_agg(key, ', ' order by key), 200) from jsonb_object_keys(document) as key)),
      hint = 'Expected {"cik": …, "entityName": …, "facts": {taxonomy: {concept: {"units": {unit: [fact, …]}}}}}.';
  end if;
  if exists (
    select
    from jsonb_each(document -> 'facts') as taxonomy
    cross join lateral jsonb_each(case when jsonb_typeof(taxonomy.value) = 'object' then taxonomy.value else '{"": null}' end) as concept
    cross join lateral jsonb_each(case when jsonb_typeof(concept.value -> 'units') = 'object' then concept.value -> 'units' else '{"": null}' end) as unit
    where jsonb_typeof(unit.value) <> 'array'
  ) then
    raise exception using
      errcode = 'MB004',
      message = 'the facts of the body are not lists by taxonomy, concept and unit',
      hint = 'Expected {"facts": {taxonomy: {concept: {"units": {unit: [fact, …]}}}}}.';
  end if;

  select raw_response.subject, raw_response.run_id into response
  from ingest.raw_response
  where raw_response.raw_response_id = p_raw_response_id;
  company_id := ingest.ensure_instrument(response.run_id, response.subject);
  perform ingest.learn_identifiers(response.run_id, p_raw_response_id, company_id, jsonb_build_object('cik', document -> 'cik'));
  update market.instrument
  set name = document ->> 'entityName'
  where instrument.instrument_id = company_id and instrument.name is null and jsonb_typeof(document -> 'entityName') = 'string';

  insert into ingest.candidate_fact (
    raw_response_id, row_no, instrument_id, taxonomy, concept, unit, period_start, period_end, value, fiscal_year, fiscal_period, form,
    accession, filed, payload
  )
  select
    p_raw_response_id, row_number() over (), company_id, fact.taxonomy, fact.concept, fact.unit,
    coalesce(fact.period_start, case when fact.start_text is null then fact.period_end end), fact.period_end, fact.value,
    fact.fiscal_year, fact.fiscal_period, fact.form, fact.accession, fact.filed,
    case when problem.text is not null then jsonb_build_object('fact', fact.body, 'problem', problem.text) end
  from (
    select
      taxonomy.key as taxonomy, concept.key as concept, unit.key as unit, item.body, item.body ->> 'start' as start_text,
      case when ingest.is_iso_date(item.body ->> 'start') then (item.body ->> 'start')::date end as period_start,
      case when ingest.is_iso_date(item.body ->> 'end') then (item.body ->> 'end')::date end as period_end,
      case when jsonb_typeof(item.body -> 'val') = 'number' then (item.body ->> 'val')::numeric end as value,
      case when item.body ->> 'fy' ~ '^\d{4}$' then (item.body ->> 'fy')::integer end as fiscal_year,
      item.body ->> 'fp' as fiscal_period, item.body ->> 'form' as form, item.body ->> 'accn' as accession,
      case when ingest.is_iso_date(item.body ->> 'filed') then (item.body ->> 'filed')::date end as filed
    from jsonb_each(document -> 'facts') as taxonomy
    cross join lateral jsonb_each(taxonomy.value) as concept
    cross join lateral jsonb_each(concept.value -> 'units') as unit
    cross join lateral jsonb_array_elements(unit.value) as item (body)
    offset 0
  ) as fact
  cross join lateral (
    select case
      when jsonb_typeof(fact.body) <> 'object' then 'the fact is not an object'
      when fact.period_end is null then format('end "%s" is not a date', fact.body ->> 'end')
      when fact.start_text is not null and fact.period_start is null then format('start "%s" is not a date', fact.start_text)
      when fact.value is null then format('val "%s" is not a number', fact.body ->> 'val')
      when fact.filed is null then format('filed "%s" is not a date', fact.body ->> 'filed')
      when fact.form is null then 'form is missing'
      when fact.accession is null then 'accn is missing'
    end as text
  ) as problem;
end
$$;

comment on function ingest.normalise_sec_fundamentals(bigint) is
'Fills ingest.candidate_fact from a body of the SEC''s companyfacts: one row per fact and filing; a value at a moment gets period_start = period_end. The subject is the symbol; its instrument is added when it is new and gets the CIK.
fy and fp are those of the filing, not of the period. A fact that cannot be read has NULL there and its problem in payload. MB004 when the body has another shape or came with a failing status.';

revoke all on function ingest.normalise_sec_fundamentals(bigint) from public;
grant execute on function ingest.normalise_sec_fundamentals(bigint) to marketbase_worker;
--! EndIncluded ingest/normalise/normalise_sec_fundamentals.sql
--! Included ingest/normalise/normalise_sec_identifiers.sql
-- Tickers and the companies behind them, as the SEC's list of tickers gives them.
create or replace function ingest.normalise_sec_identifiers(p_run_id bigint, p_raw_response_id bigint) returns ingest.acceptance
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  document jsonb := ingest.body_json(p_raw_response_id);
  arrived timestamptz;
  row_total bigint;
  outcome ingest.acceptance;
begin
  perform ingest.refuse_provider_error(p_raw_response_id, document);
  select response.fetched_at into arrived from ingest.raw_response response where response.raw_response_id = p_raw_response_id;
  -- With exchanges the list is a table: names of fields, then rows.
  if jsonb_typeof(document -> 'fields') = 'array' and jsonb_typeof(document -> 'data') = 'array' then
    select jsonb_object_agg(n, (
      select jsonb_object_agg(case field when 'cik' then 'cik_str' when 'name' then 'title' else field end, item -> (position - 1)::integer)
      from jsonb_array_elements_text(document -> 'fields') with ordinality as named (field, position)
    ))
    into document
    from jsonb_array_elements(document -> 'data') with ordinality as element (item, n);
  end if;
  select count(*) into row_total
  from jsonb_each(document) as entry
  where jsonb_typeof(entry.value) = 'object' and entry.value ->> 'cik_str' ~ '^\d{1,10}$' and btrim(entry.value ->> 'ticker') <> '';
  if row_total = 0 then
    raise exception using
      errcode = 'MB004',
      message = format('the body is no list of tickers: its keys are %s', (select left(string_agg(key, ', ' order by key), 200) from jsonb_object_keys(document) as key)),
      hint = 'Expected {"0": {"cik_str": …, "ticker": …, "title": …}, …} or {"fields": […], "data": [[…], …]}.';
  end if;

  perform pg_advisory_xact_lock(hashtextextended('market.company_ticker', 0));
  if exists (select from market.company_ticker known where known.known_from > arrived or known.known_to > arrived) then
    raise exception using
      errcode = 'MB008',
      message = 'a later list of tickers has been read already',
      hint = 'Lists tell from when to when a ticker stood for a company, so they are read in the order in which they came.';
  end if;

  insert into ingest.quarantine (raw_response_id, dataset, row_no, symbol, rules, reason, payload, run_id)
  select
    p_raw_response_id, 'identifiers', row_number() over (), left(entry.value ->> 'ticker', 40), array['ticker_readable'], 'the ticker or the CIK cannot be read',
    jsonb_build_object(entry.key, entry.value), p_run_id
  from jsonb_each(document) as entry
  where (jsonb_typeof(entry.value) = 'object' and entry.value ->> 'cik_str' ~ '^\d{1,10}$' and btrim(entry.value ->> 'ticker') <> '') is not true
  on conflict (raw_response_id, dataset, row_no) do nothing;

  with listed as materialized (
    select distinct on (upper(btrim(entry.value ->> 'ticker')), lpad(entry.value ->> 'cik_str', 10, '0'))
      upper(btrim(entry.value ->> 'ticker')) as ticker, lpad(entry.value ->> 'cik_str', 10, '0') as cik, coalesce(entry.value ->> 'title', '') as name,
      nullif(entry.value ->> 'exchange', '') as exchange
    from jsonb_each(document) as entry
    where jsonb_typeof(entry.value) = 'object' and entry.value ->> 'cik_str' ~ '^\d{1,10}$' and btrim(entry.value ->> 'ticker') <> ''
    order by upper(btrim(entry.value ->> 'ticker')), lpad(entry.value ->> 'cik_str', 10, '0'), length(entry.key), entry.key
  ), closed as (
    update market.company_ticker as known
    set known_to = arrived
    where known.known_to is null and not exists (
      select from listed
      where (listed.ticker, listed.cik, listed.name) = (known.ticker, known.cik, known.name)
        and (listed.exchange is null or listed.exchange is not distinct from known.exchange)
    )
    returning known.ticker
  ), opened as (
    insert into market.company_ticker (ticker, cik, name, exchange, known_from, raw_response_id, run_id)
    select listed.ticker, listed.cik, listed.name, listed.exchange, arrived, p_raw_response_id, p_run_id
    from listed
    where not exists (
      select from market.company_ticker known
      where known.known_to is null and (listed.ticker, listed.cik, listed.name) = (known.ticker, known.cik, known.name)
        and (listed.exchange is null or listed.exchange is not distinct from known.exchange)
    )
    returning ticker
  )
  select
    count(*) filter (where not exists (select from closed where closed.ticker = opened.ticker)),
    count(*) filter (where exists (select from closed where closed.ticker = opened.ticker))
      + (select count(*) from closed where closed.ticker not in (select again.ticker from opened as again))
  into outcome.new_count, outcome.changed_count
  from opened;
  -- Instruments whose company nobody has named yet.
  perform ingest.learn_identifiers(p_run_id, p_raw_response_id, unnamed.instrument_id, jsonb_build_object('cik', unnamed.cik))
  from (
    select instrument.instrument_id, min(listed.cik) as cik
    from market.instrument
    join market.company_ticker as listed on listed.ticker = replace(instrument.symbol, '.', '-') and listed.known_to is null
    where instrument.cik is null and instrument.asset_class = 'equity'
    group by instrument.instrument_id
    having count(distinct listed.cik) = 1
  ) as unnamed;
  outcome.unchanged_count := greatest(0, row_total - outcome.new_count - outcome.changed_count);
  return outcome;
end
$$;

comment on function ingest.normalise_sec_identifiers(bigint, bigint) is
'Takes the SEC''s list of tickers (company_tickers.json, or the one with exchanges) into market.company_ticker, in the run p_run_id, and returns the counts: rows that are new, and tickers that changed or are gone. An equity without a CIK
gets that of its ticker. Entries that cannot be read go to ingest.quarantine. MB004 when the body has another shape, MB008 when a later list has been read before.';

revoke all on function ingest.normalise_sec_identifiers(bigint, bigint) from public;
grant execute on function ingest.normalise_sec_identifiers(bigint, bigint) to marketbase_worker;
--! EndIncluded ingest/normalise/normalise_sec_identifiers.sql
--! Included ingest/normalise/normalise_yahoo_bars.sql
-- Bars, splits and dividends as Yahoo's chart (v8) gives them.
create or replace function ingest.normalise_yahoo_bars(p_raw_response_id bigint) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  document jsonb := ingest.body_json(p_raw_response_id);
  response record;
  chart jsonb;
  meta jsonb;
  quote jsonb;
  adjusted jsonb;
  time_zone text;
  interval_name text;
  exchange_mic text;
  chart_id bigint;
  bar_count integer;
  bad text;
begin
  if jsonb_typeof(coalesce(document #> '{chart,error}', document #> '{finance,error}')) = 'object' then
    perform ingest.refuse_error(p_raw_response_id, coalesce(
      document #>> '{chart,error,description}', document #>> '{finance,error,description}', document #>> '{chart,error,code}', document #>> '{finance,error,code}'));
  end if;
  perform ingest.require_success(p_raw_response_id);

  select raw_response.subject, raw_response.fetched_at, raw_response.run_id into response
  from ingest.raw_response
  where raw_response.raw_response_id = p_raw_response_id;
  chart := document #> '{chart,result,0}';
  meta := chart -> 'meta';
  quote := chart #> '{indicators,quote,0}';
  adjusted := chart #> '{indicators,adjclose,0,adjclose}';
  if jsonb_typeof(meta) is distinct from 'object' or jsonb_typeof(quote) is distinct from 'object' then
    raise exception using
      errcode = 'MB004',
      message = 'the body is not a chart: it lacks chart.result[0].meta or indicators.quote[0]',
      hint = 'Yahoo may have changed its format.';
  end if;
  perform ingest.require_symbol(p_raw_response_id, meta ->> 'symbol');

  time_zone := meta ->> 'exchangeTimezoneName';
  if not ingest.is_time_zone(time_zone) then
    raise exception using
      errcode = 'MB004', message = format('the time zone "%s" of the exchange is not known', time_zone), hint = 'Yahoo may have changed its format.';
  end if;
  interval_name := case when meta ->> 'dataGranularity' <> '5d' then market.bar_interval(meta ->> 'dataGranularity') end;
  if interval_name is null then
    raise exception using
      errcode = 'MB004',
      message = format('bars of length "%s" are not kept', meta ->> 'dataGranularity'),
      hint = 'Ask for 1m, 2m, 5m, 15m, 30m, 60m, 90m, 1d, 1wk or 1mo.';
  end if;

  -- Six lists of equal length, of numbers or null; a chart without any bar has no list at all.
  bar_count := case when jsonb_typeof(chart -> 'timestamp') = 'array' then jsonb_array_length(chart -> 'timestamp') else 0 end;
  if bar_count > 0 then
    select string_agg(list.name, ', ' order by list.position) into bad
    from (
      values
        (1, 'timestamp', chart -> 'timestamp'), (2, 'open', quote -> 'open'), (3, 'high', quote -> 'high'), (4, 'low', quote -> 'low'),
        (5, 'close', quote -> 'close'), (6, 'volume', quote -> 'volume'), (7, 'adjclose', adjusted)
    ) as list (position, name, items)
    where case
      when list.name = 'adjclose' and list.items is null then false
      when jsonb_typeof(list.items) is distinct from 'array' then true
      else jsonb_array_length(list.items) <> bar_count
        or exists (
          select
          from jsonb_array_elements(list.items) as item
          where jsonb_typeof(item) not in ('number', 'null') or list.name = 'timestamp' and jsonb_typeof(item) = 'null'
        )
    end;
    if bad is not null then
      raise exception using
        errcode = 'MB004',
        message = format('these lists of the chart are missing, not numbers, or not as long as the %s timestamps: %s', bar_count, bad),
        hint = 'Yahoo may have changed its format.';
    end if;
  elsif quote ? 'close' or chart ? 'timestamp' and jsonb_typeof(chart -> 'timestamp') <> 'array' then
    raise exception using errcode = 'MB004', message = 'the chart has prices but no timestamps', hint = 'Yahoo may have changed its format.';
  end if;

  exchange_mic := ingest.yahoo_mic(meta ->> 'exchangeName');
  chart_id := ingest.ensure_instrument(
    response.run_id, response.subject,
    coalesce(meta ->> 'longName', meta ->> 'shortName'),
    case meta ->> 'instrumentType'
      when 'EQUITY' then 'equity' when 'ETF' then 'fund' when 'MUTUALFUND' then 'fund' when 'INDEX' then 'index' when 'CURRENCY' then 'fx'
      when 'CRYPTOCURRENCY' then 'crypto' when 'FUTURE' then 'future' when 'OPTION' then 'option'
    end,
    exchange_mic,
    case when meta ->> 'currency' = 'GBX' then 'GBp' when meta ->> 'currency' ~ '^[A-Za-z]{3}$' then meta ->> 'currency' end
  );

  -- A row of nulls alone is a day without trade. A bar whose time is not over yet when the body arrived is still moving and is not kept;
  -- neither is the snapshot of the last trade that ends an intraday chart, whose time does not fall on a minute, or a chart of weeks or months,
  -- whose time is that of the last trade.
  insert into ingest.candidate_bar (
    raw_response_id, row_no, symbol, instrument_id, bar_interval, ts, session_date, open, high, low, close, volume, adjusted_close
  )
  select
    p_raw_response_id, bar.row_no, upper(response.subject), chart_id, interval_name,
    case when interval_name in ('1d', '1w', '1mo') then bar.session_date::timestamp at time zone 'UTC' else to_timestamp(bar.epoch) end,
    bar.session_date, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.adjusted_close
  from (
    select
      list.row_no, list.epoch::text::double precision as epoch,
      (to_timestamp(list.epoch::text::double precision) at time zone time_zone)::date as session_date,
      (list.open #>> '{}')::double precision as open, (list.high #>> '{}')::double precision as high,
      (list.low #>> '{}')::double precision as low, (list.close #>> '{}')::double precision as close,
      (list.volume #>> '{}')::double precision as volume, (list.adjusted_close #>> '{}')::double precision as adjusted_close
    from rows from (
      jsonb_array_elements(case when bar_count > 0 then chart -> 'timestamp' else '[]' end),
      jsonb_array_elements(case when bar_count > 0 then quote -> 'open' else '[]' end),
      jsonb_array_elements(case when bar_count > 0 then quote -> 'high' else '[]' end),
      jsonb_array_elements(case when bar_count > 0 then quote -> 'low' else '[]' end),
      jsonb_array_elements(case when bar_count > 0 then quote -> 'close' else '[]' end),
      jsonb_array_elements(case when bar_count > 0 then quote -> 'volume' else '[]' end),
      jsonb_array_elements(case when bar_count > 0 then coalesce(adjusted, '[]') else '[]' end)
    ) with ordinality as list (epoch, open, high, low, close, volume, adjusted_close, row_no)
    offset 0
  ) as bar
  where num_nonnulls(bar.open, bar.high, bar.low, bar.close) > 0
    and response.fetched_at >= case interval_name
      when '1d' then market.session_close(exchange_mic, bar.session_date)
      when '1w' then (bar.session_date + 7)::timestamp at time zone time_zone
      when '1mo' then (bar.session_date + interval '1 month') at time zone time_zone
      else to_timestamp(bar.epoch) + market.bar_span(interval_name)
    end
    and (interval_name in ('1d', '1w', '1mo') or bar.epoch::bigint % 60 = 0)
    and not (interval_name in ('1w', '1mo') and bar.epoch = (meta ->> 'regularMarketTime')::double precision);

  insert into ingest.candidate_action (raw_response_id, row_no, instrument_id, action_type, ex_date, amount, currency)
  select
    p_raw_response_id, row_number() over (order by action.ex_date, action.action_type), chart_id,
    action.action_type, action.ex_date, action.amount, action.currency
  from (
    select
      'split' as action_type, (to_timestamp((event.value ->> 'date')::bigint) at time zone time_zone)::date as ex_date,
      round((event.value ->> 'numerator')::numeric / nullif((event.value ->> 'denominator')::numeric, 0), 10) as amount, null as currency
    from jsonb_each(case when jsonb_typeof(chart #> '{events,splits}') = 'object' then chart #> '{events,splits}' else '{}' end) as event
    union all
    select
      'dividend', (to_timestamp((event.value ->> 'date')::bigint) at time zone time_zone)::date,
      (event.value ->> 'amount')::numeric, coalesce(event.value ->> 'currency', meta ->> 'currency')
    from jsonb_each(case when jsonb_typeof(chart #> '{events,dividends}') = 'object' then chart #> '{events,dividends}' else '{}' end) as event
  ) as action
  where action.amount > 0 and action.ex_date is not null and (action.action_type = 'split' or action.currency is not null);

  -- Daily bars that were asked for with their events list all of them from the first bar to the last.
  insert into ingest.candidate_action_span (raw_response_id, instrument_id, action_type, from_date, to_date)
  select p_raw_response_id, chart_id, listed.action_type, min(bar.session_date), max(bar.session_date)
  from ingest.candidate_bar bar
  join ingest.raw_response asked on asked.raw_response_id = p_raw_response_id
  cross join (values ('split', 'split'), ('dividend', 'div')) as listed (action_type, word)
  where bar.raw_response_id = p_raw_response_id and interval_name = '1d'
    and (chart ? 'events' or substring(asked.url from '[?&]events=([^&]*)') ~ listed.word)
  group by listed.action_type;
end
$$;

comment on function ingest.normalise_yahoo_bars(bigint) is
'Fills ingest.candidate_bar and ingest.candidate_action from a body of Yahoo''s chart v8. The subject is the symbol; its instrument is added when it is new and learns name, class, exchange and currency (GBp stays GBp: pence, and GBX is the same).
Yahoo''s prices are adjusted for splits, its adjclose for splits and dividends. The session is the date of the timestamp in the time zone of the exchange. Bars that were still moving when the body arrived are left out,
and days without trade. MB010 with Yahoo''s words when the body is an error; MB004 when it has another shape, other lengths, text instead of numbers, another symbol, or came with a failing status.';

revoke all on function ingest.normalise_yahoo_bars(bigint) from public;
grant execute on function ingest.normalise_yahoo_bars(bigint) to marketbase_worker;
--! EndIncluded ingest/normalise/normalise_yahoo_bars.sql
--! Included ingest/normalise/read_actions_csv.sql
-- Splits, dividends and spin-offs from CSV, whoever sent it.
create or replace function ingest.read_actions_csv(p_raw_response_id bigint, p_symbol text default null) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  header text[];
  symbol_at integer;
  date_at integer;
  type_at integer;
  amount_at integer;
  currency_at integer;
  missing text;
  bad record;
begin
  perform ingest.require_success(p_raw_response_id);
  select array_agg(lower(btrim(field, e' \t\ufeff')) order by position) into header
  from unnest(ingest.csv_fields(nullif(btrim(ingest.first_line(p_raw_response_id), e' \t\ufeff'), ''))) with ordinality as fields (field, position);
  symbol_at := coalesce(array_position(header, 'symbol'), array_position(header, 'ticker'));
  date_at := coalesce(array_position(header, 'ex_date'), array_position(header, 'date'));
  type_at := coalesce(array_position(header, 'action_type'), array_position(header, 'type'), array_position(header, 'action'));
  amount_at := array_position(header, 'amount');
  currency_at := array_position(header, 'currency');
  select string_agg(name, ', ') into missing
  from (values ('symbol', coalesce(symbol_at::text, p_symbol)), ('ex_date', date_at::text), ('type', type_at::text), ('amount', amount_at::text)) as needed (name, place)
  where place is null;
  if missing is not null then
    raise exception using
      errcode = 'MB005',
      message = format('the file has no column %s; its columns are %s', missing, coalesce(left(array_to_string(header, ', '), 500), 'none')),
      hint = 'Corporate actions need symbol (or one symbol for the whole file), ex_date, type (split, dividend or spin_off) and amount (new shares per old share, as 7 or 7:1; cash, or value of the shares given, per share), and may have a currency.';
  end if;

  create temporary table if not exists action_line (
    line_no bigint, field_count integer, symbol text, ex_date text, action_type text, amount text, currency text
  ) on commit drop;
  delete from pg_temp.action_line;
  insert into pg_temp.action_line
  select
    lines.line_no, cardinality(fields), upper(btrim(coalesce(fields[symbol_at], p_symbol))), btrim(fields[date_at]),
    regexp_replace(lower(btrim(fields[type_at])), '^spin[- ]?off$', 'spin_off'),
    btrim(fields[amount_at]), nullif(btrim(fields[currency_at]), '')
  from ingest.body_lines(p_raw_response_id) as lines
  cross join lateral (select ingest.csv_fields(lines.line) as fields) as split
  where lines.line_no > 1;

  select line.line_no, problem.text into bad
  from pg_temp.action_line as line
  cross join lateral (
    select case
      when line.field_count <> cardinality(header) then format('it has %s fields where the header has %s', line.field_count, cardinality(header))
      when not ingest.is_symbol(line.symbol) then format('"%s" cannot be a symbol', left(line.symbol, 40))
      when not ingest.is_iso_date(line.ex_date) then format('"%s" is not a date written as YYYY-MM-DD', left(line.ex_date, 40))
      when line.action_type not in ('split', 'dividend', 'spin_off') then format('"%s" is neither split, dividend nor spin-off', left(line.action_type, 40))
      when line.amount !~ case line.action_type when 'split' then '^\d{1,9}(\.\d{1,12})?(:\d{1,9}(\.\d{1,12})?)?$' else '^\d{1,9}(\.\d{1,12})?$' end
        or line.amount ~ '^[0.]+(:|$)|:[0.]+$' then format('amount "%s" is not a number above 0', left(line.amount, 40))
      when line.currency is not null and line.currency !~ '^[A-Za-z]{3}$' then format('"%s" is not a currency', left(line.currency, 40))
    end as text
  ) as problem
  where problem.text is not null
  order by line.line_no
  limit 1;
  if found then
    raise exception using
      errcode = 'MB004', message = format('line %s: %s', bad.line_no, bad.text), hint = 'Nothing of the file was taken in. Correct the line and import it again.';
  end if;

  perform ingest.ensure_instrument((select response.run_id from ingest.raw_response response where response.raw_response_id = p_raw_response_id), known.symbol)
  from (select distinct line.symbol from pg_temp.action_line as line) as known;
  insert into ingest.candidate_action (raw_response_id, row_no, instrument_id, action_type, ex_date, amount, currency)
  select
    p_raw_response_id, line.line_no, instrument.instrument_id, line.action_type, line.ex_date::date,
    round(split_part(line.amount, ':', 1)::numeric / coalesce(nullif(split_part(line.amount, ':', 2), '')::numeric, 1), 12),
    case when line.action_type <> 'split' then coalesce(line.currency, instrument.currency) end
  from pg_temp.action_line as line
  join market.instrument using (symbol);
end
$$;

comment on function ingest.read_actions_csv(bigint, text) is
'Fills ingest.candidate_action from a CSV with the columns symbol (or ticker; or p_symbol for all), ex_date, type (split, dividend or spin_off), amount (of a split new shares per old share, as 7, 0.1 or 7:1; of a dividend cash per share of the ex-date, of a spin-off the value of what a share was given) and, if there is one, currency.
MB005 for a missing column, MB004 with the number of the first bad line.';

revoke all on function ingest.read_actions_csv(bigint, text) from public;
grant execute on function ingest.read_actions_csv(bigint, text) to marketbase_worker;
--! EndIncluded ingest/normalise/read_actions_csv.sql
--! Included ingest/normalise/read_plain_bars.sql
-- Lines of CSV that are as they should be, all of them at once: PostgreSQL reads them as one array of rows, in C.
create or replace function ingest.read_plain_bars(
  p_raw_response_id bigint,
  p_symbol text,
  p_columns text[],
  p_content text,
  p_rows_before bigint
) returns bigint[]
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
set datestyle to 'ISO'
set enable_nestloop to off
as $$
declare
  content text := rtrim(case when strpos(p_content, e'\r') = 0 then p_content else replace(p_content, e'\r\n', e'\n') end, e'\n');
  rows_left bigint[];
begin
  -- Quotes and backslashes mean something else in an array, and 0x1F is a number in PostgreSQL.
  if content ~ '["\\\r]|0[xX]' then
    return null;
  end if;
  begin
    -- Fences (offset 0): the planner would read the array once more to count its rows, and each date for each of its uses. It takes the rows for few, so
    -- what is good is a column here: with conditions it would take them for one, and hash them. A symbol is understood once for all its rows.
    execute format(
      $insert$
        with bar as materialized (
          select
            line.ordinality + $4 as row_no, line.given_symbol, line.day, line.open, line.high, line.low, line.close, line.volume, line.adjusted_close,
            line.day::text = line.session_date and length(line.session_date) = 10
              and num_nulls(line.open, line.high, line.low, line.close, line.volume) = 0
              and greatest(abs(line.open), abs(line.high), abs(line.low), abs(line.close), abs(line.volume), abs(line.adjusted_close)) < 'infinity' as is_good
          from (
            select line.*, line.session_date::date as day, %s as given_symbol%s
            from (select $3::pg_temp.bar_line[] as lines offset 0) as piece
            cross join lateral unnest(piece.lines) with ordinality as line
            offset 0
          ) as line
        ), given as materialized (
          select each.given_symbol, upper(btrim(each.given_symbol)) as symbol from (select distinct bar.given_symbol from bar) as each
        ), named as (
          select distinct given.symbol from given where ingest.is_symbol(given.symbol)
        ), added as (
          insert into market.instrument (symbol, run_id)
          select named.symbol, (select response.run_id from ingest.raw_response response where response.raw_response_id = $1)
          from named
          where not exists (select from market.instrument where instrument.symbol = named.symbol)
          order by named.symbol
          on conflict (symbol) do nothing
          returning instrument_id, symbol
        ), known as (
          select given.given_symbol, given.symbol, added.instrument_id from given join added using (symbol)
          union all
          select given.given_symbol, given.symbol, instrument.instrument_id from given join named using (symbol) join market.instrument using (symbol)
        ), taken as (
          insert into ingest.candidate_bar (
            raw_response_id, row_no, symbol, instrument_id, ts, session_date, open, high, low, close, volume, adjusted_close
          )
          select
            $1, bar.row_no, known.symbol, known.instrument_id, bar.day::timestamp at time zone interval '0', bar.day,
            bar.open, bar.high, bar.low, bar.close, bar.volume, bar.adjusted_close
          from bar
          join known using (given_symbol)
          where bar.is_good
        )
        select array(
          select bar.row_no
          from bar
          left join known using (given_symbol)
          where bar.is_good is not true or known.instrument_id is null
        )
      $insert$,
      case when 'symbol' = any (p_columns) then 'line.symbol' else '$2' end,
      case when 'adjusted_close' = any (p_columns) then '' else ', null::double precision as adjusted_close' end
    )
    into rows_left
    using p_raw_response_id, p_symbol, '{"(' || replace(content, e'\n', ')","(') || ')"}', p_rows_before;
  exception
    when data_exception then
      rows_left := null;
  end;
  return rows_left;
end
$$;

comment on function ingest.read_plain_bars(bigint, text, text[], text, bigint) is
'Fills ingest.candidate_bar with the bars of p_content, lines of CSV after p_rows_before others, that are good at first sight: as many fields as p_columns (session_date, open, …, symbol; NULL for others), a date as YYYY-MM-DD, finite numbers,
a symbol that can be one. Returns the numbers of the rows that it left out; NULL, and nothing is stored, where quotes or a line that is no row of these columns keep the whole from being read so.
The caller makes the table pg_temp.bar_line with a column for each field. ingest.read_bar_lines reads what is left.
p_symbol counts where no column is the symbol. New symbols become instruments.';

revoke all on function ingest.read_plain_bars(bigint, text, text[], text, bigint) from public;
grant execute on function ingest.read_plain_bars(bigint, text, text[], text, bigint) to marketbase_worker;
--! EndIncluded ingest/normalise/read_plain_bars.sql
--! Included ingest/record/learn_identifiers.sql
-- What a body calls an instrument besides its symbol.
create or replace function ingest.learn_identifiers(p_run_id bigint, p_raw_response_id bigint, p_instrument_id bigint, p_given jsonb) returns integer
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  response record;
  given record;
  spell record;
  problem text;
  learnt integer := 0;
begin
  select raw_response.dataset, raw_response.subject, (raw_response.fetched_at at time zone 'UTC')::date as day, raw_response.fetched_at into response
  from ingest.raw_response
  where raw_response.raw_response_id = p_raw_response_id;

  for given in
    select item.key as kind, case item.key when 'cik' then lpad(item.value, 10, '0') else item.value end as value
    from (select pair.key, upper(btrim(pair.value)) as value from jsonb_each_text(p_given) as pair) as item
    where item.value not in ('', 'NONE', 'NULL', 'N/A', '-')
    order by item.key
  loop
    problem := null;
    select identifier.value, identifier.valid_from, identifier.valid_to, (identifier.known_from at time zone 'UTC')::date as known_day into spell
    from market.instrument_identifier as identifier
    where identifier.instrument_id = p_instrument_id and identifier.kind = given.kind and identifier.known_to is null
      and identifier.valid_from <= response.day and response.day < identifier.valid_to;
    begin
      if spell.value is null then
        -- Nobody said when it began.
        learnt := learnt + market.set_identifier(
          p_run_id, p_instrument_id, given.kind, given.value, p_known_from => response.fetched_at, p_raw_response_id => p_raw_response_id)::integer;
      elsif spell.value <> given.value then
        -- The day of the body is the first that is known to have the new one; an older body speaks of the days before the newer one came.
        learnt := learnt + market.set_identifier(
          p_run_id, p_instrument_id, given.kind, given.value,
          case when spell.known_day > response.day then spell.valid_from else response.day end,
          case when spell.known_day > response.day then spell.known_day else spell.valid_to end,
          response.fetched_at, p_raw_response_id
        )::integer;
      end if;
    exception
      when sqlstate 'MB001' or sqlstate 'MB008' then
        problem := sqlerrm;
    end;
    if problem is not null then
      -- It is no row of the body: its number lies beyond them.
      insert into ingest.quarantine (raw_response_id, dataset, row_no, symbol, rules, reason, payload, run_id)
      values (
        p_raw_response_id, response.dataset, 1000000000 + p_instrument_id * 10 + array_position('{cik,cusip,figi,isin,lei,sedol}'::text[], given.kind),
        left(response.subject, 40), array['identifier_valid'], problem, jsonb_build_object(given.kind, given.value), p_run_id
      )
      on conflict (raw_response_id, dataset, row_no) do nothing;
    end if;
  end loop;
  return learnt;
end
$$;

comment on function ingest.learn_identifiers(bigint, bigint, bigint, jsonb) is
'Takes what the body p_raw_response_id says of the identifiers of an instrument, {"isin": "US7181721090", "cusip": "718172109", "cik": "1413329", "figi": …}, into market.instrument_identifier, in the run p_run_id, and returns how many were news. The first value of a kind counts for all days,
another one from the day of the body on: what was before stays. Known from the arrival of the body. A value with another form or a wrong check digit, or that of another instrument, goes to ingest.quarantine with its reason; empty ones and NULL say nothing.';

revoke all on function ingest.learn_identifiers(bigint, bigint, bigint, jsonb) from public;
grant execute on function ingest.learn_identifiers(bigint, bigint, bigint, jsonb) to marketbase_worker;
--! EndIncluded ingest/record/learn_identifiers.sql
--! Included internal/refuse_change.sql
-- Append-only tables: what is written stays, for every role.
create or replace function internal.refuse_change() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  raise exception using
    errcode = 'MB006',
    message = format('%I.%I is append-only: %s is refused', tg_table_schema, tg_table_name, lower(tg_op)),
    hint = 'Add a new row that corrects the old one.';
end
$$;

comment on function internal.refuse_change() is
'Trigger: refuses update, delete and truncate with MB006. Attached to every append-only table.';

revoke all on function internal.refuse_change() from public;

create or replace trigger _100_append_only before update or delete or truncate on ingest.raw_response
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on ingest.raw_response_chunk
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on ingest.normalisation
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on ingest.quarantine
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on market.price_data_history
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on market.company_fundamental_history
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on market.corporate_action_history
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on market.macro_observation
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on market.instrument_group_history
  for each statement execute function internal.refuse_change();
-- A membership that ends is a row without a name.
create or replace trigger _100_append_only before delete or truncate on market.instrument_group
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on quality.validation_rule
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on quality.rule_activation
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on quality.validation_result
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on quality.validation_finding
  for each statement execute function internal.refuse_change();
-- The description of a feature is documentation and may be reworded.
create or replace trigger _100_append_only
  before update of feature_set_version_id, name, position, expression or delete or truncate on feature.feature_definition
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on feature.feature_vector_history
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on lineage.data_lineage
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on lineage.audit_block
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on lineage.audit_leaf
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on portfolio.trade
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on portfolio.portfolio_optimization
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on ml.training_set
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on ml.training_set_digest
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on search.document
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on search.document_embedding
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on market.price_observation
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on market.corporate_action_observation
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on lineage.row_change
  for each statement execute function internal.refuse_change();
-- A queue: what was delivered long ago is deleted (pipeline.prune_outbox).
create or replace trigger _100_append_only before update or truncate on pipeline.outbox_event
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on quality.validation_result_default
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on quality.validation_finding_default
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on quality.finding_sighting
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on quality.finding_sighting_default
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on quality.tracked_finding
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on quality.finding_event
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on quality.gate
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on quality.gate_release
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on ingest.quarantine_release
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on ingest.known_shape
  for each statement execute function internal.refuse_change();
create or replace trigger _100_append_only before update or delete or truncate on ingest.body_shape
  for each statement execute function internal.refuse_change();
--! EndIncluded internal/refuse_change.sql
--! Included lineage/audit/audit_block_hash.sql
-- The hash of a block: of the block before it, of its leaves and of all else that is stored of it.
create or replace function lineage.audit_block_hash(block lineage.audit_block) returns bytea
language sql immutable parallel safe
return sha256(
  block.previous_hash || block.leaves_hash || record_send(row(
    block.block_no, block.stream, block.relation, block.history_relation, block.key_columns, block.key_types, block.columns, block.column_types,
    block.condition, block.clock_column, block.is_replaceable, block.row_count, block.leaf_count, block.system_identifier, block.transactions_to,
    block.next_transaction, block.sealed_at, block.sealed_by
  ))
  -- Blocks that were sealed before these times were noted have neither.
  || case when block.recorded_from is null then '' else record_send(row(block.recorded_from, block.not_before)) end
);

comment on function lineage.audit_block_hash(lineage.audit_block) is
'sha256(previous_hash || leaves_hash || record_send(row(all other columns from block_no to sealed_by in their order)) || record_send(row(recorded_from, not_before))) of a block, as it should stand in its column hash. The last part is missing where recorded_from is NULL.';

revoke all on function lineage.audit_block_hash(lineage.audit_block) from public;
grant execute on function lineage.audit_block_hash(lineage.audit_block) to marketbase_auditor;
--! EndIncluded lineage/audit/audit_block_hash.sql
--! Included lineage/audit/audit_oldest.sql
-- Since when every row that was not finished when a block was sealed must have been recorded.
create or replace function lineage.audit_oldest(p_block lineage.audit_block) returns timestamptz
language sql stable parallel safe
begin atomic
  select max(coalesce(earlier.recorded_from, earlier.sealed_at - interval '3 hours'))
  from lineage.audit_block as earlier
  where earlier.block_no <= (p_block).block_no
    and earlier.system_identifier = (p_block).system_identifier
    and earlier.next_transaction <= (p_block).transactions_to;
end;

comment on function lineage.audit_oldest(lineage.audit_block) is
'No row that was not finished when p_block was sealed can have been recorded before this: its transaction had not begun to write when an earlier block was sealed, and that block says since when such a transaction can have begun (recorded_from; of a block that does not, its time less two hours for the longest transaction that a role of marketbase may have open and one for a clock that was set back). NULL where the chain does not say.';

revoke all on function lineage.audit_oldest(lineage.audit_block) from public;
grant execute on function lineage.audit_oldest(lineage.audit_block) to marketbase_auditor, marketbase_worker;
--! EndIncluded lineage/audit/audit_oldest.sql
--! Included lineage/audit/audit_pending.sql
-- How much there is to seal.
create or replace function lineage.audit_pending(p_stream lineage.audit_stream, p_whole boolean default false) returns bigint
language plpgsql stable parallel restricted
set search_path to pg_catalog, pg_temp
as $$
declare
  last lineage.audit_block;
  pending bigint;
begin
  if (p_stream).stream is null then
    return null;
  end if;
  if not p_whole then
    select * into last from lineage.audit_block where audit_block.stream = (p_stream).stream order by block_no desc limit 1;
  end if;
  execute format(
    'select count(*) from %s as r where %s',
    (p_stream).relation, concat_ws(' and ', lineage.audit_window(last, p_clock_column => (p_stream).clock_column), (p_stream).condition)
  )
  into pending;
  return pending;
end
$$;

comment on function lineage.audit_pending(lineage.audit_stream, boolean) is
'Rows that a seal of a stream looks at: those that were written since its last block, or whose transaction was not finished then; all where the transactions cannot be compared, and with p_whole. An upper bound: rows that were written again without being new are counted too. NULL for NULL.';

revoke all on function lineage.audit_pending(lineage.audit_stream, boolean) from public;
grant execute on function lineage.audit_pending(lineage.audit_stream, boolean) to marketbase_auditor, marketbase_worker;
--! EndIncluded lineage/audit/audit_pending.sql
--! Included lineage/audit/audit_recorded_from.sql
-- When the oldest transaction began that is open now.
create or replace function lineage.audit_recorded_from() returns timestamptz
language plpgsql volatile parallel restricted
set search_path to pg_catalog, pg_temp
as $$
declare
  -- A session says that it began a transaction a moment after it did, and a clock may be set back a little.
  allowance constant interval := '1 minute';
  longest_transaction constant interval := '2 hours';
  began constant timestamptz := clock_timestamp();
  oldest timestamptz;
begin
  perform pg_stat_clear_snapshot();
  select
    case
      -- Sessions of which this role may see nothing.
      when bool_or(session.state is null or session.state = 'disabled') then began - longest_transaction
      else least(began, min(session.xact_start))
    end
  into oldest
  from pg_stat_activity as session
  where session.datname = current_database() and session.backend_type is distinct from 'autovacuum worker';
  return oldest - allowance;
end
$$;

comment on function lineage.audit_recorded_from() is
'No transaction that begins to write after this call can have begun before: when the oldest that is open in this database began, less a minute. Two hours and a minute ago, the longest that a role of marketbase may have a transaction open, where there are sessions that the caller may not see (marketbase_owner sees them all where it has pg_read_all_stats).';

revoke all on function lineage.audit_recorded_from() from public;
--! EndIncluded lineage/audit/audit_recorded_from.sql
--! Included lineage/audit/audit_window.sql
-- Where to look for rows that are not sealed: by the transaction that wrote them, if this server counted it, and by their time.
create or replace function lineage.audit_window(p_last lineage.audit_block, p_until bigint default null, p_clock_column text default null) returns text
language sql stable parallel restricted
return case
  when (p_last).system_identifier = (select control.system_identifier from pg_control_system() as control)
    and pg_snapshot_xmax(pg_current_snapshot())::text::bigint - (p_last).transactions_to between 0 and 2000000000
  then concat_ws(
    ' and ',
    case when p_clock_column is not null and lineage.audit_oldest(p_last) is not null then format('r.%I >= %L', p_clock_column, lineage.audit_oldest(p_last)) end,
    format('age(r.xmin) <= %s', age(((p_last).transactions_to & 4294967295)::text::xid)),
    case when p_until is not null then format('age(r.xmin) > %s', age((p_until & 4294967295)::text::xid)) end
  )
  else 'true'
end;

comment on function lineage.audit_window(lineage.audit_block, bigint, text) is
'An SQL condition, for this transaction: the row r was written by a transaction that was not finished when p_last was sealed, and was finished by p_until (NULL: or not), and it says in p_clock_column (NULL: is not asked) a time that such a row can have, so that an index finds it. Frozen rows keep their number. Rows of which that cannot be said, because there is no block yet (p_last NULL), the database came from a dump or two thousand million transactions have passed, all meet it: what is sealed is known by its key.';

revoke all on function lineage.audit_window(lineage.audit_block, bigint, text) from public;
grant execute on function lineage.audit_window(lineage.audit_block, bigint, text) to marketbase_auditor, marketbase_worker;
--! EndIncluded lineage/audit/audit_window.sql
--! Included lineage/audit/seal_stream.sql
-- Seals what is new in one stream, as the next block of the audit chain.
-- security definer: the chain is written here and nowhere else; whoever may ask for a seal has no right on its tables.
create or replace function lineage.seal_stream(p_stream text, p_whole boolean default false) returns lineage.audit_block
language plpgsql volatile parallel unsafe security definer
set search_path to pg_catalog, pg_temp
set lock_timeout to '10min'
set client_encoding to 'UTF8'
set timezone to 'UTC'
set datestyle to 'ISO'
set intervalstyle to 'postgres'
set work_mem to '64MB'
set max_parallel_workers_per_gather to 0
-- What is sealed is looked up once for all rows, never once for each.
set enable_nestloop to off
as $$
declare
  leaf_rows constant integer := 4096;
  widest_span constant integer := 8192;
  -- So many are hashed in one go.
  most_at_once constant integer := 250000;
  stream lineage.audit_stream;
  last lineage.audit_block;
  block lineage.audit_block;
  wanted text;
  sealing text;
  candidates bigint;
  oldest timestamptz;
  greatest_age bigint;
  before_it lineage.audit_block;
  clock_index regclass;
  part regclass;
  pages bigint;
  page bigint;
  span bigint;
  is_looked_up boolean;
  is_known boolean;
  leaves bigint;
  added bigint;
  told bigint := 0;
begin
  select * into stream from lineage.audit_stream where audit_stream.stream = p_stream;
  if stream.stream is null then
    raise exception using
      errcode = 'MB003',
      message = format('there is no stream named "%s"', p_stream),
      hint = 'lineage.audit_stream lists what is sealed.';
  end if;
  -- One seal at a time: a block follows the one before it.
  perform pg_advisory_xact_lock(hashtextextended('lineage.audit_block', 0));
  if not p_whole then
    select * into last from lineage.audit_block where audit_block.stream = p_stream order by block_no desc limit 1;
  end if;

  -- Before anything is looked at: a transaction that begins later began later.
  block.recorded_from := lineage.audit_recorded_from();
  -- A transaction that is not finished holds back all that began to write after it: a row that is seen here was never passed over.
  block.transactions_to := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
  block.next_transaction := pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
  wanted := lineage.audit_window(last, block.transactions_to, stream.clock_column);
  is_known := wanted <> 'true';
  wanted := concat_ws(' and ', wanted, stream.condition);
  execute format(
    'select count(*), min(%s), max(age(r.xmin)) from %s as r where %s', coalesce('r.' || quote_ident(stream.clock_column), 'null::timestamptz'), stream.relation, wanted
  )
  into candidates, oldest, greatest_age;
  if candidates = 0 then
    return null;
  end if;
  -- A row may have been written again by right, after it was sealed: then it lies in a block that is younger than the row.
  is_looked_up := exists (select from lineage.audit_block where audit_block.stream = p_stream and sealed_at >= coalesce(oldest, '-infinity'));
  if is_looked_up then
    wanted := concat_ws(' and ', wanted, lineage.audit_unsealed(p_stream, coalesce(oldest, '-infinity')));
  end if;

  select coalesce(max(block_no), 0) + 1 into block.block_no from lineage.audit_block;
  block.stream := stream.stream;
  block.relation := stream.relation;
  block.history_relation := stream.history_relation;
  block.key_columns := stream.key_columns;
  block.key_types := stream.key_types;
  block.columns := stream.columns;
  block.column_types := stream.column_types;
  block.condition := stream.condition;
  block.clock_column := stream.clock_column;
  block.is_replaceable := stream.is_replaceable;
  block.row_count := 0;
  block.leaf_count := 0;
  select control.system_identifier into block.system_identifier from pg_control_system() as control;
  if is_known then
    before_it := block;
    before_it.transactions_to := block.transactions_to + age((block.transactions_to & 4294967295)::text::xid) - greatest_age;
    block.not_before := lineage.audit_oldest(before_it);
  end if;
  block.sealed_by := session_user;

  -- In the order of the pages: nothing is sorted, and what was written together lies together.
  sealing := format(
    $query$
      with leaf as (
        select
          $1, $2 + (hashed.place / %1$s)::integer, count(*)::integer, array[%2$s],
          string_agg(substr(hashed.hash, 1, 8), ''), sha256(string_agg(hashed.hash, ''))
        from (select %3$s, %4$s as hash, row_number() over () - 1 as place from %5$s as r where r.ctid >= $3 and r.ctid < $4 and %6$s) as hashed
        group by hashed.place / %1$s
      ), added as (
        insert into lineage.audit_leaf (block_no, leaf_no, row_count, keys, digests, content_hash, hash)
        select made.block_no, made.leaf_no, made.row_count, made.keys, made.digests, made.content_hash,
          lineage.audit_leaf_hash(row(made.block_no, made.leaf_no, made.row_count, made.keys, made.digests, made.content_hash, null))
        from leaf as made (block_no, leaf_no, row_count, keys, digests, content_hash)
        returning row_count
      )
      select count(*), coalesce(sum(row_count), 0) from added
    $query$,
    leaf_rows,
    (select string_agg(format('array_agg(hashed.%I)::text', name), ', ' order by place) from unnest(stream.key_columns) with ordinality as key_column (name, place)),
    (select string_agg(format('r.%I', name), ', ' order by place) from unnest(stream.key_columns) with ordinality as key_column (name, place)),
    lineage.audit_row_hash(stream.columns, stream.column_types), '%s', replace(wanted, '%', '%%')
  );
  for part in
    select class.oid from pg_class as class where class.oid = stream.relation::regclass and class.relkind = 'r'
    union all
    select tree.relid from pg_partition_tree(stream.relation::regclass) as tree where tree.isleaf
    order by 1
  loop
    pages := pg_relation_size(part) / current_setting('block_size')::integer;
    page := 0;
    -- About one leaf at a time: the span grows while few rows are new and shrinks where they lie close.
    span := case when is_looked_up or candidates <= most_at_once then pages else 64 end;
    while page < pages loop
      execute format(sealing, part)
      into leaves, added
      using block.block_no, block.leaf_count, format('(%s,0)', page)::tid, format('(%s,0)', page + span)::tid;
      page := page + span;
      block.leaf_count := block.leaf_count + leaves;
      block.row_count := block.row_count + added;
      span := case when added > leaf_rows then greatest(span / 2, 1) when added < leaf_rows / 2 then least(span * 2, widest_span) else span end;
      if block.row_count - told >= 100000 then
        told := block.row_count;
        raise notice using message = format('%s: %s rows hashed', p_stream, told), detail = told::text;
      end if;
    end loop;
  end loop;
  if block.row_count = 0 then
    return null;
  end if;

  -- Not before: what is sealed here was recorded earlier.
  block.sealed_at := clock_timestamp();
  select coalesce((select hash from lineage.audit_block where block_no = block.block_no - 1), '') into block.previous_hash;
  select sha256(string_agg(hash, '' order by leaf_no)) into block.leaves_hash from lineage.audit_leaf where block_no = block.block_no;
  block.hash := lineage.audit_block_hash(block);
  insert into lineage.audit_block select block.*;

  -- The index by time knows the new pages from now on.
  for clock_index in
    select index.indexrelid
    from pg_index as index
    join pg_class as class on class.oid = index.indexrelid
    join pg_am as method on method.oid = class.relam and method.amname = 'brin'
    join pg_attribute as attribute on attribute.attrelid = index.indrelid and attribute.attnum = index.indkey[0]
    where attribute.attname = stream.clock_column and class.relkind = 'i'
      and index.indrelid in (select stream.relation::regclass union select relid from pg_partition_tree(stream.relation::regclass))
  loop
    perform brin_summarize_new_values(clock_index);
  end loop;
  return block;
end
$$;

comment on function lineage.seal_stream(text, boolean) is
'Seals the rows of a stream that are finished and lie in no block yet, as the next block, and returns it; NULL where nothing is new, so that sealing twice changes nothing. Rows of a transaction that is not finished, and of those that began to write after it, wait for the next seal. Long work says every hundred thousand rows how many were hashed (a notice with the number as its detail).
p_stream: a name of lineage.audit_stream. Two at once wait for each other.
p_whole: look at every row of the table. Otherwise only at those that were written since the last block and say so: a row that came with a time from before is not sealed, and found by lineage.verify_inserted. After such a row was looked into, a clock was set back by more than a minute or rows were restored, a seal of the whole takes what is left.
Errors: MB003 for another name.';

revoke all on function lineage.seal_stream(text, boolean) from public;
grant execute on function lineage.seal_stream(text, boolean) to marketbase_worker;
--! EndIncluded lineage/audit/seal_stream.sql
--! Included lineage/audit/verify_chain.sql
-- Is the chain whole? Blocks and leaves against their own hashes and each other.
create or replace function lineage.verify_chain() returns setof lineage.audit_finding
language sql stable parallel safe
begin atomic
  with block as (
    select
      audit_block as stored, audit_block.block_no, audit_block.stream, audit_block.row_count, audit_block.leaf_count, audit_block.leaves_hash,
      audit_block.previous_hash, audit_block.hash,
      lag(audit_block.hash, 1, '') over chain as expected_previous,
      lag(audit_block.block_no, 1, 0) over chain + 1 as expected_no
    from lineage.audit_block
    window chain as (order by audit_block.block_no)
  ),
  leaf as (
    select
      audit_leaf.block_no, count(*) as leaf_count, sum(audit_leaf.row_count) as row_count,
      sha256(string_agg(audit_leaf.hash, '' order by audit_leaf.leaf_no)) as leaves_hash,
      array_agg(audit_leaf.leaf_no order by audit_leaf.leaf_no) filter (where audit_leaf.hash <> lineage.audit_leaf_hash(audit_leaf)) as changed
    from lineage.audit_leaf
    group by audit_leaf.block_no
  ),
  found as (
    select block.block_no, block.stream, problem.message
    from block
    left join leaf using (block_no)
    cross join lateral (values
      (
        block.block_no <> block.expected_no,
        case when block.block_no - 1 = block.expected_no then format('block %s is missing', block.expected_no)
          else format('blocks %s to %s are missing', block.expected_no, block.block_no - 1) end
      ),
      (
        block.block_no = block.expected_no and block.previous_hash <> block.expected_previous,
        format('block %s does not follow block %s: one of them is not the one that was sealed', block.block_no, block.block_no - 1)
      ),
      (block.hash <> lineage.audit_block_hash(block.stored), format('block %s was changed: its hash is not that of what it says', block.block_no)),
      (
        leaf.leaves_hash is distinct from block.leaves_hash or leaf.leaf_count <> block.leaf_count or leaf.row_count <> block.row_count,
        format('the leaves of block %s are not those that were sealed', block.block_no)
      ),
      (leaf.changed is not null, format('block %s: leaf %s was changed: its hash is not that of what it says', block.block_no, array_to_string(leaf.changed, ', ')))
    ) as problem (is_there, message)
    where problem.is_there
    union all
    select leaf.block_no, null, format('block %s has leaves and is missing itself', leaf.block_no)
    from leaf
    where not exists (select from lineage.audit_block where audit_block.block_no = leaf.block_no)
  )
  select 'chain', found.block_no, found.stream, null::jsonb, found.message
  from found
  order by found.block_no, found.message;
end;

comment on function lineage.verify_chain() is
'What is wrong with the chain itself, block by block from the first: missing blocks, changed blocks and leaves, a block that does not follow the one before it. Nothing where it is whole. It does not look at the rows (lineage.verify_leaves, lineage.verify_inserted), and a chain that was written anew as a whole, or whose end was cut off, shows only against a head that was kept outside the database.';

revoke all on function lineage.verify_chain() from public;
grant execute on function lineage.verify_chain() to marketbase_auditor;
--! EndIncluded lineage/audit/verify_chain.sql
--! Included lineage/audit/verify_inserted.sql
-- Are there rows that should lie in a block and do not?
create or replace function lineage.verify_inserted(p_stream text, p_new_only boolean default false) returns setof lineage.audit_finding
language plpgsql stable parallel restricted
set search_path to pg_catalog, pg_temp
set client_encoding to 'UTF8'
set timezone to 'UTC'
set datestyle to 'ISO'
set intervalstyle to 'postgres'
set work_mem to '64MB'
set max_parallel_workers_per_gather to 0
-- What is sealed is looked up once for all rows, never once for each.
set enable_nestloop to off
as $$
declare
  most_named constant integer := 100;
  stream lineage.audit_stream;
  last lineage.audit_block;
  newest lineage.audit_block;
  since_newest text;
  window_of_new text;
  clock text;
begin
  select * into stream from lineage.audit_stream where audit_stream.stream = p_stream;
  select * into last from lineage.audit_block where audit_block.stream = p_stream order by block_no desc limit 1;
  if stream.stream is null or last.block_no is null then
    return;
  end if;
  window_of_new := lineage.audit_window(last);
  -- What began to write after any block at all is younger than that one, however long its own stream was quiet.
  select * into newest from lineage.audit_block where recorded_from is not null order by block_no desc limit 1;
  newest.transactions_to := newest.next_transaction;
  since_newest := lineage.audit_window(newest);
  clock := coalesce('r.' || quote_ident(stream.clock_column), 'null::timestamptz');
  return query execute format(
    $query$
      select
        'inserted', $1, $2, jsonb_build_object(%s),
        format(
          '%%s: the row with %%s lies in no block, although %%s', $2, concat_ws(', ', %s),
          case when %s then 'it says that it was recorded ' || %s else 'its transaction was finished when block ' || $1 || ' was sealed' end
        )
      from %s as r
      where %s and (not ($4 or %s) or %s and (%s < $3 or %s < $5 and %s)) and %s
      limit %s
    $query$,
    (select string_agg(format('%L, r.%I', name, name), ', ' order by place) from unnest(stream.key_columns) with ordinality as key_column (name, place)),
    (select string_agg(format('%L || r.%I::text', name || ' ', name), ', ' order by place) from unnest(stream.key_columns) with ordinality as key_column (name, place)),
    window_of_new, clock, stream.relation, coalesce(stream.condition, 'true'), window_of_new, window_of_new, clock,
    clock, case when since_newest = 'true' then 'false' else since_newest end, lineage.audit_unsealed(p_stream), most_named
  )
  using last.block_no, p_stream, lineage.audit_oldest(last), p_new_only, newest.recorded_from;
exception
  when data_exception then
    return next row(
      'unreadable', last.block_no, p_stream, null,
      format('%s: what lies in no block cannot be said, as the keys of a leaf cannot be read: %s', p_stream, sqlerrm)
    )::lineage.audit_finding;
end
$$;

comment on function lineage.verify_inserted(text, boolean) is
'Rows of a stream that lie in no block although they should, 100 at most: their transaction was finished when the last block was sealed, or they say that they were recorded before it while they were written after it. New rows that wait for the next seal are not among them. p_new_only: look only at rows that were written since the last block, which needs no look at the others. Nothing for a stream without a block.';

revoke all on function lineage.verify_inserted(text, boolean) from public;
grant execute on function lineage.verify_inserted(text, boolean) to marketbase_auditor;
--! EndIncluded lineage/audit/verify_inserted.sql
--! Included lineage/audit/verify_leaves.sql
-- Are the rows of a block still what was sealed?
create or replace function lineage.verify_leaves(p_block_no bigint, p_from_leaf integer default 0, p_to_leaf integer default null)
returns setof lineage.audit_finding
language plpgsql stable parallel restricted
set search_path to pg_catalog, pg_temp
set client_encoding to 'UTF8'
set timezone to 'UTC'
set datestyle to 'ISO'
set intervalstyle to 'postgres'
set max_parallel_workers_per_gather to 0
-- A row is found by its key: reading the whole table for each leaf is never better.
set enable_hashjoin to off
set enable_mergejoin to off
set enable_seqscan to off
as $$
declare
  most_named constant integer := 20;
  block lineage.audit_block;
  leaf lineage.audit_leaf;
  oldest_allowed timestamptz;
  gone text;
  rows_at_key text;
  comparison text;
  naming text;
  is_equal boolean;
  oldest timestamptz;
  bad record;
  named integer;
  unnamed bigint;
begin
  select * into block from lineage.audit_block where block_no = p_block_no;
  if block.block_no is null then
    raise exception using errcode = 'MB001', message = format('there is no block %s', p_block_no), hint = 'lineage.audit_block lists the blocks.';
  end if;
  select string_agg(format('%s.%s', relation.name, needed.name), ', ' order by relation.name, needed.name) into gone
  from (select unnest(array[block.relation, block.history_relation])) as relation (name)
  cross join lateral (select unnest(block.columns || block.key_columns) union select block.clock_column) as needed (name)
  where relation.name is not null and needed.name is not null
    and not exists (select from pg_attribute where attrelid = to_regclass(relation.name) and attname = needed.name and not attisdropped);
  if gone is not null then
    return next row(
      'unreadable', block.block_no, block.stream, null, format('block %s cannot be verified: %s is not there any more', block.block_no, gone)
    )::lineage.audit_finding;
    return;
  end if;
  select lineage.audit_oldest(earlier) into oldest_allowed
  from lineage.audit_block as earlier
  where earlier.stream = block.stream and earlier.block_no < block.block_no
  order by earlier.block_no desc
  limit 1;
  oldest_allowed := greatest(oldest_allowed, block.not_before);

  -- A version that is closed has moved into the history and is the same.
  select string_agg(
    format(
      'select %s as hash, %s as clock from %s as r where %s', lineage.audit_row_hash(block.columns, block.column_types),
      coalesce('r.' || quote_ident(block.clock_column), 'null::timestamptz'), relation.name, lineage.audit_row_join(block.key_columns)
    ),
    ' union all '
  )
  into rows_at_key
  from unnest(array[block.relation, block.history_relation]) as relation (name)
  where relation.name is not null;
  comparison := format(
    'select sha256(string_agg(stored.hash, %L order by k.place)) is not distinct from $2, min(stored.clock) from %s left join lateral (%s limit 1) as stored on true',
    '', lineage.audit_leaf_keys('$1', block.key_columns, block.key_types), rows_at_key
  );
  naming := format(
    $query$
      select
        case when stored.hash is null then 'deleted' when not stored.is_sealed then 'changed' else 'backdated' end as kind,
        jsonb_build_object(%s) as key, concat_ws(', ', %s) as name, stored.clock
      from %s
      left join lateral (
        select at_key.*, substr(at_key.hash, 1, 8) = substr($2, 8 * k.place::integer - 7, 8) as is_sealed
        from (%s) as at_key
        order by is_sealed desc
        limit 1
      ) as stored on true
      where (stored.is_sealed is not true or stored.clock < $3) and not (stored.hash is null and %s)
      order by k.place
    $query$,
    (select string_agg(format('%L, k.%I', name, name), ', ' order by place) from unnest(block.key_columns) with ordinality as key_column (name, place)),
    (select string_agg(format('%L || k.%I::text', name || ' ', name), ', ' order by place) from unnest(block.key_columns) with ordinality as key_column (name, place)),
    lineage.audit_leaf_keys('$1', block.key_columns, block.key_types), rows_at_key,
    case
      when block.is_replaceable then format(
        'exists (select from %s as r where %s and %s)', block.relation, lineage.audit_row_join(trim_array(block.key_columns, 1)), coalesce(block.condition, 'true')
      )
      else 'false'
    end
  );

  for leaf in
    select * from lineage.audit_leaf
    where audit_leaf.block_no = p_block_no and leaf_no between p_from_leaf and coalesce(p_to_leaf, block.leaf_count)
    order by leaf_no
  loop
    begin
      execute comparison into is_equal, oldest using leaf.keys, leaf.content_hash;
    exception
      when data_exception then
        return next row(
          'unreadable', block.block_no, block.stream, null, format('the keys of leaf %s of block %s cannot be read: %s', leaf.leaf_no, block.block_no, sqlerrm)
        )::lineage.audit_finding;
        continue;
    end;
    continue when is_equal and (oldest < oldest_allowed) is not true;
    named := 0;
    unnamed := 0;
    for bad in execute naming using leaf.keys, leaf.digests, oldest_allowed loop
      if named < most_named then
        named := named + 1;
        return next row(
          bad.kind, block.block_no, block.stream, bad.key,
          format(
            case bad.kind
              when 'deleted' then '%s: the row with %s is gone; block %s has it'
              when 'changed' then '%s: the row with %s is not as block %s has it'
              else '%s: the row with %s came after the block before block %s and says that it was recorded %s'
            end,
            block.stream, bad.name, block.block_no, bad.clock
          )
        )::lineage.audit_finding;
      else
        unnamed := unnamed + 1;
      end if;
    end loop;
    if unnamed > 0 then
      return next row(
        bad.kind, block.block_no, block.stream, null, format('%s: %s more rows of leaf %s of block %s', block.stream, unnamed, leaf.leaf_no, block.block_no)
      )::lineage.audit_finding;
    elsif named = 0 and not is_equal and not block.is_replaceable then
      -- Only a digest that was made to fit hides which row it is.
      return next row(
        'changed', block.block_no, block.stream, null, format('%s: the rows of leaf %s of block %s are not those that were sealed', block.stream, leaf.leaf_no, block.block_no)
      )::lineage.audit_finding;
    end if;
  end loop;
end
$$;

comment on function lineage.verify_leaves(bigint, integer, integer) is
'Reads the rows of a block (of its leaves from p_from_leaf to p_to_leaf, NULL: to the last) again and returns those that are not as they were sealed: changed, deleted, or backdated (it claims to have been recorded before its transaction can have begun). Named are 20 rows of a leaf and the number of the others; nothing where all is as it was. Columns that were added since do not matter; a table or column that is gone is one finding, unreadable. Rows that were replaced by right are left out.
Errors: MB001 when there is no such block.';

revoke all on function lineage.verify_leaves(bigint, integer, integer) from public;
grant execute on function lineage.verify_leaves(bigint, integer, integer) to marketbase_auditor;
--! EndIncluded lineage/audit/verify_leaves.sql
--! Included market/action/adjusted_bars.sql
-- The bars of a symbol, adjusted as asked, as known at a moment.
create or replace function market.adjusted_bars(
  p_symbol text,
  p_adjustment text default 'split',
  p_as_of timestamptz default null,
  p_from date default null,
  p_to date default null,
  p_bar_interval text default '1d'
) returns setof market.adjusted_bar
language sql stable parallel safe
rows 5000
begin atomic
  select * from market.adjusted_bars_of(market.instrument_id(p_symbol), p_adjustment, p_as_of, p_from, p_to, p_bar_interval);
end;

comment on function market.adjusted_bars(text, text, timestamptz, date, date, text) is
'Bars of p_symbol from session p_from to p_to, both included (NULL: no limit), as known at p_as_of (NULL: now), adjusted for the splits, dividends and spin-offs that were known by then and had their ex-date. Stored bars are never changed.
Whatever basis the provider or the body uses (price_basis of ingest.provider and ingest.raw_response), its prices are first turned back into those of the day (raw_close), by the actions that were known when its body arrived. p_adjustment then is
none: as quoted that day;
split: in the shares of p_as_of, the last price unchanged;
split_dividend: likewise, and for each dividend later than the bar times 1 - amount / close before the ex-date, in shares of the ex-date (convention of CRSP, Yahoo and the factor files of Lean);
total_return: likewise with 1 / (1 + amount / close of the ex-date), which is what reinvesting at that close earns (convention of the WIKI prices of Quandl);
a spin-off counts as a dividend of what was given (convention of CRSP);
accumulated: what one share of the first stored bar has become, dividends reinvested as for total_return: the first price is unchanged and nothing that comes later changes a bar, so features may use it.
p_bar_interval: 1d, or shorter: then the close before an ex-date is that of the daily bar where there is one. Dividends in a currency other than that of the prices are left out.
Errors: MB001 for another adjustment or longer bars, MB002 for an unknown symbol.';

revoke all on function market.adjusted_bars(text, text, timestamptz, date, date, text) from public;
grant execute on function market.adjusted_bars(text, text, timestamptz, date, date, text) to marketbase_reader;
--! EndIncluded market/action/adjusted_bars.sql
--! Included market/action/adjusted_bars_of.sql
-- From the prices of any provider to those of the day, and from these to adjusted ones, as known at a moment.
create or replace function market.adjusted_bars_of(
  p_instrument_id bigint,
  p_adjustment text default 'split',
  p_as_of timestamptz default null,
  p_from date default null,
  p_to date default null,
  p_bar_interval text default '1d'
) returns setof market.adjusted_bar
language plpgsql stable parallel safe
rows 5000
set search_path to pg_catalog, pg_temp
as $$
declare
  moment constant timestamptz := coalesce(p_as_of, now());
  reference text;
begin
  if p_adjustment is null or p_adjustment not in ('none', 'split', 'split_dividend', 'total_return', 'accumulated') then
    raise exception using
      errcode = 'MB001', message = format('%L is not an adjustment.', left(p_adjustment, 40)), hint = 'It is none, split, split_dividend, total_return or accumulated.';
  elsif market.bar_length(p_bar_interval) > interval '1 day' then
    raise exception using
      errcode = 'MB001', message = format('Bars of %s cannot be adjusted: an action may lie within one.', p_bar_interval), hint = 'Adjust daily bars.';
  end if;
  -- The close before an ex-date is that of the day, where there are daily bars.
  reference := case
    when exists (
      select from market.price_data_version as bar where bar.instrument_id = p_instrument_id and bar.bar_interval = '1d' and bar.known_from <= moment
    ) then '1d'
    else p_bar_interval
  end;

  return query
    with known as materialized (
      select * from market.known_actions(p_instrument_id, moment)
    ), later as materialized (
      select * from market.known_actions(p_instrument_id, 'infinity')
    ), split_version as materialized (
      select version.ex_date, version.amount::double precision as amount, version.known_from, coalesce(version.known_to, 'infinity') as known_to
      from market.corporate_action_version as version
      where version.instrument_id = p_instrument_id and version.action_type = 'split'
    ), given as materialized (
      -- The splits that the provider had counted are those that were known when it was asked.
      select
        bar.*, basis.dividend_basis,
        case
          when basis.split_basis is null then 1
          else (
            select market.product(split.amount)
            from split_version as split
            where split.ex_date > bar.session_date and split.ex_date <= basis.split_basis
              and split.known_from <= response.fetched_at and response.fetched_at < split.known_to
          )
        end as unsplit
      from market.price_data_version as bar
      join market.instrument using (instrument_id)
      join market.exchange using (mic)
      join ingest.provider as source on source.provider = bar.provider
      join ingest.raw_response as response on response.raw_response_id = bar.raw_response_id
      cross join lateral (select (response.fetched_at at time zone exchange.time_zone)::date as fetched_date) as fetched
      cross join lateral (
        -- least takes no notice of NULL: without a day of its own the basis is the day of the fetch.
        select
          case when said.price_basis <> 'raw' then least(said.splits_adjusted_to, fetched.fetched_date) end as split_basis,
          case when said.price_basis = 'total' then least(said.splits_adjusted_to, fetched.fetched_date) end as dividend_basis
        from (
          select
            coalesce(response.price_basis, source.price_basis) as price_basis,
            coalesce(response.splits_adjusted_to, source.splits_adjusted_to) as splits_adjusted_to
        ) as said
      ) as basis
      where bar.instrument_id = p_instrument_id and bar.bar_interval in (reference, p_bar_interval)
        and bar.known_from <= moment and (bar.known_to is null or moment < bar.known_to)
    ), day as materialized (
      select array_agg(given.session_date order by given.ts) as dates, min(given.session_date) as first_date
      from given
      where given.bar_interval = reference
    ), paid as materialized (
      -- What is distributed is taken off the close before, in the shares of the ex-date, which may be that of a split too.
      select
        action.ex_date, action.amount,
        place.before_at, place.before_at + 1 as on_at,
        (select market.product(split.amount) from known as split where split.action_type = 'split' and split.ex_date = action.ex_date) as ratio
      from (
        select given_off.ex_date, sum(given_off.amount) as amount from known as given_off where given_off.action_type <> 'split' group by given_off.ex_date
      ) as action
      cross join day
      cross join lateral (select width_bucket(action.ex_date - 1, day.dates) as before_at) as place
      where place.before_at > 0
    ), fully as materialized (
      -- What a provider took off for a dividend after the moment has to be put on again too, so this looks at everything that is known now.
      select
        array_agg(bar.session_date order by bar.ts) as dates,
        array_agg(bar.close * (
          select market.product(split.amount)
          from later as split
          where split.action_type = 'split' and split.ex_date > bar.session_date
            and split.ex_date <= least(
              coalesce(response.splits_adjusted_to, source.splits_adjusted_to), (response.fetched_at at time zone exchange.time_zone)::date)
        ) order by bar.ts) as closes
      from market.price_data as bar
      join market.instrument using (instrument_id)
      join market.exchange using (mic)
      join ingest.provider as source on source.provider = bar.provider
      join ingest.raw_response as response
        on response.raw_response_id = bar.raw_response_id and coalesce(response.price_basis, source.price_basis) = 'total'
      where bar.instrument_id = p_instrument_id and bar.bar_interval = reference
    ), undone as materialized (
      -- The inverse of a product of factors 1 - amount / close is a sum over adjusted closes.
      select
        action.ex_date,
        action.amount / (
          fully.closes[place.before_at]
          / (select market.product(split.amount) from later as split where split.action_type = 'split' and split.ex_date = action.ex_date)
        ) as part
      from (
        select given_off.ex_date, sum(given_off.amount) as amount from later as given_off where given_off.action_type <> 'split' group by given_off.ex_date
      ) as action
      cross join fully
      cross join lateral (select width_bucket(action.ex_date - 1, fully.dates) as before_at) as place
      where place.before_at > 0
    ), quoted as materialized (
      select
        given.*,
        given.unsplit * case
          when given.dividend_basis is null then 1
          else 1 + coalesce((select sum(undone.part) from undone where undone.ex_date > given.session_date and undone.ex_date <= given.dividend_basis), 0)
        end as raw_factor
      from given
    ), quoted_day as materialized (
      select array_agg(quoted.close * quoted.raw_factor order by quoted.ts) as closes
      from quoted
      where quoted.bar_interval = reference
    ), split as materialized (
      select array_agg(made.ex_date order by made.ex_date) as dates, 1 || array_agg(made.shares order by made.ex_date) as shares
      from (
        select action.ex_date, market.product(action.amount) over (order by action.ex_date) as shares
        from known as action
        where action.action_type = 'split' and action.ex_date > (select day.first_date from day)
      ) as made
    ), dividend as materialized (
      select array_agg(made.ex_date order by made.ex_date) as dates, 1 || array_agg(made.share order by made.ex_date) as shares
      from (
        select paid.ex_date, market.product(factor.kept) over (order by paid.ex_date) as share
        from paid
        cross join quoted_day
        cross join lateral (
          select case
            when p_adjustment = 'split_dividend' then 1 - paid.amount / (quoted_day.closes[paid.before_at] / paid.ratio)
            else 1 / (1 + paid.amount / quoted_day.closes[paid.on_at])
          end as kept
        ) as factor
        -- Who pays more than the share is worth has given a wrong number; a dividend after the last bar waits for its price.
        where factor.kept > 0 and p_adjustment not in ('none', 'split')
      ) as made
    )
    select
      bar.instrument_id, bar.symbol, bar.bar_interval, bar.ts, bar.session_date, p_adjustment,
      bar.open * bar.raw_factor * factor.split * factor.dividend, bar.high * bar.raw_factor * factor.split * factor.dividend,
      bar.low * bar.raw_factor * factor.split * factor.dividend, bar.close * bar.raw_factor * factor.split * factor.dividend,
      bar.volume / bar.unsplit / factor.split,
      bar.close * bar.raw_factor, factor.split, factor.dividend, bar.known_from
    from quoted as bar
    cross join split
    cross join dividend
    cross join lateral (
      select
        coalesce(split.shares[width_bucket(bar.session_date, split.dates) + 1], 1) as shares,
        coalesce(dividend.shares[width_bucket(bar.session_date, dividend.dates) + 1], 1) as kept
    ) as so_far
    cross join lateral (
      select
        case p_adjustment
          when 'none' then 1
          when 'accumulated' then so_far.shares
          else so_far.shares / coalesce(split.shares[cardinality(split.shares)], 1)
        end as split,
        case
          when p_adjustment = 'accumulated' then 1 / so_far.kept
          else coalesce(dividend.shares[cardinality(dividend.shares)], 1) / so_far.kept
        end as dividend
    ) as factor
    where bar.bar_interval = p_bar_interval
      and (p_from is null or bar.session_date >= p_from)
      and (p_to is null or bar.session_date <= p_to)
    order by bar.ts;
end
$$;

comment on function market.adjusted_bars_of(bigint, text, timestamptz, date, date, text) is
'market.adjusted_bars of an instrument_id.';

revoke all on function market.adjusted_bars_of(bigint, text, timestamptz, date, date, text) from public;
grant execute on function market.adjusted_bars_of(bigint, text, timestamptz, date, date, text) to marketbase_reader;
--! EndIncluded market/action/adjusted_bars_of.sql
--! Included market/action/corporate_action_version.sql
-- Every version of every split, dividend and spin-off, with the time during which it was the one to know.
create or replace view market.corporate_action_version with (security_invoker = true) as
select
  version.instrument_id, instrument.symbol, version.action_type, version.ex_date, version.version, version.amount, version.currency,
  version.known_from, version.known_to, version.recorded_at, version.closed_at, version.provider, version.raw_response_id, version.run_id
from (
  select
    instrument_id, action_type, ex_date, version, amount, currency, known_from, null::timestamptz as known_to, recorded_at, null::timestamptz as closed_at,
    provider, raw_response_id, run_id
  from market.corporate_action
  union all
  select
    instrument_id, action_type, ex_date, version, amount, currency, known_from, known_to, recorded_at, closed_at, provider, raw_response_id, run_id
  from market.corporate_action_history
) as version
join market.instrument using (instrument_id);

comment on view market.corporate_action_version is
'Every version of every corporate action: the current ones of market.corporate_action and the closed ones of market.corporate_action_history. One whose last version has a known_to was cancelled then.';
comment on column market.corporate_action_version.instrument_id is 'Instrument.';
comment on column market.corporate_action_version.symbol is 'Symbol of the instrument.';
comment on column market.corporate_action_version.action_type is 'split, dividend or spin_off.';
comment on column market.corporate_action_version.ex_date is 'First session that trades without the entitlement.';
comment on column market.corporate_action_version.version is 'Number of the version, from 1.';
comment on column market.corporate_action_version.amount is 'New shares per old share of a split; cash per share of a dividend, value of what a share was given in a spin-off, as the provider gave it (ingest.provider.amounts_adjusted_to).';
comment on column market.corporate_action_version.currency is 'Currency of a dividend or spin-off; null for a split.';
comment on column market.corporate_action_version.known_from is 'From when this version could be known.';
comment on column market.corporate_action_version.known_to is 'Until when it was the one to know (excluded); null for the current one.';
comment on column market.corporate_action_version.recorded_at is 'When marketbase stored this version.';
comment on column market.corporate_action_version.closed_at is 'When marketbase closed this version; null for the current one.';
comment on column market.corporate_action_version.provider is 'Provider of this version.';
comment on column market.corporate_action_version.raw_response_id is 'The body from which it was read.';
comment on column market.corporate_action_version.run_id is 'Run that made it.';

revoke all on market.corporate_action_version from public;
grant select on market.corporate_action_version to marketbase_reader;
--! EndIncluded market/action/corporate_action_version.sql
--! Included market/action/known_actions.sql
-- The splits, dividends and spin-offs of an instrument as they were known at a moment, per share of their day.
create or replace function market.known_actions(p_instrument_id bigint, p_as_of timestamptz default now())
returns table (action_type text, ex_date date, amount double precision, known_from timestamptz, provider text)
language sql stable parallel safe
rows 50
begin atomic
  with version as materialized (
    select
      action.*, response.fetched_at,
      -- least would take no notice of NULL.
      case
        when source.amounts_adjusted_to is not null then least(source.amounts_adjusted_to, (response.fetched_at at time zone exchange.time_zone)::date)
      end as amount_basis,
      (p_as_of at time zone exchange.time_zone)::date as as_of_date,
      -- Prices in pence go with dividends in pounds.
      case
        when action.action_type = 'split' or action.currency = instrument.currency then 1
        when (action.currency, instrument.currency) in (('GBP', 'GBp'), ('GBP', 'GBX'), ('ZAR', 'ZAc'), ('ILS', 'ILA')) then 100
        when (instrument.currency, action.currency) in (('GBP', 'GBp'), ('GBP', 'GBX'), ('ZAR', 'ZAc'), ('ILS', 'ILA')) then 0.01
      end::double precision as unit
    from market.corporate_action_version as action
    join market.instrument using (instrument_id)
    join market.exchange using (mic)
    join ingest.provider as source on source.provider = action.provider
    join ingest.raw_response as response on response.raw_response_id = action.raw_response_id
    where action.instrument_id = p_instrument_id
  )
  select
    version.action_type, version.ex_date,
    version.amount::double precision * version.unit * case
      when version.action_type = 'split' or version.amount_basis is null then 1
      else (
        select market.product(split.amount::double precision)
        from version as split
        where split.action_type = 'split' and split.ex_date > version.ex_date and split.ex_date <= version.amount_basis
          and split.known_from <= version.fetched_at and (split.known_to is null or version.fetched_at < split.known_to)
      )
    end,
    version.known_from, version.provider
  from version
  where version.known_from <= p_as_of and (version.known_to is null or p_as_of < version.known_to)
    and version.ex_date <= version.as_of_date
    and version.unit is not null
  order by version.ex_date, version.action_type;
end;

comment on function market.known_actions(bigint, timestamptz) is
'Splits (new shares per old share), dividends and spin-offs (in the currency of the instrument, per share of the ex-date, also where the provider gives them per share of today) with an ex-date up to p_as_of, as known then.
What is given in a currency other than that of the prices is left out; pounds and pence, rand and cents, shekels and agorot go together. No row for an unknown instrument or NULL.';

revoke all on function market.known_actions(bigint, timestamptz) from public;
grant execute on function market.known_actions(bigint, timestamptz) to marketbase_reader;
--! EndIncluded market/action/known_actions.sql
--! Included market/grants.sql
-- Who may do what with the market tables: privileges say what, row-level security says which rows.
-- Readers see every row of what is published; only the worker writes, and never what the database fills in by itself.
grant usage on schema market to marketbase_reader;

alter table market.exchange enable row level security;
drop policy if exists exchange_read on market.exchange;
create policy exchange_read on market.exchange for select to marketbase_reader using (true);
revoke all on market.exchange from public, marketbase_reader, marketbase_worker;
grant select on market.exchange to marketbase_reader;

alter table market.trading_session enable row level security;
drop policy if exists trading_session_read on market.trading_session;
create policy trading_session_read on market.trading_session for select to marketbase_reader using (true);
revoke all on market.trading_session from public, marketbase_reader, marketbase_worker;
grant select on market.trading_session to marketbase_reader;

alter table market.instrument enable row level security;
drop policy if exists instrument_read on market.instrument;
create policy instrument_read on market.instrument for select to marketbase_reader using (true);
drop policy if exists instrument_insert on market.instrument;
create policy instrument_insert on market.instrument for insert to marketbase_worker with check (true);
drop policy if exists instrument_update on market.instrument;
create policy instrument_update on market.instrument for update to marketbase_worker using (true) with check (true);
revoke all on market.instrument from public, marketbase_reader, marketbase_worker;
grant select on market.instrument to marketbase_reader;
grant insert (symbol, name, asset_class, mic, currency, cik, run_id) on market.instrument to marketbase_worker;
grant update (name, asset_class, mic, currency, cik) on market.instrument to marketbase_worker;

alter table market.price_data enable row level security;
drop policy if exists price_data_read on market.price_data;
create policy price_data_read on market.price_data for select to marketbase_reader using (true);
drop policy if exists price_data_insert on market.price_data;
create policy price_data_insert on market.price_data for insert to marketbase_worker with check (true);
drop policy if exists price_data_update on market.price_data;
create policy price_data_update on market.price_data for update to marketbase_worker using (true) with check (true);
revoke all on market.price_data from public, marketbase_reader, marketbase_worker;
grant select on market.price_data to marketbase_reader;
grant insert (
  instrument_id, bar_interval, ts, session_date, open, high, low, close, volume, adjusted_close, version, known_from, provider, raw_response_id,
  run_id
) on market.price_data to marketbase_worker;
grant update (
  session_date, open, high, low, close, volume, adjusted_close, known_from, provider, raw_response_id, run_id
) on market.price_data to marketbase_worker;

alter table market.price_data_history enable row level security;
drop policy if exists price_data_history_read on market.price_data_history;
create policy price_data_history_read on market.price_data_history for select to marketbase_reader using (true);
drop policy if exists price_data_history_insert on market.price_data_history;
create policy price_data_history_insert on market.price_data_history for insert to marketbase_worker with check (true);
revoke all on market.price_data_history from public, marketbase_reader, marketbase_worker;
grant select on market.price_data_history to marketbase_reader;
grant insert (
  instrument_id, bar_interval, ts, version, session_date, open, high, low, close, volume, adjusted_close, known_from, known_to, recorded_at,
  provider, raw_response_id, run_id
) on market.price_data_history to marketbase_worker;

alter table market.corporate_action enable row level security;
drop policy if exists corporate_action_read on market.corporate_action;
create policy corporate_action_read on market.corporate_action for select to marketbase_reader using (true);
drop policy if exists corporate_action_insert on market.corporate_action;
create policy corporate_action_insert on market.corporate_action for insert to marketbase_worker with check (true);
drop policy if exists corporate_action_update on market.corporate_action;
create policy corporate_action_update on market.corporate_action for update to marketbase_worker using (true) with check (true);
revoke all on market.corporate_action from public, marketbase_reader, marketbase_worker;
grant select on market.corporate_action to marketbase_reader;
grant insert (
  instrument_id, action_type, ex_date, amount, currency, version, known_from, provider, raw_response_id, run_id
) on market.corporate_action to marketbase_worker;
grant update (amount, currency, known_from, provider, raw_response_id, run_id) on market.corporate_action to marketbase_worker;

alter table market.corporate_action_history enable row level security;
drop policy if exists corporate_action_history_read on market.corporate_action_history;
create policy corporate_action_history_read on market.corporate_action_history for select to marketbase_reader using (true);
drop policy if exists corporate_action_history_insert on market.corporate_action_history;
create policy corporate_action_history_insert on market.corporate_action_history for insert to marketbase_worker with check (true);
revoke all on market.corporate_action_history from public, marketbase_reader, marketbase_worker;
grant select on market.corporate_action_history to marketbase_reader;
grant insert (
  instrument_id, action_type, ex_date, version, amount, currency, known_from, known_to, recorded_at, provider, raw_response_id, run_id
) on market.corporate_action_history to marketbase_worker;

alter table market.company_fundamental enable row level security;
drop policy if exists company_fundamental_read on market.company_fundamental;
create policy company_fundamental_read on market.company_fundamental for select to marketbase_reader using (true);
drop policy if exists company_fundamental_insert on market.company_fundamental;
create policy company_fundamental_insert on market.company_fundamental for insert to marketbase_worker with check (true);
drop policy if exists company_fundamental_update on market.company_fundamental;
create policy company_fundamental_update on market.company_fundamental for update to marketbase_worker using (true) with check (true);
revoke all on market.company_fundamental from public, marketbase_reader, marketbase_worker;
grant select on market.company_fundamental to marketbase_reader;
grant insert (
  instrument_id, taxonomy, concept, unit, period_start, period_end, value, fiscal_year, fiscal_period, form, accession, filed, version,
  known_from, provider, raw_response_id, run_id
) on market.company_fundamental to marketbase_worker;
grant update (
  value, fiscal_year, fiscal_period, form, accession, filed, known_from, provider, raw_response_id, run_id
) on market.company_fundamental to marketbase_worker;

alter table market.company_fundamental_history enable row level security;
drop policy if exists company_fundamental_history_read on market.company_fundamental_history;
create policy company_fundamental_history_read on market.company_fundamental_history for select to marketbase_reader using (true);
drop policy if exists company_fundamental_history_insert on market.company_fundamental_history;
create policy company_fundamental_history_insert on market.company_fundamental_history for insert to marketbase_worker with check (true);
revoke all on market.company_fundamental_history from public, marketbase_reader, marketbase_worker;
grant select on market.company_fundamental_history to marketbase_reader;
grant insert (
  instrument_id, taxonomy, concept, unit, period_start, period_end, version, value, fiscal_year, fiscal_period, form, accession, filed,
  known_from, known_to, recorded_at, provider, raw_response_id, run_id
) on market.company_fundamental_history to marketbase_worker;

alter table market.fundamental_concept enable row level security;
drop policy if exists fundamental_concept_read on market.fundamental_concept;
create policy fundamental_concept_read on market.fundamental_concept for select to marketbase_reader using (true);
drop policy if exists fundamental_concept_insert on market.fundamental_concept;
create policy fundamental_concept_insert on market.fundamental_concept for insert to marketbase_worker with check (true);
revoke all on market.fundamental_concept from public, marketbase_reader, marketbase_worker;
grant select on market.fundamental_concept to marketbase_reader;
grant insert (concept, kind, unit, description) on market.fundamental_concept to marketbase_worker;

alter table market.concept_tag enable row level security;
drop policy if exists concept_tag_read on market.concept_tag;
create policy concept_tag_read on market.concept_tag for select to marketbase_reader using (true);
drop policy if exists concept_tag_insert on market.concept_tag;
create policy concept_tag_insert on market.concept_tag for insert to marketbase_worker with check (true);
drop policy if exists concept_tag_update on market.concept_tag;
create policy concept_tag_update on market.concept_tag for update to marketbase_worker using (true) with check (true);
drop policy if exists concept_tag_delete on market.concept_tag;
create policy concept_tag_delete on market.concept_tag for delete to marketbase_worker using (true);
revoke all on market.concept_tag from public, marketbase_reader, marketbase_worker;
grant select on market.concept_tag to marketbase_reader;
grant insert (concept, priority, taxonomy, tag, weight) on market.concept_tag to marketbase_worker;
grant update (weight) on market.concept_tag to marketbase_worker;
grant delete on market.concept_tag to marketbase_worker;

-- To a look-ahead probe only the instruments of its world exist (feature.enter_world says which), and nothing else.
drop policy if exists instrument_probe on market.instrument;
create policy instrument_probe on market.instrument as restrictive for select to marketbase_probe
  using (instrument_id = any (coalesce((select nullif(current_setting('marketbase.visible_instruments', true), '')::bigint[]), '{}')));
drop policy if exists price_data_probe on market.price_data;
create policy price_data_probe on market.price_data as restrictive for select to marketbase_probe
  using (instrument_id = any (coalesce((select nullif(current_setting('marketbase.visible_instruments', true), '')::bigint[]), '{}')));
drop policy if exists price_data_history_probe on market.price_data_history;
create policy price_data_history_probe on market.price_data_history as restrictive for select to marketbase_probe
  using (instrument_id = any (coalesce((select nullif(current_setting('marketbase.visible_instruments', true), '')::bigint[]), '{}')));
drop policy if exists corporate_action_probe on market.corporate_action;
create policy corporate_action_probe on market.corporate_action as restrictive for select to marketbase_probe
  using (instrument_id = any (coalesce((select nullif(current_setting('marketbase.visible_instruments', true), '')::bigint[]), '{}')));
drop policy if exists corporate_action_history_probe on market.corporate_action_history;
create policy corporate_action_history_probe on market.corporate_action_history as restrictive for select to marketbase_probe
  using (instrument_id = any (coalesce((select nullif(current_setting('marketbase.visible_instruments', true), '')::bigint[]), '{}')));
drop policy if exists company_fundamental_probe on market.company_fundamental;
create policy company_fundamental_probe on market.company_fundamental as restrictive for select to marketbase_probe
  using (instrument_id = any (coalesce((select nullif(current_setting('marketbase.visible_instruments', true), '')::bigint[]), '{}')));
drop policy if exists company_fundamental_history_probe on market.company_fundamental_history;
create policy company_fundamental_history_probe on market.company_fundamental_history as restrictive for select to marketbase_probe
  using (instrument_id = any (coalesce((select nullif(current_setting('marketbase.visible_instruments', true), '')::bigint[]), '{}')));

alter table market.group_kind enable row level security;
drop policy if exists group_kind_read on market.group_kind;
create policy group_kind_read on market.group_kind for select to marketbase_reader using (true);
drop policy if exists group_kind_insert on market.group_kind;
create policy group_kind_insert on market.group_kind for insert to marketbase_worker with check (true);
drop policy if exists group_kind_update on market.group_kind;
create policy group_kind_update on market.group_kind for update to marketbase_worker using (true) with check (true);
revoke all on market.group_kind from public, marketbase_reader, marketbase_worker;
grant select on market.group_kind to marketbase_reader;
grant insert (kind, description) on market.group_kind to marketbase_worker;
grant update (description) on market.group_kind to marketbase_worker;

alter table market.instrument_group enable row level security;
drop policy if exists instrument_group_read on market.instrument_group;
create policy instrument_group_read on market.instrument_group for select to marketbase_reader using (true);
drop policy if exists instrument_group_insert on market.instrument_group;
create policy instrument_group_insert on market.instrument_group for insert to marketbase_worker with check (true);
drop policy if exists instrument_group_update on market.instrument_group;
create policy instrument_group_update on market.instrument_group for update to marketbase_worker using (true) with check (true);
revoke all on market.instrument_group from public, marketbase_reader, marketbase_worker;
grant select on market.instrument_group to marketbase_reader;
grant insert (instrument_id, kind, from_date, name, version, known_from, run_id) on market.instrument_group to marketbase_worker;
grant update (name, known_from, run_id) on market.instrument_group to marketbase_worker;

alter table market.instrument_group_history enable row level security;
drop policy if exists instrument_group_history_read on market.instrument_group_history;
create policy instrument_group_history_read on market.instrument_group_history for select to marketbase_reader using (true);
drop policy if exists instrument_group_history_insert on market.instrument_group_history;
create policy instrument_group_history_insert on market.instrument_group_history for insert to marketbase_worker with check (true);
revoke all on market.instrument_group_history from public, marketbase_reader, marketbase_worker;
grant select on market.instrument_group_history to marketbase_reader;
grant insert (
  instrument_id, kind, from_date, version, name, known_from, known_to, recorded_at, run_id
) on market.instrument_group_history to marketbase_worker;

alter table market.filer enable row level security;
drop policy if exists filer_read on market.filer;
create policy filer_read on market.filer for select to marketbase_reader using (true);
drop policy if exists filer_insert on market.filer;
create policy filer_insert on market.filer for insert to marketbase_worker with check (true);
drop policy if exists filer_update on market.filer;
create policy filer_update on market.filer for update to marketbase_worker using (true) with check (true);
revoke all on market.filer from public, marketbase_reader, marketbase_worker;
grant select on market.filer to marketbase_reader;
grant insert (cik, name, entity_type, sic, fiscal_year_end, former_names, raw_response_id, run_id) on market.filer to marketbase_worker;
grant update (name, entity_type, sic, fiscal_year_end, former_names, raw_response_id, run_id) on market.filer to marketbase_worker;

alter table market.filing enable row level security;
drop policy if exists filing_read on market.filing;
create policy filing_read on market.filing for select to marketbase_reader using (true);
drop policy if exists filing_insert on market.filing;
create policy filing_insert on market.filing for insert to marketbase_worker with check (true);
drop policy if exists filing_update on market.filing;
create policy filing_update on market.filing for update to marketbase_worker using (true) with check (true);
revoke all on market.filing from public, marketbase_reader, marketbase_worker;
grant select on market.filing to marketbase_reader;
grant insert (
  accession, cik, form, filed, report_date, accepted, known_from, items, primary_document, provider, raw_response_id, run_id
) on market.filing to marketbase_worker;
grant update (accepted, known_from, raw_response_id, run_id) on market.filing to marketbase_worker;

alter table market.company_ticker enable row level security;
drop policy if exists company_ticker_read on market.company_ticker;
create policy company_ticker_read on market.company_ticker for select to marketbase_reader using (true);
drop policy if exists company_ticker_insert on market.company_ticker;
create policy company_ticker_insert on market.company_ticker for insert to marketbase_worker with check (true);
drop policy if exists company_ticker_update on market.company_ticker;
create policy company_ticker_update on market.company_ticker for update to marketbase_worker using (true) with check (true);
revoke all on market.company_ticker from public, marketbase_reader, marketbase_worker;
grant select on market.company_ticker to marketbase_reader;
grant insert (ticker, cik, name, exchange, known_from, raw_response_id, run_id) on market.company_ticker to marketbase_worker;
grant update (known_to) on market.company_ticker to marketbase_worker;

alter table market.macro_series enable row level security;
drop policy if exists macro_series_read on market.macro_series;
create policy macro_series_read on market.macro_series for select to marketbase_reader using (true);
drop policy if exists macro_series_insert on market.macro_series;
create policy macro_series_insert on market.macro_series for insert to marketbase_worker with check (true);
drop policy if exists macro_series_update on market.macro_series;
create policy macro_series_update on market.macro_series for update to marketbase_worker using (true) with check (true);
revoke all on market.macro_series from public, marketbase_reader, marketbase_worker;
grant select on market.macro_series to marketbase_reader;
grant insert (
  series, provider, title, units, frequency, seasonal_adjustment, last_updated, raw_response_id, run_id
) on market.macro_series to marketbase_worker;
grant update (
  title, units, frequency, seasonal_adjustment, last_updated, raw_response_id, run_id
) on market.macro_series to marketbase_worker;

alter table market.macro_observation enable row level security;
drop policy if exists macro_observation_read on market.macro_observation;
create policy macro_observation_read on market.macro_observation for select to marketbase_reader using (true);
drop policy if exists macro_observation_insert on market.macro_observation;
create policy macro_observation_insert on market.macro_observation for insert to marketbase_worker with check (true);
revoke all on market.macro_observation from public, marketbase_reader, marketbase_worker;
grant select on market.macro_observation to marketbase_reader;
grant insert (series, observation_date, known_from, value, vintage_date, raw_response_id, run_id) on market.macro_observation to marketbase_worker;

alter table market.statement_item enable row level security;
drop policy if exists statement_item_read on market.statement_item;
create policy statement_item_read on market.statement_item for select to marketbase_reader using (true);
drop policy if exists statement_item_insert on market.statement_item;
create policy statement_item_insert on market.statement_item for insert to marketbase_worker with check (true);
revoke all on market.statement_item from public, marketbase_reader, marketbase_worker;
grant select on market.statement_item to marketbase_reader;
grant insert (statement, position, item, measure, title) on market.statement_item to marketbase_worker;

alter table market.statement_tag enable row level security;
drop policy if exists statement_tag_read on market.statement_tag;
create policy statement_tag_read on market.statement_tag for select to marketbase_reader using (true);
drop policy if exists statement_tag_insert on market.statement_tag;
create policy statement_tag_insert on market.statement_tag for insert to marketbase_worker with check (true);
revoke all on market.statement_tag from public, marketbase_reader, marketbase_worker;
grant select on market.statement_tag to marketbase_reader;
grant insert (item, priority, taxonomy, tag, weight) on market.statement_tag to marketbase_worker;

alter table market.instrument_identifier enable row level security;
drop policy if exists instrument_identifier_read on market.instrument_identifier;
create policy instrument_identifier_read on market.instrument_identifier for select to marketbase_reader using (true);
drop policy if exists instrument_identifier_insert on market.instrument_identifier;
create policy instrument_identifier_insert on market.instrument_identifier for insert to marketbase_worker with check (true);
drop policy if exists instrument_identifier_update on market.instrument_identifier;
create policy instrument_identifier_update on market.instrument_identifier for update to marketbase_worker using (true) with check (true);
revoke all on market.instrument_identifier from public, marketbase_reader, marketbase_worker;
grant select on market.instrument_identifier to marketbase_reader;
grant insert (instrument_id, kind, value, valid_from, valid_to, known_from, run_id, raw_response_id) on market.instrument_identifier to marketbase_worker;
grant update (known_to) on market.instrument_identifier to marketbase_worker;
grant update (symbol) on market.instrument to marketbase_worker;

grant insert (mic, name, time_zone, country, calendar), update (calendar) on market.exchange to marketbase_worker;
drop policy if exists exchange_insert on market.exchange;
create policy exchange_insert on market.exchange for insert to marketbase_worker with check (true);
drop policy if exists exchange_update on market.exchange;
create policy exchange_update on market.exchange for update to marketbase_worker using (true) with check (true);
grant insert (mic, session_date, open_at, close_at, is_half_day, break_start, break_end, run_id), delete on market.trading_session to marketbase_worker;
grant update (open_at, close_at, is_half_day, break_start, break_end, run_id) on market.trading_session to marketbase_worker;
drop policy if exists trading_session_insert on market.trading_session;
create policy trading_session_insert on market.trading_session for insert to marketbase_worker with check (true);
drop policy if exists trading_session_update on market.trading_session;
create policy trading_session_update on market.trading_session for update to marketbase_worker using (true) with check (true);
drop policy if exists trading_session_delete on market.trading_session;
create policy trading_session_delete on market.trading_session for delete to marketbase_worker using (true);

alter table market.calendar_hours enable row level security;
drop policy if exists calendar_hours_read on market.calendar_hours;
create policy calendar_hours_read on market.calendar_hours for select to marketbase_reader using (true);
revoke all on market.calendar_hours from public, marketbase_reader, marketbase_worker;
grant select on market.calendar_hours to marketbase_reader;

alter table market.calendar_rule enable row level security;
drop policy if exists calendar_rule_read on market.calendar_rule;
create policy calendar_rule_read on market.calendar_rule for select to marketbase_reader using (true);
revoke all on market.calendar_rule from public, marketbase_reader, marketbase_worker;
grant select on market.calendar_rule to marketbase_reader;

alter table market.calendar_exception enable row level security;
drop policy if exists calendar_exception_read on market.calendar_exception;
create policy calendar_exception_read on market.calendar_exception for select to marketbase_reader using (true);
revoke all on market.calendar_exception from public, marketbase_reader, marketbase_worker;
grant select on market.calendar_exception to marketbase_reader;

-- A corporate action that its provider no longer lists leaves market.corporate_action for the history.
drop policy if exists corporate_action_delete on market.corporate_action;
create policy corporate_action_delete on market.corporate_action for delete to marketbase_worker using (true);
grant delete on market.corporate_action to marketbase_worker;

alter table market.universe enable row level security;
drop policy if exists universe_read on market.universe;
create policy universe_read on market.universe for select to marketbase_reader using (true);
drop policy if exists universe_insert on market.universe;
create policy universe_insert on market.universe for insert to marketbase_worker with check (true);
drop policy if exists universe_update on market.universe;
create policy universe_update on market.universe for update to marketbase_worker using (true) with check (true);
revoke all on market.universe from public, marketbase_reader, marketbase_worker;
grant select on market.universe to marketbase_reader;
grant insert (universe, description, run_id), update (description, covered_to) on market.universe to marketbase_worker;

alter table market.universe_member enable row level security;
drop policy if exists universe_member_read on market.universe_member;
create policy universe_member_read on market.universe_member for select to marketbase_reader using (true);
drop policy if exists universe_member_insert on market.universe_member;
create policy universe_member_insert on market.universe_member for insert to marketbase_worker with check (true);
drop policy if exists universe_member_update on market.universe_member;
create policy universe_member_update on market.universe_member for update to marketbase_worker using (true) with check (true);
revoke all on market.universe_member from public, marketbase_reader, marketbase_worker;
grant select on market.universe_member to marketbase_reader;
grant insert (universe, instrument_id, symbol, valid_from, valid_to, known_from, known_to, run_id) on market.universe_member to marketbase_worker;
grant update (known_to) on market.universe_member to marketbase_worker;

alter table market.price_observation enable row level security;
drop policy if exists price_observation_read on market.price_observation;
create policy price_observation_read on market.price_observation for select to marketbase_reader using (true);
drop policy if exists price_observation_insert on market.price_observation;
create policy price_observation_insert on market.price_observation for insert to marketbase_worker with check (true);
revoke all on market.price_observation from public, marketbase_reader, marketbase_worker;
grant select on market.price_observation to marketbase_reader;
grant insert (
  instrument_id, bar_interval, ts, provider, known_from, session_date, open, high, low, close, volume, adjusted_close, raw_response_id, run_id
) on market.price_observation to marketbase_worker;

drop policy if exists instrument_group_probe on market.instrument_group;
create policy instrument_group_probe on market.instrument_group as restrictive for select to marketbase_probe
  using (instrument_id = any (coalesce((select nullif(current_setting('marketbase.visible_instruments', true), '')::bigint[]), '{}')));
drop policy if exists instrument_group_history_probe on market.instrument_group_history;
create policy instrument_group_history_probe on market.instrument_group_history as restrictive for select to marketbase_probe
  using (instrument_id = any (coalesce((select nullif(current_setting('marketbase.visible_instruments', true), '')::bigint[]), '{}')));

alter table market.corporate_action_observation enable row level security;
drop policy if exists corporate_action_observation_read on market.corporate_action_observation;
create policy corporate_action_observation_read on market.corporate_action_observation for select to marketbase_reader using (true);
drop policy if exists corporate_action_observation_insert on market.corporate_action_observation;
create policy corporate_action_observation_insert on market.corporate_action_observation for insert to marketbase_worker with check (true);
revoke all on market.corporate_action_observation from public, marketbase_reader, marketbase_worker;
grant select on market.corporate_action_observation to marketbase_reader;
grant insert (
  instrument_id, action_type, ex_date, provider, known_from, amount, currency, raw_response_id, run_id
) on market.corporate_action_observation to marketbase_worker;

grant insert (closed_reason) on market.price_data_history to marketbase_worker;
--! EndIncluded market/grants.sql
--! Included market/instrument/end_identifier.sql
-- Takes a stretch of time out of the spells of an identifier.
create or replace function market.end_identifier(
  p_run_id bigint,
  p_instrument_id bigint,
  p_kind text,
  p_from date,
  p_to date default 'infinity',
  p_known_from timestamptz default now()
) returns bigint
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  span constant daterange := daterange(p_from, p_to);
  spell market.instrument_identifier;
  since timestamptz;
  changes bigint := 0;
begin
  if span is null or isempty(span) or p_known_from is null then
    raise exception using
      errcode = 'MB001', message = 'An identifier ends between two days, the first before the second, and from a known moment on.', hint = 'Give p_from, p_to and p_known_from.';
  end if;
  for spell in
    select *
    from market.instrument_identifier as identifier
    where identifier.instrument_id = p_instrument_id and identifier.kind = p_kind and identifier.known_to is null
      and daterange(identifier.valid_from, identifier.valid_to) && span
    order by identifier.valid_from
    for update
  loop
    since := greatest(p_known_from, spell.known_from);
    update market.instrument_identifier set known_to = since
    where instrument_id = spell.instrument_id and identifier_id = spell.identifier_id;
    insert into market.instrument_identifier (instrument_id, kind, value, valid_from, valid_to, known_from, run_id, raw_response_id)
    select spell.instrument_id, spell.kind, spell.value, rest.valid_from, rest.valid_to, since, p_run_id, spell.raw_response_id
    from (values (spell.valid_from, p_from), (p_to, spell.valid_to)) as rest (valid_from, valid_to)
    where rest.valid_from < rest.valid_to;
    changes := changes + 1;
  end loop;
  return changes;
end
$$;

comment on function market.end_identifier(bigint, bigint, text, date, date, timestamptz) is
'From p_from to the day before p_to the instrument p_instrument_id has no identifier of p_kind, as known from p_known_from on (but not before what it corrects was known); its spells are cut. Gives how many were.
p_run_id: run that says so. MB001 for days out of order or NULL.';

revoke all on function market.end_identifier(bigint, bigint, text, date, date, timestamptz) from public;
grant execute on function market.end_identifier(bigint, bigint, text, date, date, timestamptz) to marketbase_worker;
--! EndIncluded market/instrument/end_identifier.sql
--! Included market/instrument/has_check_digit.sql
-- Whether an identifier ends as its own digits say that it must.
create or replace function market.has_check_digit(p_kind text, p_value text) returns boolean
language sql immutable strict parallel safe
begin atomic
  with letter as (
    -- A is 10, Z 35; CUSIP goes on with * @ #
    select position, strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*@#', item.text) - 1 as value
    from regexp_split_to_table(p_value, '') with ordinality as item (text, position)
  ), digit as (
    select (row_number() over (order by letter.position desc, place.position desc))::integer as from_right, place.text::integer as value
    from letter
    cross join lateral regexp_split_to_table(letter.value::text, '') with ordinality as place (text, position)
  )
  select case
    when p_kind in ('isin', 'lei', 'cusip', 'figi', 'sedol') and exists (select from letter where value < 0) then false
    -- Luhn: every second digit from the right, the check digit not among them, counts twice.
    when p_kind = 'isin' then length(p_value) = 12 and (
      select sum(case when from_right % 2 = 0 then value * 2 / 10 + value * 2 % 10 else value end) % 10 = 0 from digit)
    -- ISO 7064, mod 97-10
    when p_kind = 'lei' then length(p_value) = 20 and (select string_agg(letter.value::text, '' order by letter.position)::numeric % 97 = 1 from letter)
    -- "Modulus 10 double add double": every second character counts twice, then digits are added.
    when p_kind in ('cusip', 'figi') then length(p_value) = case p_kind when 'cusip' then 9 else 12 end and (
      select (10 - sum(weighted / 10 + weighted % 10) filter (where position < length(p_value)) % 10) % 10
        = max(value) filter (where position = length(p_value))
      from (select letter.position, letter.value, letter.value * (2 - letter.position % 2) as weighted from letter) as counted)
    when p_kind = 'sedol' then length(p_value) = 7 and (
      select sum(letter.value * ('{1,3,1,7,3,9,1}'::integer[])[letter.position]) % 10 = 0 from letter)
    else true
  end;
end;

comment on function market.has_check_digit(text, text) is
'Whether the last digit of p_value, an identifier of p_kind in capitals, is the one that the others demand: isin (Luhn, ISO 6166), cusip (ANSI X9.6) and figi (OMG FIGI, both modulus 10 double add double), sedol (weights 1, 3, 1, 7, 3, 9), lei (ISO 7064 mod 97-10).
True for kinds without a check digit (symbol, cik), false for another length, NULL for NULL.';

revoke all on function market.has_check_digit(text, text) from public;
grant execute on function market.has_check_digit(text, text) to marketbase_reader;
--! EndIncluded market/instrument/has_check_digit.sql
--! Included market/instrument/identifier_spell.sql
-- Who had which identifier from when to when, as now known.
create or replace view market.identifier_spell with (security_invoker = true) as
select
  identifier.instrument_id,
  identifier.identifier_id,
  instrument.symbol,
  instrument.name,
  identifier.kind,
  identifier.value,
  nullif(identifier.valid_from, '-infinity') as valid_from,
  nullif(identifier.valid_to, 'infinity') as valid_to,
  nullif(identifier.known_from, '-infinity') as known_from,
  identifier.run_id,
  identifier.raw_response_id
from market.instrument_identifier as identifier
join market.instrument using (instrument_id)
where identifier.known_to is null;

comment on view market.identifier_spell is
E'@primaryKey instrument_id,identifier_id\n@foreignKey (instrument_id) references market.instrument (instrument_id)\nSymbols and other identifiers of instruments in spells, as now known. Renames, reused tickers and delistings can be read from it: a renamed instrument has several symbols one after the other, the last symbol of a delisted one has a valid_to.';
comment on column market.identifier_spell.instrument_id is 'Instrument.';
comment on column market.identifier_spell.identifier_id is 'Tells the rows of an instrument apart.';
comment on column market.identifier_spell.symbol is 'Symbol by which marketbase now knows it.';
comment on column market.identifier_spell.name is 'Its name, where a provider gave one.';
comment on column market.identifier_spell.kind is 'symbol, figi, cik, isin, cusip, sedol or lei.';
comment on column market.identifier_spell.value is 'The identifier.';
comment on column market.identifier_spell.valid_from is 'First day; null where nobody said when it began.';
comment on column market.identifier_spell.valid_to is 'First day on which it was no longer the instrument''s; null where it still is.';
comment on column market.identifier_spell.known_from is 'From when this could be known; null for what was taken for granted when the instrument was added.';
comment on column market.identifier_spell.run_id is 'Run that said so.';
comment on column market.identifier_spell.raw_response_id is 'Body that said so; null where a person or the symbol of an instrument did.';

revoke all on market.identifier_spell from public;
grant select on market.identifier_spell to marketbase_reader;
--! EndIncluded market/instrument/identifier_spell.sql
--! Included market/instrument/note_identifiers.sql
-- Who adds an instrument, or learns its CIK, need not know that identifiers have spells.
create or replace function market.note_identifiers() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  if tg_op = 'INSERT' then
    -- A ticker that another instrument gave up is this one's from that day on.
    insert into market.instrument_identifier (instrument_id, kind, value, valid_from, known_from, run_id)
    select
      added.instrument_id, 'symbol', added.symbol, coalesce(gone.ended, '-infinity'),
      coalesce(gone.ended::timestamp at time zone exchange.time_zone, '-infinity'), added.run_id
    from added
    join market.exchange using (mic)
    cross join lateral (
      select max(identifier.valid_to) as ended
      from market.instrument_identifier as identifier
      where identifier.kind = 'symbol' and identifier.value = added.symbol and identifier.known_to is null
    ) as gone;
    insert into market.instrument_identifier (instrument_id, kind, value, run_id)
    select added.instrument_id, 'cik', added.cik, added.run_id
    from added
    where added.cik is not null;
  else
    perform market.set_identifier(changed.run_id, changed.instrument_id, 'cik', changed.cik)
    from changed
    join before using (instrument_id)
    where changed.cik is not null and changed.cik is distinct from before.cik
      and changed.cik is distinct from market.identifier_at(changed.instrument_id, 'cik');
  end if;
  return null;
end
$$;

comment on function market.note_identifiers() is
'Trigger: an instrument that is added has its symbol (from the day on which another one gave it up, if any did) and its CIK for all time, until market.set_identifier or market.rename_instrument says otherwise; a CIK that is learnt later is noted in the same way.';

revoke all on function market.note_identifiers() from public;

create or replace trigger _300_identifiers_insert after insert on market.instrument
  referencing new table as added
  for each statement execute function market.note_identifiers();
create or replace trigger _300_identifiers_update after update on market.instrument
  referencing old table as before new table as changed
  for each statement execute function market.note_identifiers();
--! EndIncluded market/instrument/note_identifiers.sql
--! Included market/instrument/set_identifier.sql
-- Says which identifier an instrument has, from when to when.
create or replace function market.set_identifier(
  p_run_id bigint,
  p_instrument_id bigint,
  p_kind text,
  p_value text,
  p_valid_from date default '-infinity',
  p_valid_to date default 'infinity',
  p_known_from timestamptz default '-infinity',
  p_raw_response_id bigint default null
) returns boolean
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  given constant text := upper(btrim(p_value));
  span constant daterange := daterange(p_valid_from, p_valid_to);
  since timestamptz;
  holder text;
begin
  if span is null or isempty(span) or p_known_from is null or given is null then
    raise exception using
      errcode = 'MB001',
      message = 'An identifier needs a value, a first day before the day on which it ends, and a moment from which it is known.',
      hint = 'valid_to is the first day on which it is no longer the instrument''s, or infinity.';
  end if;
  if not market.has_check_digit(p_kind, given) then
    raise exception using
      errcode = 'MB001',
      message = format('The %s "%s" has a wrong check digit.', p_kind, left(given, 40)),
      hint = 'A digit may be mistyped: compare it with its source.';
  end if;
  if exists (
    select
    from market.instrument_identifier as identifier
    where identifier.instrument_id = p_instrument_id and identifier.kind = p_kind and identifier.value = given and identifier.known_to is null
      and daterange(identifier.valid_from, identifier.valid_to) @> span
  ) then
    return false;
  end if;

  select format('%s from %s to %s', instrument.symbol, identifier.valid_from, identifier.valid_to) into holder
  from market.instrument_identifier as identifier
  join market.instrument using (instrument_id)
  where identifier.kind = p_kind and identifier.value = given and identifier.known_to is null and identifier.instrument_id <> p_instrument_id
    and p_kind not in ('cik', 'lei') and daterange(identifier.valid_from, identifier.valid_to) && span
  order by identifier.valid_from
  limit 1;
  if holder is not null then
    raise exception using
      errcode = 'MB008',
      message = format('%s %s belongs to the instrument %s.', p_kind, given, holder),
      hint = 'End it there first: market.end_identifier, or market.reuse_symbol for a ticker that another company has taken over.';
  end if;

  -- What is corrected was the thing to know until then.
  select greatest(p_known_from, max(identifier.known_from)) into since
  from market.instrument_identifier as identifier
  where identifier.instrument_id = p_instrument_id and identifier.kind = p_kind and identifier.known_to is null
    and daterange(identifier.valid_from, identifier.valid_to) && span;
  perform market.end_identifier(p_run_id, p_instrument_id, p_kind, p_valid_from, p_valid_to, since);
  insert into market.instrument_identifier (instrument_id, kind, value, valid_from, valid_to, known_from, run_id, raw_response_id)
  values (p_instrument_id, p_kind, given, p_valid_from, p_valid_to, since, p_run_id, p_raw_response_id);
  if p_kind = 'cik' and current_date >= p_valid_from and current_date < p_valid_to then
    update market.instrument set cik = given where instrument.instrument_id = p_instrument_id and instrument.cik is distinct from given;
  end if;
  return true;
exception
  when check_violation or foreign_key_violation then
    raise exception using
      errcode = 'MB001',
      message = format('"%s" cannot be the %s of instrument %s.', left(p_value, 40), coalesce(left(p_kind, 20), 'identifier'), p_instrument_id),
      hint = 'Kinds are symbol, figi, cik, isin, cusip, sedol and lei, each with its own form; the instrument and the run have to exist.';
end
$$;

comment on function market.set_identifier(bigint, bigint, text, text, date, date, timestamptz, bigint) is
'From p_valid_from to the day before p_valid_to (defaults: for all time) p_value is the identifier of p_kind (symbol, figi, cik, isin, cusip, sedol, lei) of the instrument; other values of that kind end there. True when that was not known.
p_run_id: run that says so. p_known_from: from when it could be known (default: always), but not before what it corrects. p_raw_response_id: body that says so. A CIK of today becomes that of market.instrument. Symbols are renamed by market.rename_instrument, which also changes market.instrument.symbol.
Errors: MB001 for a value that cannot be one or whose check digit is wrong (market.has_check_digit), days out of order or an unknown instrument; MB008 where the value belongs to another instrument at that time (a CIK and an LEI may be shared).';

revoke all on function market.set_identifier(bigint, bigint, text, text, date, date, timestamptz, bigint) from public;
grant execute on function market.set_identifier(bigint, bigint, text, text, date, date, timestamptz, bigint) to marketbase_worker;
--! EndIncluded market/instrument/set_identifier.sql
--! Included market/universe/universe_spans.sql
-- The days on which each member of a universe was one.
create or replace function market.universe_spans(p_universe text, p_from date default null, p_to date default null, p_as_of timestamptz default now())
returns table (instrument_id bigint, symbol text, from_date date, to_date date, is_own_symbol boolean)
language sql stable parallel safe
rows 1000
begin atomic
  select
    member.instrument_id, instrument.symbol,
    nullif(greatest(member.valid_from, p_from), '-infinity'),
    nullif(least(case when member.valid_to < 'infinity' then member.valid_to - 1 end, p_to), 'infinity'),
    exists (
      select
      from market.instrument_identifier as identifier
      where identifier.instrument_id = member.instrument_id and identifier.kind = 'symbol' and identifier.value = instrument.symbol
        and identifier.known_to is null
    )
  from market.universe_member as member
  join market.instrument using (instrument_id)
  where member.universe = p_universe
    and member.valid_from <= coalesce(p_to, 'infinity') and coalesce(p_from, '-infinity') < member.valid_to
    and member.known_from <= p_as_of and (member.known_to is null or p_as_of < member.known_to)
  order by instrument.symbol, member.valid_from;
end;

comment on function market.universe_spans(text, date, date, timestamptz) is
'The spells of membership in p_universe that touch p_from to p_to (NULL: without limit), cut to those days, as known at p_as_of (default: now): also of members that left, were renamed or delisted since. symbol is the one of today, from_date and to_date are the first and last day,
NULL where the spell has no beginning or no end there. is_own_symbol is false where the ticker has passed on to another instrument, so that symbol is only the name by which marketbase tells it apart (AAL.1). No rows for an unknown universe or NULL.';

revoke all on function market.universe_spans(text, date, date, timestamptz) from public;
grant execute on function market.universe_spans(text, date, date, timestamptz) to marketbase_reader;
--! EndIncluded market/universe/universe_spans.sql
--! Included pipeline/accept_held.sql
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
--! EndIncluded pipeline/accept_held.sql
--! Included pipeline/backfill/plan_backfill.sql
-- The pieces of a backfill, and what became of the same days before.
create or replace function pipeline.plan_backfill(
  p_provider text,
  p_dataset text,
  p_subjects text[],
  p_from date default null,
  p_to date default null,
  p_chunk_days integer default null,
  p_reprocess text default 'none',
  p_is_reverse boolean default false,
  p_universe text default null,
  p_as_of timestamptz default null
) returns setof pipeline.planned_chunk
language sql stable parallel safe
begin atomic
  with span as (
    select given.name as subject, p_from as from_date, p_to as to_date, given.position, true as is_own_symbol
    from unnest(p_subjects) with ordinality as given (name, position)
    union all
    select member.symbol, member.from_date, member.to_date, row_number() over (order by member.symbol, member.from_date), member.is_own_symbol
    from market.universe_spans(p_universe, p_from, p_to, coalesce(p_as_of, now())) as member
  ), piece as (
    select span.subject, cut.from_date, cut.to_date, span.position, span.is_own_symbol
    from span
    cross join lateral (
      select span.from_date, span.to_date
      where p_chunk_days is null or span.from_date is null or span.to_date is null
      union all
      select day::date, least(day::date + p_chunk_days - 1, span.to_date)
      from generate_series(span.from_date::timestamp, span.to_date::timestamp, make_interval(days => p_chunk_days)) as day
      where p_chunk_days is not null and span.from_date is not null and span.to_date is not null
    ) as cut
  ), known as (
    select piece.*, case when piece.is_own_symbol then coalesce(earlier.state, 'new') else 'unnamed' end as before
    from piece
    left join lateral (
      -- an earlier piece that holds all these days; a success counts more than a failure
      select chunk.state
      from pipeline.backfill_chunk chunk
      join pipeline.backfill on backfill.run_id = chunk.backfill_run_id
      where backfill.provider = p_provider and backfill.dataset = p_dataset and chunk.subject = piece.subject
        and chunk.state in ('done', 'failed', 'held')
        and coalesce(chunk.from_date, '-infinity') <= coalesce(piece.from_date, '-infinity')
        and coalesce(chunk.to_date, 'infinity') >= coalesce(piece.to_date, 'infinity')
      order by chunk.state = 'failed', chunk.finished_at desc
      limit 1
    ) as earlier on true
  )
  select
    (row_number() over (
      order by case when p_is_reverse then null else known.from_date end, case when p_is_reverse then known.from_date end desc, known.position
    ))::integer,
    known.subject, known.from_date, known.to_date, known.before,
    case when not known.is_own_symbol then false when p_reprocess = 'all' then true when p_reprocess = 'failed' then known.before in ('new', 'failed') else known.before = 'new' end
  from known
  order by 1;
end;

comment on function pipeline.plan_backfill(text, text, text[], date, date, integer, text, boolean, text, timestamptz) is
'The pieces into which p_from to p_to is cut for each symbol, p_chunk_days long (NULL, or no first or last day: one piece for each symbol), the oldest first or, with p_is_reverse, the newest. With p_universe instead of p_subjects it is the days on which each member was one (market.universe_spans),
as known at p_as_of (default: now): also members that have left since. before tells what an earlier piece that holds all its days came to: new (there is none), done, failed or held; unnamed where the ticker has passed on to another instrument. is_wanted follows p_reprocess:
none takes what is new, failed also what failed, all everything; what is unnamed never.';

revoke all on function pipeline.plan_backfill(text, text, text[], date, date, integer, text, boolean, text, timestamptz) from public;
grant execute on function pipeline.plan_backfill(text, text, text[], date, date, integer, text, boolean, text, timestamptz) to marketbase_reader;
--! EndIncluded pipeline/backfill/plan_backfill.sql
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
  p_max_active integer default 4,
  p_universe text default null,
  p_as_of timestamptz default null
) returns bigint
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  root_id bigint;
begin
  perform ingest.require_provider(p_provider);
  if coalesce(p_reprocess not in ('none', 'failed', 'all'), true) or coalesce(p_max_active not between 1 and 64, true) or p_from > p_to
    or p_chunk_days <= 0 or (coalesce(cardinality(p_subjects), 0) > 0) = (p_universe is not null) or array_position(p_subjects, null) is not null
  then
    raise exception using
      errcode = 'MB001',
      message = 'a backfill has either symbols or a universe, a first day before its last day, pieces of a day at least, reprocess none, failed or all, and 1 to 64 pieces at once',
      hint = 'See comment on pipeline.start_backfill.';
  end if;

  perform pg_advisory_xact_lock(hashtextextended('pipeline.backfill', 0));
  select backfill.run_id into root_id
  from pipeline.backfill
  join pipeline.pipeline_run run on run.run_id = backfill.run_id and run.status = 'running'
  where (backfill.provider, backfill.dataset) = (p_provider, p_dataset)
    and (p_universe is not null or backfill.subjects = p_subjects)
    and (backfill.universe, backfill.known_at, backfill.from_date, backfill.to_date, backfill.chunk_days)
      is not distinct from (p_universe, p_as_of, p_from, p_to, p_chunk_days)
  order by backfill.run_id
  limit 1;

  if root_id is null then
    create temporary table if not exists backfill_plan of pipeline.planned_chunk on commit drop;
    delete from pg_temp.backfill_plan;
    insert into pg_temp.backfill_plan
    select * from pipeline.plan_backfill(p_provider, p_dataset, p_subjects, p_from, p_to, p_chunk_days, p_reprocess, p_is_reverse, p_universe, p_as_of);
    if p_universe is not null and not exists (select from pg_temp.backfill_plan) then
      raise exception using
        errcode = case when exists (select from market.universe where universe.universe = p_universe) then 'MB007' else 'MB002' end,
        message = format('the universe "%s" has no members from %s to %s', p_universe, coalesce(p_from::text, 'its beginning'), coalesce(p_to::text, 'now')),
        hint = 'Universes: ' || (select coalesce(string_agg(universe.universe, ', ' order by universe.universe), 'none') from market.universe)
          || '. marketbase universe import takes one in.';
    elsif not exists (select from pg_temp.backfill_plan where is_wanted) then
      return null;
    end if;
    root_id := pipeline.start_run(
      'backfill', 'backfill', null,
      jsonb_strip_nulls(jsonb_build_object('universe', p_universe, 'as_of', p_as_of))
        || jsonb_build_object('provider', p_provider, 'dataset', p_dataset, 'subjects', to_jsonb(p_subjects), 'from', p_from, 'to', p_to, 'reprocess', p_reprocess)
    );
    insert into pipeline.backfill (
      run_id, provider, dataset, subjects, from_date, to_date, chunk_days, reprocess, is_reverse, max_active, universe, known_at
    )
    select
      root_id, p_provider, p_dataset, coalesce(p_subjects, array_agg(distinct plan.subject order by plan.subject)), p_from, p_to, p_chunk_days, p_reprocess,
      p_is_reverse, p_max_active, p_universe, p_as_of
    from pg_temp.backfill_plan as plan
    where plan.is_wanted;
    insert into pipeline.backfill_chunk (backfill_run_id, chunk_no, subject, from_date, to_date)
    select root_id, row_number() over (order by plan.chunk_no), plan.subject, plan.from_date, plan.to_date
    from pg_temp.backfill_plan as plan
    where plan.is_wanted;
  end if;

  perform pipeline.advance_backfill(root_id);
  return root_id;
end
$$;

comment on function pipeline.start_backfill(text, text, text[], date, date, integer, text, boolean, integer, text, timestamptz) is
'Starts to fetch and read a data set of the symbols from p_from to p_to in the pieces of pipeline.plan_backfill, p_max_active at once (1 to 64), and returns the run_id of the backfill. With p_universe instead of p_subjects each member is fetched for the days
of its membership, as known at p_as_of (default: now). While one with the same provider, data set, symbols or universe, days and pieces is under way, that one is returned. NULL when nothing is to be done.
MB001 for an unknown provider or arguments that make no sense, MB002 for an unknown universe, MB007 for one without members on these days.';

revoke all on function pipeline.start_backfill(text, text, text[], date, date, integer, text, boolean, integer, text, timestamptz) from public;
grant execute on function pipeline.start_backfill(text, text, text[], date, date, integer, text, boolean, integer, text, timestamptz) to marketbase_worker;
--! EndIncluded pipeline/backfill/start_backfill.sql
--! Included pipeline/grants.sql
-- Who may do what with runs, flows and stale ranges: privileges say what, row-level security says which rows.
-- Readers see every row of what is published; only the worker writes, and never what the database fills in by itself.
grant usage on schema pipeline to marketbase_reader;

alter table pipeline.flow_step enable row level security;
drop policy if exists flow_step_read on pipeline.flow_step;
create policy flow_step_read on pipeline.flow_step for select to marketbase_reader using (true);
revoke all on pipeline.flow_step from public, marketbase_reader, marketbase_worker;
grant select on pipeline.flow_step to marketbase_reader;

alter table pipeline.pipeline_run enable row level security;
drop policy if exists pipeline_run_read on pipeline.pipeline_run;
create policy pipeline_run_read on pipeline.pipeline_run for select to marketbase_reader using (true);
drop policy if exists pipeline_run_insert on pipeline.pipeline_run;
create policy pipeline_run_insert on pipeline.pipeline_run for insert to marketbase_worker with check (true);
drop policy if exists pipeline_run_update on pipeline.pipeline_run;
create policy pipeline_run_update on pipeline.pipeline_run for update to marketbase_worker using (true) with check (true);
revoke all on pipeline.pipeline_run from public, marketbase_reader, marketbase_worker;
grant select on pipeline.pipeline_run to marketbase_reader;
grant insert (
  parent_run_id, root_run_id, flow, step, stage, status, attempt, parameters, function_name, function_version, rows_read, rows_written, summary,
  message, error_code, worker, started_at, heartbeat_at, finished_at, retry_count, lost_count, run_at
) on pipeline.pipeline_run to marketbase_worker;
grant update (
  status, attempt, function_name, function_version, rows_read, rows_written, summary, message, error_code, worker, started_at, heartbeat_at,
  finished_at, retry_count, lost_count, run_at
) on pipeline.pipeline_run to marketbase_worker;

alter table pipeline.stale_range enable row level security;
drop policy if exists stale_range_read on pipeline.stale_range;
create policy stale_range_read on pipeline.stale_range for select to marketbase_reader using (true);
drop policy if exists stale_range_insert on pipeline.stale_range;
create policy stale_range_insert on pipeline.stale_range for insert to marketbase_worker with check (true);
drop policy if exists stale_range_update on pipeline.stale_range;
create policy stale_range_update on pipeline.stale_range for update to marketbase_worker using (true) with check (true);
drop policy if exists stale_range_delete on pipeline.stale_range;
create policy stale_range_delete on pipeline.stale_range for delete to marketbase_worker using (true);
revoke all on pipeline.stale_range from public, marketbase_reader, marketbase_worker;
grant select on pipeline.stale_range to marketbase_reader;
grant insert (instrument_id, consumer, from_ts, to_ts, reason) on pipeline.stale_range to marketbase_worker;
grant update (from_ts, to_ts, reason, marked_at) on pipeline.stale_range to marketbase_worker;
grant delete on pipeline.stale_range to marketbase_worker;

alter table pipeline.backfill enable row level security;
drop policy if exists backfill_read on pipeline.backfill;
create policy backfill_read on pipeline.backfill for select to marketbase_reader using (true);
drop policy if exists backfill_insert on pipeline.backfill;
create policy backfill_insert on pipeline.backfill for insert to marketbase_worker with check (true);
revoke all on pipeline.backfill from public, marketbase_reader, marketbase_worker;
grant select on pipeline.backfill to marketbase_reader;
grant insert (
  run_id, provider, dataset, subjects, from_date, to_date, chunk_days, reprocess, is_reverse, max_active, universe, known_at
) on pipeline.backfill to marketbase_worker;

alter table pipeline.backfill_chunk enable row level security;
drop policy if exists backfill_chunk_read on pipeline.backfill_chunk;
create policy backfill_chunk_read on pipeline.backfill_chunk for select to marketbase_reader using (true);
drop policy if exists backfill_chunk_insert on pipeline.backfill_chunk;
create policy backfill_chunk_insert on pipeline.backfill_chunk for insert to marketbase_worker with check (true);
drop policy if exists backfill_chunk_update on pipeline.backfill_chunk;
create policy backfill_chunk_update on pipeline.backfill_chunk for update to marketbase_worker using (true) with check (true);
revoke all on pipeline.backfill_chunk from public, marketbase_reader, marketbase_worker;
grant select on pipeline.backfill_chunk to marketbase_reader;
grant insert (backfill_run_id, chunk_no, subject, from_date, to_date) on pipeline.backfill_chunk to marketbase_worker;
grant update (
  state, run_id, raw_response_id, row_count, new_count, version_count, quarantined_count, error_code, message, finished_at
) on pipeline.backfill_chunk to marketbase_worker;

alter table pipeline.schedule enable row level security;
drop policy if exists schedule_read on pipeline.schedule;
create policy schedule_read on pipeline.schedule for select to marketbase_reader using (true);
drop policy if exists schedule_insert on pipeline.schedule;
create policy schedule_insert on pipeline.schedule for insert to marketbase_worker with check (true);
drop policy if exists schedule_update on pipeline.schedule;
create policy schedule_update on pipeline.schedule for update to marketbase_worker using (true) with check (true);
drop policy if exists schedule_delete on pipeline.schedule;
create policy schedule_delete on pipeline.schedule for delete to marketbase_worker using (true);
revoke all on pipeline.schedule from public, marketbase_reader, marketbase_worker;
grant select on pipeline.schedule to marketbase_reader;
grant insert (
  name, provider, dataset, symbols, universe, cron, after_close, delay, time_zone, look_back_days, next_at
) on pipeline.schedule to marketbase_worker;
grant update (is_paused, next_at, last_at, last_run_id, last_message) on pipeline.schedule to marketbase_worker;
grant delete on pipeline.schedule to marketbase_worker;

-- Addresses and what is told to whom are not for every reader.
alter table pipeline.alert_destination enable row level security;
drop policy if exists alert_destination_read on pipeline.alert_destination;
create policy alert_destination_read on pipeline.alert_destination for select to marketbase_auditor, marketbase_worker using (true);
drop policy if exists alert_destination_insert on pipeline.alert_destination;
create policy alert_destination_insert on pipeline.alert_destination for insert to marketbase_worker with check (true);
drop policy if exists alert_destination_update on pipeline.alert_destination;
create policy alert_destination_update on pipeline.alert_destination for update to marketbase_worker using (true) with check (true);
drop policy if exists alert_destination_delete on pipeline.alert_destination;
create policy alert_destination_delete on pipeline.alert_destination for delete to marketbase_worker using (true);
revoke all on pipeline.alert_destination from public, marketbase_reader, marketbase_auditor, marketbase_worker;
grant select on pipeline.alert_destination to marketbase_auditor, marketbase_worker;
grant insert (
  name, kind, url, url_variable, secret_variable, kinds, severities, rules, is_internal, max_attempts
) on pipeline.alert_destination to marketbase_worker;
grant update (is_active) on pipeline.alert_destination to marketbase_worker;
grant delete on pipeline.alert_destination to marketbase_worker;

alter table pipeline.outbox_event enable row level security;
drop policy if exists outbox_event_read on pipeline.outbox_event;
create policy outbox_event_read on pipeline.outbox_event for select to marketbase_auditor, marketbase_worker using (true);
drop policy if exists outbox_event_insert on pipeline.outbox_event;
create policy outbox_event_insert on pipeline.outbox_event for insert to marketbase_worker with check (true);
drop policy if exists outbox_event_delete on pipeline.outbox_event;
create policy outbox_event_delete on pipeline.outbox_event for delete to marketbase_worker using (
  not exists (select from pipeline.outbox_delivery as delivery where delivery.event_id = outbox_event.event_id and delivery.delivered_at is null)
);
revoke all on pipeline.outbox_event from public, marketbase_reader, marketbase_auditor, marketbase_worker;
grant select on pipeline.outbox_event to marketbase_auditor, marketbase_worker;
grant insert (event_id, kind, subject, severity, run_id, payload, occurred_at), delete on pipeline.outbox_event to marketbase_worker;

alter table pipeline.outbox_delivery enable row level security;
drop policy if exists outbox_delivery_read on pipeline.outbox_delivery;
create policy outbox_delivery_read on pipeline.outbox_delivery for select to marketbase_auditor, marketbase_worker using (true);
drop policy if exists outbox_delivery_insert on pipeline.outbox_delivery;
create policy outbox_delivery_insert on pipeline.outbox_delivery for insert to marketbase_worker with check (true);
drop policy if exists outbox_delivery_update on pipeline.outbox_delivery;
create policy outbox_delivery_update on pipeline.outbox_delivery for update to marketbase_worker using (true) with check (true);
drop policy if exists outbox_delivery_delete on pipeline.outbox_delivery;
create policy outbox_delivery_delete on pipeline.outbox_delivery for delete to marketbase_worker using (delivered_at is not null);
revoke all on pipeline.outbox_delivery from public, marketbase_reader, marketbase_auditor, marketbase_worker;
grant select on pipeline.outbox_delivery to marketbase_auditor, marketbase_worker;
grant insert (event_id, destination), delete on pipeline.outbox_delivery to marketbase_worker;
grant update (attempts, next_attempt_at, claimed_until, delivered_at, dead_at, last_error) on pipeline.outbox_delivery to marketbase_worker;
--! EndIncluded pipeline/grants.sql
--! Included pipeline/outbox/openlineage_event.sql
-- The life of a run as OpenLineage tells it.
create or replace function pipeline.openlineage_event(p_run_id bigint, p_event_type text, p_event_time timestamptz) returns jsonb
language sql stable parallel safe
begin atomic
  with identity as (
    select run.run_id, run.parent_run_id, run.message, pipeline.openlineage_run(run.run_id) as named
    from pipeline.pipeline_run as run
    where run.run_id = p_run_id
  ),
  facet as (
    select coalesce(jsonb_object_agg(said.name, said.content), '{}') as facets
    from identity
    cross join lateral (
      select 'parent' as name, pipeline.openlineage_facet('1-0-1/ParentRunFacet.json', pipeline.openlineage_run(identity.parent_run_id)) as content
      where identity.parent_run_id is not null
      union all
      select 'errorMessage', pipeline.openlineage_facet(
        '1-0-0/ErrorMessageRunFacet.json', jsonb_build_object('message', coalesce(identity.message, ''), 'programmingLanguage', 'SQL')
      )
      where p_event_type = 'FAIL'
    ) as said
  ),
  input as (
    select named.dataset || case when judged.facets is null then '{}' else jsonb_build_object('inputFacets', judged.facets) end as dataset
    from (
      select pipeline.openlineage_dataset(edge.source_relation) as dataset from lineage.data_lineage as edge where edge.run_id = p_run_id
      union
      select pipeline.openlineage_dataset(judged.dataset) from pipeline.openlineage_quality(p_run_id) as judged
    ) as named
    left join pipeline.openlineage_quality(p_run_id) as judged on pipeline.openlineage_dataset(judged.dataset) = named.dataset
  ),
  output as (
    select distinct pipeline.openlineage_dataset(edge.target_relation) as dataset from lineage.data_lineage as edge where edge.run_id = p_run_id
  )
  select jsonb_build_object(
    'eventType', p_event_type,
    'eventTime', internal.iso_time(p_event_time),
    'producer', 'urn:marketbase',
    'schemaURL', 'https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent',
    'run', (identity.named -> 'run') || jsonb_build_object('facets', facet.facets),
    'job', identity.named -> 'job',
    'inputs', coalesce((select jsonb_agg(input.dataset order by input.dataset ->> 'name') from input), '[]'),
    'outputs', coalesce((select jsonb_agg(output.dataset order by output.dataset ->> 'name') from output), '[]')
  )
  from identity
  cross join facet;
end;

comment on function pipeline.openlineage_event(bigint, text, timestamptz) is
E'@behavior -*\nThe RunEvent (OpenLineage 2-0-2) of type p_event_type (START, COMPLETE, FAIL, ABORT, OTHER) of the run p_run_id at p_event_time: what it read and wrote by lineage.data_lineage, what the rules said (pipeline.openlineage_quality) as facets of the inputs, its parent, and the message of a failure. NULL for an unknown run.';

revoke all on function pipeline.openlineage_event(bigint, text, timestamptz) from public;
grant execute on function pipeline.openlineage_event(bigint, text, timestamptz) to marketbase_worker;
--! EndIncluded pipeline/outbox/openlineage_event.sql
--! Included pipeline/outbox/openlineage_facet.sql
-- A facet: what it says, who says it and how it is to be read.
create or replace function pipeline.openlineage_facet(p_schema text, p_content jsonb) returns jsonb
language sql immutable parallel safe
return p_content || jsonb_build_object(
  '_producer', 'urn:marketbase',
  '_schemaURL', format('https://openlineage.io/spec/facets/%s#/$defs/%s', p_schema, substring(p_schema from '/(.*)\.json$'))
);

comment on function pipeline.openlineage_facet(text, jsonb) is
E'@behavior -*\np_content as a facet of OpenLineage, with _producer and the _schemaURL, which points to the definition within p_schema, such as 1-0-0/ErrorMessageRunFacet.json.';

revoke all on function pipeline.openlineage_facet(text, jsonb) from public;
grant execute on function pipeline.openlineage_facet(text, jsonb) to marketbase_worker;
--! EndIncluded pipeline/outbox/openlineage_facet.sql
--! Included pipeline/outbox/prune_outbox.sql
-- What every destination took long ago is forgotten.
create or replace function pipeline.prune_outbox(p_keep interval default null) returns bigint
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  -- So many at once, that nobody waits for it.
  most constant integer := 10000;
  keep interval := p_keep;
  setting text;
  pruned bigint;
begin
  if keep is null then
    setting := coalesce(nullif(current_setting('marketbase.outbox_retention', true), ''), '30 days');
    if not pg_input_is_valid(setting, 'interval') then
      raise exception using
        errcode = 'MB001',
        message = format('the setting marketbase.outbox_retention is %L, which is no span of time', setting),
        hint = 'alter database … set marketbase.outbox_retention = ''30 days''.';
    end if;
    keep := setting::interval;
  end if;
  if keep < interval '1 day' then
    raise exception using
      errcode = 'MB001',
      message = format('what was delivered is kept for a day at least, not for %s', keep),
      hint = 'Such as 30 days.';
  end if;
  with old as (
    select event.event_id
    from pipeline.outbox_event as event
    where event.created_at < now() - keep
      -- An earlier release sealed them in the audit chain: what lies in a block stays.
      and event.created_at > coalesce((select max(block.sealed_at) from lineage.audit_block as block where block.stream = 'pipeline.outbox_event'), '-infinity')
      and not exists (
        select
        from pipeline.outbox_delivery as delivery
        where delivery.event_id = event.event_id and (delivery.delivered_at is null or delivery.delivered_at >= now() - keep)
      )
    order by event.created_at
    limit most
  ),
  way as (
    delete from pipeline.outbox_delivery as delivery using old where delivery.event_id = old.event_id
  ),
  gone as (
    delete from pipeline.outbox_event as event using old where event.event_id = old.event_id returning event.event_id
  )
  select count(*) into pruned from gone;
  return pruned;
end
$$;

comment on function pipeline.prune_outbox(interval) is
E'@behavior -*\nDeletes events that every destination took p_keep ago or earlier, 10,000 at most, the oldest first, and returns how many; those of which a destination was removed count as taken by it. What waits, or was given up, stays. p_keep NULL: the setting marketbase.outbox_retention (alter database … set marketbase.outbox_retention = ''90 days''), 30 days without it.\nErrors: MB001 for less than a day, and for a setting that is no interval.';

revoke all on function pipeline.prune_outbox(interval) from public;
grant execute on function pipeline.prune_outbox(interval) to marketbase_worker;
--! EndIncluded pipeline/outbox/prune_outbox.sql
--! Included pipeline/runs/sweep_runs.sql
-- Runs whose worker is gone are handed out again; the clock is the database's.
create or replace function pipeline.sweep_runs(p_silence interval default '60 seconds') returns integer
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  most_losses constant integer := 25;
  swept integer := 0;
  lost record;
begin
  for lost in
    select run.run_id, run.root_run_id, run.stage, run.lost_count + 1 as lost_count, run.worker, job.locked_by
    from pipeline.pipeline_run run
    left join graphile_worker.jobs job on job.key = 'run:' || run.run_id
    where run.status = 'running'
      and not (run.parent_run_id is null and exists (select from pipeline.pipeline_run child where child.parent_run_id = run.run_id))
      and (
        run.heartbeat_at < clock_timestamp() - p_silence
        -- a worker whose connections are gone cannot come back; the pause spares one that is just reconnecting, and
        -- a heartbeat of the future comes from a clock that was set back
        or (
          run.heartbeat_at not between clock_timestamp() - least(p_silence, interval '2 seconds') and clock_timestamp() + interval '10 seconds'
          and not exists (select from pg_stat_activity session where session.application_name = run.worker)
        )
      )
    order by run.run_id
    for update of run skip locked
  loop
    swept := swept + 1;
    update pipeline.pipeline_run set lost_count = lost.lost_count where run_id = lost.run_id;
    if lost.stage = 0 then
      perform pipeline.fail_run(lost.run_id, '57P01', format('its process (%s) ended before the work was done; start it again', lost.worker));
    else
      if lost.locked_by is not null then
        perform graphile_worker.force_unlock_workers(array[lost.locked_by]);
      end if;
      if lost.lost_count >= most_losses then
        -- what ended that many workers would end the next one too
        perform pipeline.fail_run(lost.run_id, '57P01', format('its worker ended %s times before the work was done, last %s; it is not tried again', lost.lost_count, lost.worker));
        perform graphile_worker.remove_job('run:' || lost.run_id);
        perform pipeline.advance_flow(lost.root_run_id);
      else
        perform pipeline.requeue_run(lost.run_id, format('taken back from %s, which ended', lost.worker));
        perform pipeline.enqueue_run(lost.run_id);
      end if;
    end if;
  end loop;
  -- a kill between a job and its run leaves the job locked, although nobody carries it out
  perform graphile_worker.force_unlock_workers(array_agg(distinct job.locked_by))
  from graphile_worker.jobs job
  join pipeline.pipeline_run run on job.key = 'run:' || run.run_id
  where job.locked_at < clock_timestamp() - least(p_silence, interval '10 seconds') and run.status <> 'running'
  having count(*) > 0;
  -- a kill between the end of a step and the start of the next stage leaves a root without work
  perform pipeline.advance_flow(root.run_id)
  from pipeline.pipeline_run root
  where root.status = 'running' and root.parent_run_id is null
    and exists (select from pipeline.pipeline_run child where child.parent_run_id = root.run_id and child.stage > 0);
  return swept;
end
$$;

comment on function pipeline.sweep_runs(interval) is
'Gives back the work of workers that are gone: a run without a heartbeat for p_silence, or whose process has no connection any more, is queued again with its job unlocked when it is a step of a flow, and closed as failed when a person asked for it directly or when twenty-five workers ended over it (pipeline.dead_letter). Returns how many runs were swept. Called by every worker at its start and with its heartbeat.';

revoke all on function pipeline.sweep_runs(interval) from public;
grant execute on function pipeline.sweep_runs(interval) to marketbase_worker;
--! EndIncluded pipeline/runs/sweep_runs.sql
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
    when not ingest.is_time_zone(p_time_zone) then format('there is no time zone named "%s"', p_time_zone)
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
p_look_back_days before are fetched along, of a universe for each member the days of its membership. Returns the schedule with the moment at which it is due. MB001 for arguments that make no sense, MB008 when the name is taken.';

revoke all on function pipeline.add_schedule(text, text, text, text[], text, text, text, interval, text, integer) from public;
grant execute on function pipeline.add_schedule(text, text, text, text[], text, text, text, interval, text, integer) to marketbase_worker;
--! EndIncluded pipeline/schedule/add_schedule.sql
--! Included pipeline/schedule/start_due.sql
-- Every worker asks now and then what is due; what was missed is made up once.
create or replace function pipeline.start_due() returns integer
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  due pipeline.schedule;
  today date;
  backfill_id bigint;
  trouble text;
  started integer := 0;
begin
  for due in
    select * from pipeline.schedule where not schedule.is_paused and schedule.next_at <= clock_timestamp() order by schedule.name for update skip locked
  loop
    backfill_id := null;
    trouble := null;
    today := (clock_timestamp() at time zone due.time_zone)::date;
    begin
      backfill_id := pipeline.start_backfill(due.provider, due.dataset, due.symbols, today - due.look_back_days, today, null, 'all', p_universe => due.universe);
      started := started + 1;
    exception
      -- one schedule that cannot be started does not stop the others
      when others then
        trouble := sqlerrm;
    end;
    update pipeline.schedule
    set
      next_at = pipeline.next_due(due.cron, due.time_zone, due.after_close, due.delay, clock_timestamp()),
      last_at = clock_timestamp(), last_run_id = coalesce(backfill_id, schedule.last_run_id), last_message = trouble
    where schedule.name = due.name;
  end loop;
  return started;
end
$$;

comment on function pipeline.start_due() is
'Starts a backfill for each schedule that is due and not paused, over the days that it looks back (of a universe: for each member those of its membership), and sets when it is due next: after now, so that what was missed is made up once. A schedule that cannot be started says why in last_message and comes again at its next turn.
Returns how many were started. Called by every worker with its heartbeat; two at once start nothing twice.';

revoke all on function pipeline.start_due() from public;
grant execute on function pipeline.start_due() to marketbase_worker;
--! EndIncluded pipeline/schedule/start_due.sql
--! Included pipeline/stale/mark_stale_cross_section.sql
-- Changed vectors of a first stage make the cross-sections at their times out of date.
create or replace function pipeline.mark_stale_cross_section() returns trigger
language plpgsql
set search_path to pg_catalog, pg_temp
as $$
begin
  insert into feature.stale_cross_section (feature_set_id, from_ts, to_ts, reason)
  select island.feature_set_id, min(island.ts), max(island.ts), format('%s of %I.%I', lower(tg_op), tg_table_schema, tg_table_name)
  from (
    select moment.feature_set_id, moment.ts, sum(moment.begins) over (partition by moment.feature_set_id order by moment.ts) as number
    from (
      -- Times that lie closer than a long weekend are one span.
      select
        changed.feature_set_id, changed.ts,
        case when changed.ts - lag(changed.ts) over (partition by changed.feature_set_id order by changed.ts) <= interval '4 days' then 0 else 1 end as begins
      from (
        -- Joined first, so that nothing is read where no set compares.
        select distinct parent.feature_set_id, changed.ts
        from changed
        join feature.feature_set_version as parent on parent.base_version_id = changed.feature_set_version_id and parent.is_current
      ) as changed
    ) as moment
  ) as island
  group by island.feature_set_id, island.number;
  return null;
end
$$;

comment on function pipeline.mark_stale_cross_section() is
'Trigger: marks in feature.stale_cross_section the times of changed vectors for the set that compares them; in the same transaction, so that a change is never without its mark.';

revoke all on function pipeline.mark_stale_cross_section() from public;

create or replace trigger _410_stale_insert after insert on feature.feature_vector
  referencing new table as changed
  for each statement execute function pipeline.mark_stale_cross_section();
create or replace trigger _410_stale_update after update on feature.feature_vector
  referencing new table as changed
  for each statement execute function pipeline.mark_stale_cross_section();
create or replace trigger _410_stale_delete after delete on feature.feature_vector
  referencing old table as changed
  for each statement execute function pipeline.mark_stale_cross_section();
--! EndIncluded pipeline/stale/mark_stale_cross_section.sql
--! Included pipeline/steps/validation_outcome.sql
-- What a validating step says: its checks, counted.
create or replace function pipeline.validation_outcome(p_run_id bigint) returns pipeline.step_outcome
language sql stable parallel safe
begin atomic
  select
    coalesce(sum(result.checked_count), 0)::bigint,
    count(*),
    jsonb_build_object(
      'passed', count(*) filter (where result.status = 'passed'),
      'failed', count(*) filter (where result.status = 'failed'),
      'warned', count(*) filter (where result.status = 'warned'),
      'alarming', count(*) filter (where result.status = 'failed' and result.severity <> 'info'),
      'not_applicable', count(*) filter (where result.status = 'not_applicable'),
      'findings', coalesce(sum(result.failed_count) filter (where result.status = 'failed'), 0),
      'masked', coalesce(sum(result.masked_count), 0)
    ),
    format('%s checks passed, %s%s failed with %s findings%s%s',
      count(*) filter (where result.status = 'passed'),
      case when count(*) filter (where result.status = 'warned') > 0 then format('%s gave a warning, ', count(*) filter (where result.status = 'warned')) else '' end,
      count(*) filter (where result.status = 'failed'), coalesce(sum(result.failed_count) filter (where result.status = 'failed'), 0),
      ': ' || string_agg(distinct result.rule, ', ' order by result.rule) filter (where result.status = 'failed'),
      case when sum(result.masked_count) > 0 then format('; %s rows masked by known incidents', sum(result.masked_count)) end)
  from quality.validation_result result
  where result.run_id = p_run_id;
end;

comment on function pipeline.validation_outcome(bigint) is
'The checks of run p_run_id as the outcome of a step: rows looked at, results written, counts by status (alarming: failed and not of severity info), the rules that failed, and how many rows known incidents masked.';

revoke all on function pipeline.validation_outcome(bigint) from public;
grant execute on function pipeline.validation_outcome(bigint) to marketbase_worker;
--! EndIncluded pipeline/steps/validation_outcome.sql
--! Included quality/anomalies/end_incident.sql
-- Says that what was known to be bad is good again.
create or replace function quality.end_incident(p_known_incident_id bigint, p_at timestamptz default null)
returns quality.known_incident
language plpgsql
volatile
parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_at constant timestamptz := coalesce(p_at, now());
  v_incident quality.known_incident;
begin
  perform pg_advisory_xact_lock(hashtextextended('quality.known_incident', 0));
  select incident.* into v_incident from quality.known_incident as incident where incident.known_incident_id = p_known_incident_id;
  if not found then
    raise exception using errcode = 'MB002',
      message = format('There is no incident %s.', coalesce(p_known_incident_id::text, 'null')), hint = 'select known_incident_id, reason from quality.known_incident lists them.';
  elsif v_incident.withdrawn_at is not null then
    raise exception using errcode = 'MB008',
      message = format('Incident %s was withdrawn.', p_known_incident_id), hint = 'It masks nothing; quality.record_incident records another one.';
  elsif v_at < v_incident.from_ts or v_at >= v_incident.to_ts then
    raise exception using errcode = 'MB008',
      message = format('Incident %s is on record from %s to %s.', p_known_incident_id, v_incident.from_ts, v_incident.to_ts),
      hint = 'It can end at a time between the two; quality.withdraw_incident takes it back as a whole.';
  end if;
  perform quality.withdraw_incident(p_known_incident_id);
  insert into quality.known_incident (dataset, instrument_id, provider, from_ts, to_ts, reason)
  values (v_incident.dataset, v_incident.instrument_id, v_incident.provider, v_incident.from_ts, v_at, v_incident.reason)
  returning * into v_incident;
  return v_incident;
end;
$$;

comment on function quality.end_incident(bigint, timestamptz) is
'Ends the incident p_known_incident_id at p_at (NULL: now): rows later than that are judged again. Nothing is overwritten: it is withdrawn and recorded anew, with the end; the new one is returned. Errors: MB002 where there is none, MB008 for one that was withdrawn or whose span does not contain p_at.';

revoke all on function quality.end_incident(bigint, timestamptz) from public;
grant execute on function quality.end_incident(bigint, timestamptz) to marketbase_worker, marketbase_author;
--! EndIncluded quality/anomalies/end_incident.sql
--! Included quality/anomalies/incident_of.sql
-- The known incident in which a row lies.
create or replace function quality.incident_of(p_dataset text, p_instrument_id bigint, p_ts timestamptz, p_provider text)
returns bigint
language sql
stable
parallel safe
return (
  select min(incident.known_incident_id)
  from quality.known_incident as incident
  where incident.withdrawn_at is null
    and incident.dataset = case p_dataset
      when 'candidate_bar' then 'price_data'
      when 'candidate_fact' then 'company_fundamental'
      when 'online_vector' then 'feature_vector'
      else p_dataset
    end
    and coalesce(p_ts, now()) between incident.from_ts and incident.to_ts
    and (incident.instrument_id is null or incident.instrument_id = p_instrument_id)
    and (
      incident.provider is null
      or incident.provider = p_provider
      or exists (
        select
        from market.price_data as bar
        where p_dataset = 'price_data'
          and bar.instrument_id = p_instrument_id
          and bar.bar_interval in ('1d', '1w')
          and bar.ts = p_ts
          and bar.provider = incident.provider
      )
      or exists (
        select
        from market.company_fundamental as fact
        where p_dataset = 'company_fundamental'
          and fact.instrument_id = p_instrument_id
          and fact.period_end = (p_ts at time zone 'UTC')::date
          and fact.provider = incident.provider
      )
    )
);

comment on function quality.incident_of(text, bigint, timestamptz, text) is
E'@behavior -*\nThe first incident on record (quality.known_incident, not withdrawn) that covers a row of the dataset of a rule p_dataset, of the instrument p_instrument_id and the provider p_provider, at p_ts; NULL for none. This is what masks a finding, for every rule that is a function. Candidates belong to the dataset in which they would be stored, online vectors to feature_vector. A finding without a time is about now. Where p_provider is NULL that of the stored bar or fact counts; a missing bar has none.';

revoke all on function quality.incident_of(text, bigint, timestamptz, text) from public;
grant execute on function quality.incident_of(text, bigint, timestamptz, text) to marketbase_worker, marketbase_author;
--! EndIncluded quality/anomalies/incident_of.sql
--! Included quality/anomalies/record_incident.sql
-- Records a span of data that is known to be bad.
create or replace function quality.record_incident(
  p_dataset text,
  p_from timestamptz,
  p_to timestamptz,
  p_reason text,
  p_instrument_id bigint default null,
  p_provider text default null
)
returns quality.known_incident
language plpgsql
volatile
parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_relation constant regclass := quality.dataset_relation(p_dataset);
  v_incident quality.known_incident;
begin
  if coalesce(trim(p_reason), '') = '' or p_from is null or p_to is null or p_to < p_from then
    raise exception using errcode = 'MB001',
      message = 'An incident has a first and a last time, in this order, and a reason.', hint = 'Say from when to when, and what happened.';
  elsif p_instrument_id is not null and quality.dataset_type(v_relation, 'instrument_id') is null
    or p_provider is not null and quality.dataset_type(v_relation, 'provider') is null
  then
    raise exception using errcode = 'MB001',
      message = format('%s does not say of which %s a row is.', v_relation, case when p_instrument_id is not null then 'instrument' else 'provider' end),
      hint = 'Leave it out: the incident then masks all rows of its time.';
  elsif p_instrument_id is not null and not exists (select from market.instrument as instrument where instrument.instrument_id = p_instrument_id) then
    raise exception using errcode = 'MB002', message = format('There is no instrument %s.', p_instrument_id), hint = 'select instrument_id, symbol from market.instrument lists them.';
  elsif p_provider is not null and not exists (select from ingest.provider as provider where provider.provider = p_provider) then
    raise exception using errcode = 'MB002', message = format('There is no provider %s.', quote_literal(left(p_provider, 80))), hint = 'select provider from ingest.provider lists them.';
  end if;
  insert into quality.known_incident (dataset, instrument_id, provider, from_ts, to_ts, reason)
  select relation.relname, p_instrument_id, p_provider, p_from, p_to, p_reason
  from pg_class as relation
  where relation.oid = v_relation
  returning * into v_incident;
  return v_incident;
end;
$$;

comment on function quality.record_incident(text, timestamptz, timestamptz, text, bigint, text) is
'Records that the rows of p_dataset from p_from to p_to, both included, of the instrument p_instrument_id and the provider p_provider (NULL: all) are known to be bad, and why. From then on no rule keeps a finding about them (quality.incident_of) and expectations do not judge them; rules on metrics leave them out of what is usual; what is open about them is masked by the next look. An incident that goes on has p_to infinity, until quality.end_incident ends it. Errors: MB001 for a span or reason that is none or a dataset without the column, MB002 for an unknown instrument or provider, MB003 for an unknown dataset.';

revoke all on function quality.record_incident(text, timestamptz, timestamptz, text, bigint, text) from public;
grant execute on function quality.record_incident(text, timestamptz, timestamptz, text, bigint, text) to marketbase_worker, marketbase_author;
--! EndIncluded quality/anomalies/record_incident.sql
--! Included quality/anomalies/withdraw_incident.sql
-- Takes back that a span of data is known to be bad.
create or replace function quality.withdraw_incident(p_known_incident_id bigint)
returns quality.known_incident
language plpgsql
volatile
parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_incident quality.known_incident;
begin
  update quality.known_incident
  set withdrawn_by = coalesce(nullif(current_setting('role'), 'none'), session_user), withdrawn_at = now()
  where known_incident_id = p_known_incident_id and withdrawn_at is null;
  select incident.* into v_incident from quality.known_incident as incident where incident.known_incident_id = p_known_incident_id;
  if not found then
    raise exception using errcode = 'MB002',
      message = format('There is no incident %s.', coalesce(p_known_incident_id::text, 'null')), hint = 'select known_incident_id, reason from quality.known_incident lists them.';
  end if;
  return v_incident;
end;
$$;

comment on function quality.withdraw_incident(bigint) is
'Takes back the incident p_known_incident_id: its rows are judged again, by the next look. It stays on record with who withdrew it; withdrawing twice changes nothing. Errors: MB002 where there is none.';

revoke all on function quality.withdraw_incident(bigint) from public;
grant execute on function quality.withdraw_incident(bigint) to marketbase_worker, marketbase_author;
--! EndIncluded quality/anomalies/withdraw_incident.sql
--! Included quality/bar_defects.sql
-- What is wrong with bars, row by row, as of a moment.
create or replace function quality.bar_defects(p_instrument_id bigint, p_from date, p_to date, p_as_of timestamptz)
returns table (
  severity text,
  rule text,
  rule_version text,
  state text,
  instrument_id bigint,
  symbol text,
  session_date date,
  source text,
  row_no bigint,
  message text
)
language sql
stable
parallel safe
begin atomic
  with defect as materialized (
    select finding.*, (finding.ts at time zone 'UTC')::date as day
    from quality.findings_as_of(p_as_of) as finding
    join quality.validation_rule as known on known.rule = finding.rule and known.version = finding.rule_version
    where finding.dataset in ('candidate_bar', 'price_data')
      and known.family in ('structure', 'prices', 'actions', 'calendar')
      and finding.state <> 'resolved'
      and p_instrument_id in (0, finding.instrument_id)
      and (finding.ts at time zone 'UTC')::date between p_from and p_to
  )
  select
    defect.severity, defect.rule, defect.rule_version, defect.state, defect.instrument_id, coalesce(instrument.symbol, defect.key ->> 'symbol'), defect.day,
    defect.subject, (defect.key ->> 'row_no')::bigint, defect.message
  from defect
  left join market.instruments_as_of(p_as_of) as instrument on instrument.instrument_id = defect.instrument_id
  -- A session whose row was refused is not missing at the vendor.
  where not (
    defect.rule = 'price_no_gap'
    and exists (
      select
      from defect as refused
      where refused.dataset = 'candidate_bar' and refused.severity = 'critical' and refused.instrument_id = defect.instrument_id and refused.day = defect.day
    )
  );
end;

comment on function quality.bar_defects(bigint, date, date, timestamptz) is
'Findings of the rules of bars (structure, prices, actions, calendar) that were not resolved at p_as_of, one row each, with a session from p_from to p_to, of the instrument p_instrument_id (0: all): severity, rule with its version, state, instrument and its symbol then, session; of refused rows the source and the number of the row in it; the message. Findings on a series as a whole have no session and are left out, and so are gaps where a row came and was refused. No order. No row for NULL.';

revoke all on function quality.bar_defects(bigint, date, date, timestamptz) from public;
grant execute on function quality.bar_defects(bigint, date, date, timestamptz) to marketbase_analyst, marketbase_auditor;
--! EndIncluded quality/bar_defects.sql
--! Included quality/define_rule.sql
-- Registers a rule and puts its newest content in force.
-- security definer: an author may define rules but owns no table; what is written was checked, and a rule that is a function stays with the worker and the owner.
create or replace function quality.define_rule(
  p_rule text,
  p_dataset text,
  p_family text default 'custom',
  p_severity text default 'error',
  p_parameters jsonb default '{}',
  p_description text default null,
  p_remedy text default null,
  p_population text default null,
  p_expectation text default null,
  p_expression text default null
)
returns quality.validation_rule
language plpgsql
volatile
parallel unsafe
security definer
set search_path to pg_catalog, pg_temp
as $$
declare
  v_expectation constant text := coalesce(p_expectation, case when p_expression is not null then 'condition' end);
  v_is_candidate constant boolean := p_dataset in ('candidate_bar', 'candidate_fact', 'raw_response');
  v_counts_itself constant boolean := v_is_candidate or p_dataset = 'feature_set';
  v_dataset text := p_dataset;
  v_parameters jsonb := p_parameters;
  v_population text := coalesce(p_population, p_dataset);
  v_signature text;
  -- Rules on single bars are functions of one.
  v_bar_signature constant text := format(
    'quality.rule_%s(%s, jsonb)', p_rule, case p_dataset when 'price_data' then 'quality.judged_bar' when 'candidate_bar' then 'ingest.candidate_bar' end
  );
  v_counter_signature constant text := format(
    'quality.population_%s(bigint[], timestamp with time zone, timestamp with time zone)', v_population
  );
  v_function regprocedure;
  v_counter regprocedure;
  v_version text;
  v_in_force text;
  v_rule quality.validation_rule;
begin
  if p_rule is null or p_rule !~ '^[a-z][a-z0-9_]{1,57}$' then
    raise exception using errcode = 'MB001',
      message = format('%s is not a name for a rule.', coalesce(quote_literal(left(p_rule, 80)), 'null')),
      hint = 'Use lower case letters, digits and underscores, at most 58, beginning with a letter.';
  elsif p_severity is null or p_severity not in ('critical', 'error', 'warning', 'info') then
    raise exception using errcode = 'MB001',
      message = format('%s is not a severity.', coalesce(quote_literal(left(p_severity, 40)), 'null')), hint = 'It is critical, error, warning or info.';
  elsif coalesce(trim(p_description), '') = '' or coalesce(trim(p_remedy), '') = '' then
    raise exception using errcode = 'MB001',
      message = format('Rule %s has no %s.', p_rule, case when coalesce(trim(p_description), '') = '' then 'description' else 'remedy' end),
      hint = 'Say what it means when the rule fails (description) and what to do then (remedy).';
  end if;
  perform quality.refuse_other_kind(p_rule, v_expectation is not null);

  if v_expectation is not null then
    if p_population is not null then
      raise exception using errcode = 'MB001', message = 'An expectation counts for itself and has no population.', hint = 'Leave the population out.';
    elsif p_expression is not null then
      if v_expectation <> 'condition' then
        raise exception using errcode = 'MB001', message = format('%s takes no expression.', v_expectation), hint = 'Give either an expression or an expectation.';
      end if;
      v_parameters := jsonb_build_object('expression', p_expression) || v_parameters;
    end if;
    v_parameters := quality.check_expectation(p_dataset, v_expectation, v_parameters);
    select relation.relname into v_dataset from pg_class as relation where relation.oid = quality.dataset_relation(p_dataset);
    v_population := v_dataset;
    select format('quality.expect_%s(quality.expectation_frame, text, jsonb)', known.family) into v_signature
    from quality.expectation as known
    where known.expectation = v_expectation;
    v_function := v_signature::regprocedure;
  else
    v_signature := format(
      'quality.rule_%s(%s)',
      p_rule,
      case
        when v_is_candidate then 'bigint, jsonb'
        when p_dataset = 'feature_set' then 'text, jsonb'
        else 'bigint[], timestamp with time zone, timestamp with time zone, jsonb'
      end
    );
    v_function := coalesce(case when p_dataset in ('price_data', 'candidate_bar') then to_regprocedure(v_bar_signature) end, to_regprocedure(v_signature));
    if v_function is null then
      raise exception using errcode = 'MB003',
        message = format('Rule %s has no function %s.', p_rule, v_signature),
        hint = 'Create the function first (sql-functions/quality/README.md shows one), or give an expectation or an expression.';
    end if;
    if not v_counts_itself then
      v_counter := to_regprocedure(v_counter_signature);
      if v_counter is null then
        raise exception using errcode = 'MB003',
          message = format('Rule %s has no population: there is no function %s.', p_rule, v_counter_signature),
          hint = 'Name one of sql-functions/quality/populations.';
      end if;
    elsif v_population <> p_dataset then
      raise exception using errcode = 'MB001',
        message = format('The population of rule %s can only be %s.', p_rule, p_dataset),
        hint = 'Leave the population out for a rule on candidates or on sets.';
    end if;
  end if;

  v_version := left(encode(sha256(convert_to(
    (
      jsonb_build_array(
        quality.rule_definitions(v_function)
          || case when p_dataset = 'price_data' and v_function = to_regprocedure(v_bar_signature)
            then quality.rule_definitions('quality.judged_bars(bigint[], timestamp with time zone, timestamp with time zone)')
          end,
        quality.rule_definitions(v_counter),
        v_dataset, p_family, p_severity, v_parameters, v_population, p_description, p_remedy
      ) || case when v_expectation is not null then jsonb_build_array(v_expectation) else '[]' end
    )::text, 'UTF8')), 'hex'), 12);

  -- One definition of a rule at a time: two sessions that replay the files must not both activate it.
  perform pg_advisory_xact_lock(hashtextextended('quality.define_rule ' || p_rule, 0));

  insert into quality.validation_rule (
    rule, version, dataset, family, severity, parameters, population, function_name, description, remedy, expectation
  )
  values (
    p_rule, v_version, v_dataset, p_family, p_severity, v_parameters, v_population,
    split_part(v_signature, '(', 1), p_description, p_remedy, v_expectation
  )
  on conflict (rule, version) do nothing;

  select activation.version into v_in_force
  from quality.rule_activation as activation
  where activation.rule = p_rule
  order by activation.in_force_from desc
  limit 1;

  if v_in_force is distinct from v_version then
    insert into quality.rule_activation (rule, version) values (p_rule, v_version);
  end if;

  select r.* into strict v_rule
  from quality.validation_rule as r
  where r.rule = p_rule and r.version = v_version;
  return v_rule;
end;
$$;

comment on function quality.define_rule(text, text, text, text, jsonb, text, text, text, text, text) is
'Registers the rule p_rule and puts it in force. Content decides: what is registered already changes nothing; a changed function (or a function of this schema that it calls), severity, parameter or wording is a new version; an earlier content that returns is its earlier version again.
Without p_expectation and p_expression the rule is the function quality.rule_<p_rule>, which must exist. p_dataset is then candidate_bar, candidate_fact or, for bodies as a whole, raw_response (function of (raw_response_id bigint, parameters jsonb), for candidate_bar better of (candidate ingest.candidate_bar, parameters jsonb), which gives one quality.violation or NULL); price_data, company_fundamental, feature_vector, model_prediction or online_vector (function of (instrument_ids bigint[], from timestamptz, to timestamptz, parameters jsonb), for price_data better of (bar quality.judged_bar, parameters jsonb), which gives one quality.violation or NULL); feature_set (function of (set text, parameters jsonb), which gives a quality.set_verdict and is asked by quality.validate_set). p_population: which quality.population_<name> counts the rows that the rule looks at; by default that of the dataset. Only the worker and the owner may define such a rule.
With p_expectation it is one of quality.expectation on any table or view p_dataset that readers may read; with p_expression a condition on its columns, such as close between low and high (quality.compile_condition). An author may define it: select quality.define_rule(''close_band'', ''price_data'', p_expectation => ''values_between'', p_parameters => ''{"column": "close", "min": 0.01}'', p_severity => ''warning'', p_description => …, p_remedy => …).
p_family: a word by which rules are found; custom unless said. p_severity: critical (a candidate is quarantined), error, warning or info. p_parameters: thresholds, a JSON object; max_findings (default 1000) limits the stored findings of one result. p_description: what it means when the rule fails. p_remedy: what to do then.
Errors: MB001 for a name, severity, parameter or expression that is none or a population that does not fit, MB003 where the function, population, dataset or expectation does not exist, MB008 for a name that belongs to a rule of the other kind, 42501 where an author defines a rule that is a function.';

revoke all on function quality.define_rule(text, text, text, text, jsonb, text, text, text, text, text) from public;
grant execute on function quality.define_rule(text, text, text, text, jsonb, text, text, text, text, text) to marketbase_worker, marketbase_author;
--! EndIncluded quality/define_rule.sql
--! Included quality/expectations/expectation_verdicts.sql
-- What an expectation of a dataset finds; nothing is stored.
create or replace function quality.expectation_verdicts(
  p_dataset text,
  p_expectation text,
  p_parameters jsonb,
  p_instrument_ids bigint[] default null,
  p_from timestamptz default null
)
returns setof quality.expectation_verdict
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_from constant timestamptz := coalesce(p_from, '-infinity');
  v_instrument_ids constant bigint[] := coalesce(
    p_instrument_ids, array(select instrument.instrument_id from market.instrument as instrument order by instrument.instrument_id)
  );
  v_warn constant jsonb := quality.level_parameters(p_parameters, 'warn');
begin
  perform quality.check_parameters(p_dataset, p_expectation, p_parameters);
  return query
  with said as (
    -- The gravest level that was reached, else that of failures.
    select distinct on (coalesce(level.instrument_id, 0))
      level.*, case when level.outcome = 'failed' then level.name when level.checked > 0 then 'passed' else 'not_applicable' end as verdict
    from (
      select 'failed', found.*
      from quality.level_verdicts(p_dataset, p_expectation, quality.level_parameters(p_parameters, 'fail'), v_instrument_ids, v_from) as found
      union all
      select 'warned', found.*
      from quality.level_verdicts(p_dataset, p_expectation, v_warn, v_instrument_ids, v_from) as found
      where v_warn is not null
    ) as level (name, instrument_id, outcome, checked, failed, masked, first_ts, last_ts, message, violations)
    order by coalesce(level.instrument_id, 0), level.outcome, level.name
  )
  select
    said.instrument_id, said.verdict, said.checked, said.failed, said.masked, said.first_ts, said.last_ts,
    quality.verdict_message(said.verdict, said.checked, said.failed, said.masked, said.violations[1].message), said.violations
  from said
  order by said.instrument_id;
end;
$$;

comment on function quality.expectation_verdicts(text, text, jsonb, bigint[], timestamptz) is
'What p_expectation of p_dataset with p_parameters (see quality.expectation) says of each of the instruments p_instrument_ids (NULL: all) from p_from on (NULL: from the beginning), or of the dataset as a whole where its groups are not instruments. Writes nothing.
A verdict is failed by the parameters with those of fail in place of their like, else warned by those with warn, else passed, or not_applicable where nothing was judged. failed_count counts what is not as expected, also where mostly tolerates it. Errors: as quality.expectation_plan, and what the query runs into, such as a division by zero in a condition.';

revoke all on function quality.expectation_verdicts(text, text, jsonb, bigint[], timestamptz) from public;
grant execute on function quality.expectation_verdicts(text, text, jsonb, bigint[], timestamptz) to marketbase_worker, marketbase_author;
--! EndIncluded quality/expectations/expectation_verdicts.sql
--! Included quality/findings/finding_states.sql
-- The state of every finding, as of a moment.
create or replace function quality.finding_states(p_as_of timestamptz default 'infinity')
returns setof quality.finding_state
language sql
stable
parallel safe
begin atomic
  select
    latest.finding_id,
    case when latest.event = 'opened' or (latest.event = 'acknowledged' and latest.until <= least(p_as_of, now())) then 'open' else latest.event end,
    case when latest.event = 'acknowledged' and latest.until <= least(p_as_of, now()) then latest.until else latest.recorded_at end,
    latest.decided_by, coalesce(latest.reason, incident.reason), latest.until, latest.validation_result_id, latest.run_id
  from (
    select distinct on (event.finding_id) event.*
    from quality.finding_event as event
    where event.recorded_at <= p_as_of
    order by event.finding_id, event.finding_event_id desc
  ) as latest
  left join quality.known_incident as incident on incident.known_incident_id = latest.known_incident_id;
end;

comment on function quality.finding_states(timestamptz) is
E'@behavior -*\nThe state of each finding that was recorded by p_as_of (default: all that is recorded): its last event. open: seen and not decided, or acknowledged until a time that has passed; acknowledged; reopened: seen again after a look had found it right, or taken back by a person; resolved; masked: the last look did not judge it because of a known incident, whose reason is given.';

revoke all on function quality.finding_states(timestamptz) from public;
grant execute on function quality.finding_states(timestamptz) to marketbase_reader;
--! EndIncluded quality/findings/finding_states.sql
--! Included quality/findings/reopen.sql
-- Takes back an acknowledgement or a resolution.
create or replace function quality.reopen(p_finding_ids bigint[], p_by text, p_reason text)
returns setof quality.finding_event
language plpgsql
volatile
parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_wrong text;
begin
  perform quality.require_decision(p_by, p_reason);
  perform quality.lock_known_findings(p_finding_ids);

  select format('Finding %s is %s already.', state.finding_id, state.state) into v_wrong
  from unnest(p_finding_ids) as asked (finding_id)
  join quality.finding_states() as state on state.finding_id = asked.finding_id
  where state.state in ('open', 'reopened')
  limit 1;
  if found then
    raise exception using errcode = 'MB008', message = v_wrong, hint = 'Only what is acknowledged, resolved or masked can be reopened.';
  end if;

  return query
  insert into quality.finding_event (finding_id, event, decided_by, reason)
  select asked.finding_id, 'reopened', p_by, p_reason
  from (select distinct finding_id from unnest(p_finding_ids) as finding_id) as asked
  order by asked.finding_id
  returning *;
end;
$$;

comment on function quality.reopen(bigint[], text, text) is
'Takes back that the findings p_finding_ids are acknowledged, resolved or masked: p_by is the person, p_reason why. The next look decides about them again. All or none; returns the events that were recorded.
Errors: MB001 without person, reason or findings, MB002 for an unknown finding, MB008 for one that is open.';

revoke all on function quality.reopen(bigint[], text, text) from public;
grant execute on function quality.reopen(bigint[], text, text) to marketbase_worker, marketbase_author;
--! EndIncluded quality/findings/reopen.sql
--! Included quality/findings/track_results.sql
-- Follows findings from look to look: opens, reopens and resolves them.
create or replace function quality.track_results(p_validation_result_ids bigint[], p_since timestamptz)
returns void
language plpgsql
volatile
parallel unsafe
set search_path to pg_catalog, pg_temp
set work_mem to '64MB'
-- How many findings there are decides the plan; and what a table held when it was analysed last says nothing of what this call puts into it.
set plan_cache_mode to force_custom_plan
set enable_seqscan to off
as $$
declare
  v_looks quality.look[];
  v_seen quality.seen_finding[];
begin
  -- Only looks that saw something, or that may have found right what others saw.
  select array_agg(looked) into v_looks
  from (
    select
      result.validation_result_id, result.recorded_at, result.rule, scope.scope, result.dataset, result.feature_set_version_id,
      response.provider, case when result.dataset <> 'raw_response' then response.subject end,
      result.from_ts, case when response.provider is not null then result.to_ts end, result.run_id,
      result.status = 'passed' or result.failed_count = kept.finding_count
    from quality.validation_result as result
    left join ingest.raw_response as response on response.raw_response_id = result.raw_response_id
    cross join lateral (
      select case
        when result.dataset = 'raw_response' then format('body %s %s', response.provider, response.dataset)
        when response.provider is not null then format('body %s %s %s', response.provider, response.dataset, response.subject)
        when result.feature_set_version_id is not null then format('set %s', result.feature_set_version_id)
        when result.instrument_id is not null then format('instrument %s', result.instrument_id)
        else format('dataset %s', result.dataset)
      end as scope
    ) as scope
    cross join lateral (
      select case
        when result.failed_count = 0 then 0
        else (
          select count(*)
          from quality.validation_finding as finding
          where finding.validation_result_id = result.validation_result_id and finding.recorded_at = result.recorded_at
        )
      end as finding_count
    ) as kept
    where result.validation_result_id = any (p_validation_result_ids)
      and result.recorded_at >= p_since
      and (
        kept.finding_count > 0
        or exists (select from quality.tracked_finding as tracked where tracked.rule = result.rule and tracked.scope = scope.scope)
      )
  ) as looked;
  if v_looks is null then
    return;
  end if;
  perform quality.lock_findings(array(select distinct look.scope from unnest(v_looks) as look));

  select array_agg(row(
    look.validation_result_id, look.recorded_at, look.run_id, finding.validation_finding_id,
    quality.finding_identity(look.rule, look.scope, finding.instrument_id, finding.ts, finding.key), null
  )::quality.seen_finding)
  into v_seen
  from unnest(v_looks) as look
  join quality.validation_finding as finding
    on finding.validation_result_id = look.validation_result_id and finding.recorded_at = look.recorded_at;

  insert into quality.tracked_finding (
    identity, rule, scope, dataset, instrument_id, feature_set_version_id, provider, subject, ts, key, recorded_at, run_id
  )
  select
    first.identity, look.rule, look.scope, look.dataset, finding.instrument_id, look.feature_set_version_id, look.provider, look.subject, finding.ts,
    finding.key, finding.recorded_at, look.run_id
  from (
    select distinct on (seen.identity) seen.*
    from unnest(v_seen) as seen
    where not exists (select from quality.tracked_finding as tracked where tracked.identity = seen.identity)
    order by seen.identity, seen.validation_finding_id
  ) as first
  join unnest(v_looks) as look on look.validation_result_id = first.validation_result_id
  join quality.validation_finding as finding
    on finding.validation_finding_id = first.validation_finding_id and finding.recorded_at = first.recorded_at
  order by first.validation_finding_id
  on conflict (identity) do nothing;

  select array_agg(row(
    seen.validation_result_id, seen.recorded_at, seen.run_id, seen.validation_finding_id, seen.identity, tracked.finding_id
  )::quality.seen_finding)
  into v_seen
  from unnest(v_seen) as seen
  join quality.tracked_finding as tracked on tracked.identity = seen.identity;

  insert into quality.finding_sighting (finding_id, recorded_at, validation_finding_id)
  select seen.finding_id, seen.recorded_at, seen.validation_finding_id
  from unnest(v_seen) as seen
  on conflict (finding_id, recorded_at, validation_finding_id) do nothing;

  -- Seen for the first time, or again after it had been found right or was masked.
  insert into quality.finding_event (finding_id, event, recorded_at, validation_result_id, run_id)
  select
    first.finding_id, case when last.event is null then 'opened' else 'reopened' end, first.recorded_at, first.validation_result_id, first.run_id
  from (
    select distinct on (seen.finding_id) seen.*
    from unnest(v_seen) as seen
    order by seen.finding_id, seen.validation_result_id
  ) as first
  left join lateral (
    select event.event, event.validation_result_id
    from quality.finding_event as event
    where event.finding_id = first.finding_id
    order by event.finding_event_id desc
    limit 1
  ) as last on true
  where last.event is null or (last.event in ('resolved', 'masked') and last.validation_result_id < first.validation_result_id)
  order by first.finding_id;

  -- Not seen by a look that would have seen it: one that kept all that it found, of the same scope, at the same time. It found it right, or did not judge
  -- it because of a known incident. What bodies look like as a whole is not decided by the next body.
  insert into quality.finding_event (finding_id, event, recorded_at, validation_result_id, run_id, known_incident_id)
  select distinct on (tracked.finding_id)
    tracked.finding_id, case when masking.incident_id is null then 'resolved' else 'masked' end, look.recorded_at, look.validation_result_id, look.run_id,
    masking.incident_id
  from unnest(v_looks) as look
  join quality.tracked_finding as tracked on tracked.rule = look.rule and tracked.scope = look.scope
  left join unnest(v_seen) as seen on seen.finding_id = tracked.finding_id and seen.validation_result_id = look.validation_result_id
  cross join lateral (
    select event.event, event.until
    from quality.finding_event as event
    where event.finding_id = tracked.finding_id
    order by event.finding_event_id desc
    limit 1
  ) as last
  cross join lateral (
    select quality.incident_of(tracked.dataset, tracked.instrument_id, tracked.ts, tracked.provider) as incident_id
  ) as masking
  where seen.finding_id is null
    and look.is_complete
    and look.dataset <> 'raw_response'
    and (tracked.ts is null or tracked.ts between look.from_ts and coalesce(look.to_ts, 'infinity'))
    and last.event <> 'resolved'
    -- What is masked stays so, and somebody who acknowledged it is not overruled.
    and (
      masking.incident_id is null
      or last.event <> 'masked' and (last.event <> 'acknowledged' or last.until <= now())
    )
    -- An older look says nothing about what was seen since.
    and not exists (
      select
      from quality.finding_sighting as sighting
      join quality.validation_finding as finding
        on finding.validation_finding_id = sighting.validation_finding_id and finding.recorded_at = sighting.recorded_at
      where sighting.finding_id = tracked.finding_id and sighting.recorded_at >= look.recorded_at
        and finding.validation_result_id > look.validation_result_id
    )
  order by tracked.finding_id, look.validation_result_id desc;
end;
$$;

comment on function quality.track_results(bigint[], timestamptz) is
E'@behavior -*\nWhat the results p_validation_result_ids (recorded at p_since or later) mean for findings: one that is seen for the first time is opened; one that is seen again is the same finding, and reopened where a look had found it right or it was masked; one that was not seen although the look would have seen it is resolved, or masked where it lies in a known incident (quality.incident_of) and nobody has acknowledged it. A look decides about its own rule and scope (an instrument, a version of a set, the bodies of a provider on a subject), from the first time that it looked at, in bodies also up to the last; a result that kept fewer findings than it counted resolves none. A look that was followed before, or that is older than what is known, changes nothing. The triggers of quality.validation_result and validation_finding call it.';

revoke all on function quality.track_results(bigint[], timestamptz) from public;
grant execute on function quality.track_results(bigint[], timestamptz) to marketbase_worker;
--! EndIncluded quality/findings/track_results.sql
--! Included quality/grants.sql
-- Who may do what with rules, results and findings: privileges say what, row-level security says which rows.
-- Readers see every row of what is published; only the worker writes, and never what the database fills in by itself.
grant usage on schema quality to marketbase_reader;

alter table quality.validation_rule enable row level security;
drop policy if exists validation_rule_read on quality.validation_rule;
create policy validation_rule_read on quality.validation_rule for select to marketbase_reader using (true);
drop policy if exists validation_rule_insert on quality.validation_rule;
create policy validation_rule_insert on quality.validation_rule for insert to marketbase_worker with check (true);
revoke all on quality.validation_rule from public, marketbase_reader, marketbase_worker;
grant select on quality.validation_rule to marketbase_reader;
grant insert (
  rule, version, dataset, family, severity, parameters, population, function_name, description, remedy
) on quality.validation_rule to marketbase_worker;

alter table quality.rule_activation enable row level security;
drop policy if exists rule_activation_read on quality.rule_activation;
create policy rule_activation_read on quality.rule_activation for select to marketbase_reader using (true);
drop policy if exists rule_activation_insert on quality.rule_activation;
create policy rule_activation_insert on quality.rule_activation for insert to marketbase_worker with check (true);
revoke all on quality.rule_activation from public, marketbase_reader, marketbase_worker;
grant select on quality.rule_activation to marketbase_reader;
grant insert (rule, version) on quality.rule_activation to marketbase_worker;

alter table quality.validation_result enable row level security;
drop policy if exists validation_result_read on quality.validation_result;
create policy validation_result_read on quality.validation_result for select to marketbase_reader using (true);
drop policy if exists validation_result_insert on quality.validation_result;
create policy validation_result_insert on quality.validation_result for insert to marketbase_worker with check (true);
revoke all on quality.validation_result from public, marketbase_reader, marketbase_worker;
grant select on quality.validation_result to marketbase_reader;
grant insert (
  rule, rule_version, dataset, instrument_id, raw_response_id, status, severity, checked_count, failed_count, from_ts, to_ts, message, run_id
) on quality.validation_result to marketbase_worker;

alter table quality.validation_finding enable row level security;
drop policy if exists validation_finding_read on quality.validation_finding;
create policy validation_finding_read on quality.validation_finding for select to marketbase_reader using (true);
drop policy if exists validation_finding_insert on quality.validation_finding;
create policy validation_finding_insert on quality.validation_finding for insert to marketbase_worker with check (true);
revoke all on quality.validation_finding from public, marketbase_reader, marketbase_worker;
grant select on quality.validation_finding to marketbase_reader;
grant insert (validation_result_id, instrument_id, ts, key, observed, expected, message) on quality.validation_finding to marketbase_worker;

-- Results on feature sets.
grant insert (feature_set_version_id) on quality.validation_result to marketbase_worker;

-- Rules that are expectations, results with warnings and known incidents. An author records and withdraws incidents by functions.
grant insert (expectation) on quality.validation_rule to marketbase_worker;
grant insert (masked_count) on quality.validation_result to marketbase_worker;

alter table quality.known_incident enable row level security;
drop policy if exists known_incident_read on quality.known_incident;
create policy known_incident_read on quality.known_incident for select to marketbase_reader using (true);
drop policy if exists known_incident_insert on quality.known_incident;
create policy known_incident_insert on quality.known_incident for insert to marketbase_worker, marketbase_author with check (true);
drop policy if exists known_incident_update on quality.known_incident;
create policy known_incident_update on quality.known_incident for update to marketbase_worker, marketbase_author
  using (withdrawn_at is null) with check (withdrawn_at is not null);
revoke all on quality.known_incident from public, marketbase_reader, marketbase_worker, marketbase_author;
grant select on quality.known_incident to marketbase_reader;
grant insert (dataset, instrument_id, provider, from_ts, to_ts, reason) on quality.known_incident to marketbase_worker, marketbase_author;
grant update (withdrawn_by, withdrawn_at) on quality.known_incident to marketbase_worker, marketbase_author;
-- Results of the past say as of when.
grant insert (as_of) on quality.validation_result to marketbase_worker;

-- Partitions are read through their tables.
alter table quality.validation_result_default enable row level security;
alter table quality.validation_finding_default enable row level security;
alter table quality.finding_sighting_default enable row level security;

-- The life of findings. The worker records what looks say; whoever may decide records decisions, and nothing else.
alter table quality.tracked_finding enable row level security;
drop policy if exists tracked_finding_read on quality.tracked_finding;
create policy tracked_finding_read on quality.tracked_finding for select to marketbase_reader using (true);
drop policy if exists tracked_finding_insert on quality.tracked_finding;
create policy tracked_finding_insert on quality.tracked_finding for insert to marketbase_worker with check (true);
revoke all on quality.tracked_finding from public, marketbase_reader, marketbase_worker;
grant select on quality.tracked_finding to marketbase_reader;
grant insert (
  identity, rule, scope, dataset, instrument_id, feature_set_version_id, provider, subject, ts, key, recorded_at, run_id
) on quality.tracked_finding to marketbase_worker;

alter table quality.finding_sighting enable row level security;
drop policy if exists finding_sighting_read on quality.finding_sighting;
create policy finding_sighting_read on quality.finding_sighting for select to marketbase_reader using (true);
drop policy if exists finding_sighting_insert on quality.finding_sighting;
create policy finding_sighting_insert on quality.finding_sighting for insert to marketbase_worker with check (true);
revoke all on quality.finding_sighting from public, marketbase_reader, marketbase_worker;
grant select on quality.finding_sighting to marketbase_reader;
grant insert (finding_id, recorded_at, validation_finding_id) on quality.finding_sighting to marketbase_worker;

alter table quality.finding_event enable row level security;
drop policy if exists finding_event_read on quality.finding_event;
create policy finding_event_read on quality.finding_event for select to marketbase_reader using (true);
drop policy if exists finding_event_insert on quality.finding_event;
create policy finding_event_insert on quality.finding_event for insert to marketbase_worker with check (true);
drop policy if exists finding_event_decide on quality.finding_event;
create policy finding_event_decide on quality.finding_event for insert to marketbase_author with check (decided_by is not null);
revoke all on quality.finding_event from public, marketbase_reader, marketbase_worker, marketbase_author;
grant select on quality.finding_event to marketbase_reader;
grant insert (
  finding_id, event, recorded_at, validation_result_id, run_id, decided_by, reason, until, known_incident_id
) on quality.finding_event to marketbase_worker;
grant insert (finding_id, event, decided_by, reason, until) on quality.finding_event to marketbase_author;

-- Gates and their releases.
alter table quality.gate enable row level security;
drop policy if exists gate_read on quality.gate;
create policy gate_read on quality.gate for select to marketbase_reader using (true);
drop policy if exists gate_insert on quality.gate;
create policy gate_insert on quality.gate for insert to marketbase_worker, marketbase_author with check (true);
revoke all on quality.gate from public, marketbase_reader, marketbase_worker, marketbase_author;
grant select on quality.gate to marketbase_reader;
grant insert (step, datasets, severities, rules, description) on quality.gate to marketbase_worker, marketbase_author;

alter table quality.gate_release enable row level security;
drop policy if exists gate_release_read on quality.gate_release;
create policy gate_release_read on quality.gate_release for select to marketbase_reader using (true);
drop policy if exists gate_release_insert on quality.gate_release;
create policy gate_release_insert on quality.gate_release for insert to marketbase_worker, marketbase_author with check (true);
revoke all on quality.gate_release from public, marketbase_reader, marketbase_worker, marketbase_author;
grant select on quality.gate_release to marketbase_reader;
grant insert (step, dataset, instrument_id, decided_by, reason, until, finding_count) on quality.gate_release to marketbase_worker, marketbase_author;
--! EndIncluded quality/grants.sql
--! Included quality/helpers/actions_between.sql
-- The splits and distributions on record of some days, taken together.
create or replace function quality.actions_between(p_instrument_id bigint, p_after date, p_to date)
returns quality.actions_taken
language sql
stable
parallel safe
begin atomic
  select row(
    coalesce(exp(sum(ln(action.amount)) filter (where action.action_type = 'split')), 1),
    coalesce(sum(action.amount) filter (where action.action_type <> 'split'), 0)
  )::quality.actions_taken
  from market.corporate_action as action
  where action.instrument_id = p_instrument_id and action.ex_date > p_after and action.ex_date <= p_to;
end;

comment on function quality.actions_between(bigint, date, date) is
'The splits and distributions (dividends and spin-offs) on record for an instrument with an ex-date after p_after, up to p_to, taken together. Without any, or for NULL, 1 and 0.';

revoke all on function quality.actions_between(bigint, date, date) from public;
grant execute on function quality.actions_between(bigint, date, date) to marketbase_worker;
--! EndIncluded quality/helpers/actions_between.sql
--! Included quality/helpers/bar_violations.sql
-- Applies rules on single bars to what is stored, all of them in one pass over the bars.
create or replace function quality.bar_violations(p_rules text[], p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_level text default 'fail')
returns setof quality.rule_violation
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_calls text;
  v_columns text;
  v_pairs text;
begin
  select
    string_agg(format('%s(bar, %L::jsonb)', (r.function_name || '(quality.judged_bar, jsonb)')::regprocedure::regproc, quality.level_parameters(r.parameters, p_level)), ', ' order by r.rule),
    string_agg(format('judged.%I', r.rule), ', ' order by r.rule),
    string_agg(format('(%L, judged.%I)', r.rule, r.rule), ', ' order by r.rule)
  into v_calls, v_columns, v_pairs
  from quality.rule_in_force as r
  where r.rule = any (p_rules) and quality.level_parameters(r.parameters, p_level) is not null;
  if v_calls is null then
    return;
  end if;
  -- The planner writes the conditions of the rules into this query: no function is called for a bar that satisfies them.
  return query execute format(
    'select said.rule, (said.violation).row_no, (said.violation).instrument_id, (said.violation).ts, (said.violation).key, (said.violation).observed,
       (said.violation).expected, (said.violation).message
     from (select %s from quality.judged_bars($1, $2, $3) as bar offset 0) as judged (%s)
     cross join lateral (values %s) as said (rule, violation)
     where num_nonnulls(%s) > 0 and num_nonnulls(said.violation) > 0',
    v_calls, replace(v_columns, 'judged.', ''), v_pairs, v_columns
  )
  using p_instrument_ids, p_from, p_to;
end;
$$;

comment on function quality.bar_violations(text[], bigint[], timestamptz, timestamptz, text) is
'What the rules p_rules, each a function of a quality.judged_bar, find wrong in the bars of the instruments from p_from to p_to at the level p_level (fail or warn, see quality.level_parameters); writes nothing. The bars are read once, whatever the number of rules. Errors: those of the rules.';

revoke all on function quality.bar_violations(text[], bigint[], timestamptz, timestamptz, text) from public;
grant execute on function quality.bar_violations(text[], bigint[], timestamptz, timestamptz, text) to marketbase_worker;
--! EndIncluded quality/helpers/bar_violations.sql
--! Included quality/helpers/candidate_bar_violations.sql
-- Applies rules on single candidates to the bars of a body, all of them in one pass.
create or replace function quality.candidate_bar_violations(p_rules text[], p_raw_response_id bigint)
returns setof quality.rule_violation
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_calls text;
  v_columns text;
  v_pairs text;
begin
  select
    string_agg(format('%s(bar, %L::jsonb)', (r.function_name || '(ingest.candidate_bar, jsonb)')::regprocedure::regproc, r.parameters), ', ' order by r.rule),
    string_agg(format('%I', r.rule), ', ' order by r.rule),
    string_agg(format('(%L, judged.%I)', r.rule, r.rule), ', ' order by r.rule)
  into v_calls, v_columns, v_pairs
  from quality.rule_in_force as r
  where r.rule = any (p_rules);
  if v_calls is null then
    return;
  end if;
  -- The planner writes the conditions of the rules into this query: no function is called for a bar that satisfies them.
  return query execute format(
    'select said.rule, (said.violation).row_no, (said.violation).instrument_id, (said.violation).ts, (said.violation).key, (said.violation).observed,
       (said.violation).expected, (said.violation).message
     from (select %s from ingest.candidate_bar as bar where bar.raw_response_id = $1 offset 0) as judged (%s)
     cross join lateral (values %s) as said (rule, violation)
     where num_nonnulls(%s) > 0 and num_nonnulls(said.violation) > 0',
    v_calls, v_columns, v_pairs, v_columns
  )
  using p_raw_response_id;
end;
$$;

comment on function quality.candidate_bar_violations(text[], bigint) is
'What the rules p_rules, each a function of an ingest.candidate_bar, find wrong in the candidates of the body p_raw_response_id; writes nothing. The candidates are read once, whatever the number of rules. Errors: those of the rules.';

revoke all on function quality.candidate_bar_violations(text[], bigint) from public;
grant execute on function quality.candidate_bar_violations(text[], bigint) to marketbase_worker;
--! EndIncluded quality/helpers/candidate_bar_violations.sql
--! Included quality/helpers/candidate_violation.sql
-- What a rule of candidates says of a bar that violates it.
create or replace function quality.candidate_violation(candidate ingest.candidate_bar, p_observed jsonb, p_expected text, p_message text)
returns quality.violation
language sql
stable
parallel safe
return row(
  candidate.row_no, candidate.instrument_id, candidate.ts, jsonb_build_object('row_no', candidate.row_no, 'symbol', candidate.symbol),
  p_observed, p_expected, p_message
)::quality.violation;

comment on function quality.candidate_violation(ingest.candidate_bar, jsonb, text, text) is
'A violation by the candidate: p_observed are the values that were seen, p_expected says in words what was expected, p_message what is wrong, in a sentence.';

revoke all on function quality.candidate_violation(ingest.candidate_bar, jsonb, text, text) from public;
grant execute on function quality.candidate_violation(ingest.candidate_bar, jsonb, text, text) to marketbase_worker;
--! EndIncluded quality/helpers/candidate_violation.sql
--! Included quality/helpers/candidate_violations.sql
-- Applies every rule in force to the candidates of a body.
create or replace function quality.candidate_violations(p_raw_response_id bigint, p_dataset text)
returns setof quality.rule_violation
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_bar_rules constant text[] := array(
    select r.rule
    from quality.rule_in_force as r
    where r.expectation is null and r.dataset = p_dataset and to_regprocedure(r.function_name || '(ingest.candidate_bar, jsonb)') is not null
    order by r.rule
  );
  v_each_alone boolean := false;
  v_rule quality.rule_in_force;
begin
  begin
    return query select v.* from quality.candidate_bar_violations(v_bar_rules, p_raw_response_id) as v;
  exception
    when query_canceled then
      raise;
    when others then
      -- Which of them it was shows when each is applied alone.
      v_each_alone := true;
  end;

  for v_rule in
    select r.*
    from quality.rule_in_force as r
    where r.expectation is null and r.dataset = p_dataset and (v_each_alone or r.rule <> all (v_bar_rules))
    order by r.rule
  loop
    begin
      if v_rule.rule = any (v_bar_rules) then
        return query select v.* from quality.candidate_bar_violations(array[v_rule.rule], p_raw_response_id) as v;
      else
        return query execute format(
          'select $1, v.row_no, v.instrument_id, v.ts, v.key, v.observed, v.expected, v.message from %s($2, $3) as v',
          (v_rule.function_name || '(bigint, jsonb)')::regprocedure::regproc
        )
        using v_rule.rule, p_raw_response_id, v_rule.parameters;
      end if;
    exception
      when query_canceled then
        raise;
      when others then
        raise exception using errcode = sqlstate,
          message = format('Rule %s (version %s) could not be applied: %s', v_rule.rule, v_rule.version, sqlerrm),
          hint = format('Correct %s in sql-functions/quality/rules, or take it out of force with quality.retire_rule.', v_rule.function_name);
    end;
  end loop;
end;
$$;

comment on function quality.candidate_violations(bigint, text) is
'What the rules in force for p_dataset (candidate_bar, candidate_fact or raw_response) find wrong in the candidates of the body p_raw_response_id, or in the body; writes nothing. Rules that are functions of a bar are applied together (quality.candidate_bar_violations), others each by itself. Errors: a rule that fails raises its own SQLSTATE with a message that names the rule.';

revoke all on function quality.candidate_violations(bigint, text) from public;
grant execute on function quality.candidate_violations(bigint, text) to marketbase_worker;
--! EndIncluded quality/helpers/candidate_violations.sql
--! Included quality/helpers/late_dividend_violation.sql
-- What is wrong with a bar that falls as by the dividend of the bar before.
create or replace function quality.late_dividend_violation(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
begin atomic
  select quality.bar_violation(
    bar,
    jsonb_build_object(
      'open', bar.open, 'close', bar.close, 'previous_close', bar.previous_close, 'dividend_before', (before.action).dividend, 'dividend_date', before.session_date
    ),
    'a large dividend on record for the session on which the price falls by it',
    format(
      'The price of %s fell by %s %% as by the dividend %s, which is on record for the session before, %s.',
      bar.session_date, round(((1 - least(bar.open, bar.close) / bar.previous_close) * 100)::numeric, 1), (before.action).dividend, before.session_date
    )
  )
  from quality.bar_before(bar) as before
  where (before.action).dividend >= (p_parameters ->> 'min_yield')::double precision * before.close_before
    and (before.close_before - before.close) < (p_parameters ->> 'min_drop')::double precision * (before.action).dividend
    and bar.previous_close - least(bar.open, bar.close) between (p_parameters ->> 'min_drop')::double precision * (before.action).dividend
      and (before.action).dividend / (p_parameters ->> 'min_drop')::double precision;
end;

comment on function quality.late_dividend_violation(quality.judged_bar, jsonb) is
'The violation of price_dividend_plausible by a bar that falls by min_drop or more of the dividend on record for the bar before, and not by more than the dividend over min_drop, where that dividend is min_yield of the price or more and the bar before did not fall by min_drop of it; with the parameters of that rule. NULL where there is none.';

revoke all on function quality.late_dividend_violation(quality.judged_bar, jsonb) from public;
grant execute on function quality.late_dividend_violation(quality.judged_bar, jsonb) to marketbase_worker;
--! EndIncluded quality/helpers/late_dividend_violation.sql
--! Included quality/helpers/level_parameters.sql
-- The thresholds of a rule at a level.
create or replace function quality.level_parameters(p_parameters jsonb, p_level text)
returns jsonb
language sql
immutable
parallel safe
return case
  when p_level = 'fail' or jsonb_typeof(p_parameters -> p_level) = 'object'
  then p_parameters - array['warn', 'fail'] || coalesce(nullif(p_parameters -> p_level, 'null'), '{}')
end;

comment on function quality.level_parameters(jsonb, text) is
'The parameters of a rule with those of p_level (fail or warn) in place of their like; NULL for warn where the rule never warns.';

revoke all on function quality.level_parameters(jsonb, text) from public;
grant execute on function quality.level_parameters(jsonb, text) to marketbase_worker, marketbase_author;
--! EndIncluded quality/helpers/level_parameters.sql
--! Included quality/helpers/split_violation.sql
-- What is wrong with a bar that jumps as by a split.
create or replace function quality.split_violation(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
begin atomic
  with jump as (
    select
      -- The dividend of the bar, or of the one before where the price rather moves here, is no jump.
      (
        select ln((bar.open + paid.amount) / bar.previous_close)
        from (values (bar.dividend), ((earlier.action).dividend)) as paid (amount)
        order by abs(ln((bar.open + paid.amount) / bar.previous_close))
        limit 1
      ) as move,
      -- A split that is on record for this bar, and by which its price moved the wrong way.
      bar.split_ratio <> 1
        and least(abs(bar.open_move - ln(bar.split_ratio)), abs(bar.close_move - ln(bar.split_ratio))) <= (p_parameters ->> 'tolerance')::double precision
        -- A dividend that was paid with it may move the price as much.
        and abs(ln((bar.close + bar.dividend) / bar.previous_close)) > (p_parameters ->> 'tolerance')::double precision as is_reversed,
      -- Whatever the close contains, an adjusted close contains the split: both must not jump by it.
      coalesce(
        bar.split_ratio <> 1
          and bar.adjusted_close > 0 and bar.previous_adjusted_close > 0 and bar.adjusted_close < 'infinity' and bar.previous_adjusted_close < 'infinity'
          and abs(bar.close_move + ln(bar.split_ratio)) < abs(ln(bar.split_ratio)) / 2
          and abs(ln(bar.adjusted_close / bar.previous_adjusted_close) + ln(bar.split_ratio)) < abs(ln(bar.split_ratio)) / 2,
        false
      ) as is_unadjusted
    from quality.bar_before(bar) as earlier
  ),
  explained as (
    select
      jump.*,
      (
        select action.amount
        from market.corporate_action as action
        where action.instrument_id = bar.instrument_id
          and action.action_type = 'split'
          and action.ex_date between bar.session_date - (p_parameters ->> 'days')::integer and bar.session_date + (p_parameters ->> 'days')::integer
          and abs(abs(jump.move) - abs(ln(action.amount::double precision))) <= (p_parameters ->> 'tolerance')::double precision
        order by abs(action.ex_date - bar.session_date), action.ex_date
        limit 1
      ) as recorded_ratio,
      exists (
        select
        from jsonb_array_elements_text(p_parameters -> 'ratios') as ratio (value)
        where abs(abs(jump.move) - ln(ratio.value::double precision)) <= (p_parameters ->> 'tolerance')::double precision
      ) as is_common
    from jump
    -- Split and price agree when undoing the split leaves an ordinary move.
    where jump.is_reversed
      or (
        abs(jump.move) >= (p_parameters ->> 'min_move')::double precision
        and (
          jump.is_unadjusted
          or not (bar.split_ratio <> 1 and abs(jump.move + ln(bar.split_ratio)) < abs(jump.move) / 2)
          and abs(abs(jump.move) - ln(100)) > 0.2
        )
      )
  )
  select quality.bar_violation(
    bar,
    jsonb_build_object(
      'open', bar.open, 'previous_close', bar.previous_close, 'multiple', exp(explained.move),
      'recorded_split', coalesce(explained.recorded_ratio, nullif(bar.split_ratio, 1)::numeric)
    ),
    'a split on record for that session, or no jump',
    format(
      '%s opens at %s times the close before, and %s.',
      bar.session_date, to_char(exp(explained.move), 'FM999999990.0000'),
      case
        when explained.is_reversed then 'the split on record for it was applied the wrong way or not at all'
        when explained.is_unadjusted then 'the adjusted close does not contain the split on record for it'
        when explained.recorded_ratio is not null
          then format('a split of %s is on record, but not one that explains this', trim_scale(round(explained.recorded_ratio, 6)))
        else 'no split is on record for that session'
      end
    )
  )
  from explained
  where explained.is_reversed
    or explained.is_unadjusted
    or abs(explained.move) >= ln((p_parameters ->> 'always')::double precision)
    or (
      (
        explained.recorded_ratio is not null
        -- Without a record chance hits a common ratio too, where moves are large and in the first days of a series.
        or explained.is_common
          and (bar.usual).bars > (p_parameters ->> 'min_sample')::bigint
          and abs(explained.move) >= (p_parameters ->> 'multiple')::double precision * (bar.usual).move
      )
      and abs(bar.open - bar.previous_close) >= (p_parameters ->> 'min_ticks')::double precision * coalesce((bar.usual).tick, 0)
    );
end;

comment on function quality.split_violation(quality.judged_bar, jsonb) is
'The violation of price_split_consistent by a bar that moved far, with the parameters of that rule; NULL where split and price agree.';

revoke all on function quality.split_violation(quality.judged_bar, jsonb) from public;
grant execute on function quality.split_violation(quality.judged_bar, jsonb) to marketbase_worker;
--! EndIncluded quality/helpers/split_violation.sql
--! Included quality/helpers/stale_violation.sql
-- What is wrong with a bar in a run of equal bars.
create or replace function quality.stale_violation(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
begin atomic
  select quality.bar_violation(
    bar,
    jsonb_build_object('open', bar.open, 'high', bar.high, 'low', bar.low, 'close', bar.close, 'volume', bar.volume, 'equal_bars', bar.equal_bars),
    format('other prices than on each of the %s sessions before', (p_parameters ->> 'bars')::integer - 1),
    format('The prices of %s are those of each of the %s sessions before.', bar.session_date, (p_parameters ->> 'bars')::integer - 1)
  )
  from (
    select count(*) as bars, count(*) filter (where latest.is_still) as still
    from (
      select
        price.open = lead(price.open) over latest_first and price.high = lead(price.high) over latest_first
          and price.low = lead(price.low) over latest_first and price.close = lead(price.close) over latest_first as is_still
      from market.price_data as price
      where price.instrument_id = bar.instrument_id and price.bar_interval = bar.bar_interval and price.ts <= bar.ts
      window latest_first as (order by price.ts desc)
      order by price.ts desc
      -- The run itself says nothing of what is usual.
      offset bar.equal_bars
      limit 60
    ) as latest
  ) as before
  where before.bars < (p_parameters ->> 'min_sample')::bigint
    or power((before.still + 1)::double precision / (before.bars + 2), bar.equal_bars - 1) <= (p_parameters ->> 'chance')::double precision;
end;

comment on function quality.stale_violation(quality.judged_bar, jsonb) is
'The violation of price_stale_run by a bar at the end of equal_bars equal ones, with the parameters of that rule; NULL where such a run is nothing unusual. How often the instrument stands still is the share of the 60 bars before the run that equal the bar before them (by the rule of succession of Laplace, (k + 1) / (n + 2)); if it does so independently from bar to bar, a run of that length begins with a probability of that share to the power of equal_bars - 1. Where fewer than min_sample bars are before the run it is unusual.';

revoke all on function quality.stale_violation(quality.judged_bar, jsonb) from public;
grant execute on function quality.stale_violation(quality.judged_bar, jsonb) to marketbase_worker;
--! EndIncluded quality/helpers/stale_violation.sql
--! Included quality/helpers/stored_violations.sql
-- Applies every rule in force to what is stored.
create or replace function quality.stored_violations(
  p_instrument_ids bigint[],
  p_from timestamptz,
  p_to timestamptz,
  p_datasets text[],
  p_level text default 'fail'
)
returns setof quality.rule_violation
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_bar_rules constant text[] := array(
    select r.rule
    from quality.rule_in_force as r
    where r.expectation is null and r.dataset = any (p_datasets) and to_regprocedure(r.function_name || '(quality.judged_bar, jsonb)') is not null
    order by r.rule
  );
  v_each_alone boolean := false;
  v_rule quality.rule_in_force;
begin
  begin
    return query select v.* from quality.bar_violations(v_bar_rules, p_instrument_ids, p_from, p_to, p_level) as v;
  exception
    when query_canceled then
      raise;
    when others then
      -- Which of them it was shows when each is applied alone.
      v_each_alone := true;
  end;

  for v_rule in
    select r.*
    from quality.rule_in_force as r
    where r.expectation is null and r.dataset = any (p_datasets) and (v_each_alone or r.rule <> all (v_bar_rules))
      and quality.level_parameters(r.parameters, p_level) is not null
    order by r.rule
  loop
    begin
      if v_rule.rule = any (v_bar_rules) then
        return query select v.* from quality.bar_violations(array[v_rule.rule], p_instrument_ids, p_from, p_to, p_level) as v;
      else
        return query execute format(
          'select $1, v.row_no, v.instrument_id, v.ts, v.key, v.observed, v.expected, v.message from %s($2, $3, $4, $5) as v',
          (v_rule.function_name || '(bigint[], timestamp with time zone, timestamp with time zone, jsonb)')::regprocedure::regproc
        )
        using v_rule.rule, p_instrument_ids, p_from, p_to, quality.level_parameters(v_rule.parameters, p_level);
      end if;
    exception
      when query_canceled then
        raise;
      when others then
        raise exception using errcode = sqlstate,
          message = format('Rule %s (version %s) could not be applied: %s', v_rule.rule, v_rule.version, sqlerrm),
          hint = format('Correct %s in sql-functions/quality/rules, or take it out of force with quality.retire_rule.', v_rule.function_name);
    end;
  end loop;
end;
$$;

comment on function quality.stored_violations(bigint[], timestamptz, timestamptz, text[], text) is
'What the rules in force for p_datasets find wrong in what is stored of the instruments from p_from to p_to, at the level p_level: fail, or warn for the rules that have such thresholds (quality.level_parameters); writes nothing. Rules that are functions of a bar are applied together (quality.bar_violations), others each by itself. Errors: a rule that fails raises its own SQLSTATE with a message that names the rule.';

revoke all on function quality.stored_violations(bigint[], timestamptz, timestamptz, text[], text) from public;
grant execute on function quality.stored_violations(bigint[], timestamptz, timestamptz, text[], text) to marketbase_worker;
--! EndIncluded quality/helpers/stored_violations.sql
--! Included quality/helpers/usual_bar.sql
-- What was usual for an instrument in the 60 bars before a time.
create or replace function quality.usual_bar(p_instrument_id bigint, p_bar_interval text, p_ts timestamptz)
returns quality.usual_bar
language sql
stable
parallel safe
begin atomic
  select row(
    count(*),
    min(least(nullif(bar.high - bar.low, 0), nullif(abs(bar.close - bar.open), 0), nullif(abs(bar.close - bar.previous_close), 0))),
    percentile_cont(0.5) within group (order by bar.volume),
    percentile_cont(0.5) within group (order by abs(bar.move)),
    percentile_cont(0.5) within group (order by ln(bar.high / bar.low)),
    count(*) filter (where quality.is_off_cent(bar.open) or quality.is_off_cent(bar.high) or quality.is_off_cent(bar.low) or quality.is_off_cent(bar.close)),
    array_agg(bar.move),
    array_agg(ln(nullif(bar.volume, 0)))
  )::quality.usual_bar
  from (
    select
      latest.*,
      -- A day without a trade repeats the close: that is no move.
      case when latest.volume > 0 or latest.close <> latest.previous_close then ln(latest.close / latest.previous_close) end as move
    from (
      select price.open, price.high, price.low, price.close, price.volume, lead(price.close) over (order by price.ts desc) as previous_close
      from market.price_data as price
      where price.instrument_id = p_instrument_id and price.bar_interval = p_bar_interval and price.ts < p_ts
      order by price.ts desc
      limit 60
    ) as latest
  ) as bar;
end;

comment on function quality.usual_bar(bigint, text, timestamptz) is
'What was usual in the 60 bars of an instrument before p_ts. A bar without volume that repeats the close before has no move: instruments that trade seldom are measured by the days on which they do. Without such bars bars is 0 and the rest NULL. For bars that stick out: it reads the bars of one.';

revoke all on function quality.usual_bar(bigint, text, timestamptz) from public;
grant execute on function quality.usual_bar(bigint, text, timestamptz) to marketbase_worker;
--! EndIncluded quality/helpers/usual_bar.sql
--! Included quality/helpers/usual_run.sql
-- What is usual for a kind of run, and its last run beside it.
create or replace function quality.usual_run(p_baseline integer)
returns table (
  run_id bigint,
  flow text,
  step text,
  subject jsonb,
  finished_at timestamptz,
  figure text,
  value double precision,
  usual double precision,
  score double precision,
  baseline_count bigint
)
language sql
stable
parallel safe
begin atomic
  with ended as (
    select
      run.run_id, run.flow, run.step, asked.subject, run.finished_at,
      array[run.rows_read, run.rows_written, extract(epoch from run.finished_at - run.started_at)]::double precision[] as figures,
      row_number() over (partition by run.flow, run.step, asked.subject order by run.finished_at desc, run.run_id desc) as place
    from pipeline.pipeline_run as run
    cross join lateral (
      select jsonb_strip_nulls(jsonb_build_object(
        'provider', run.parameters -> 'provider', 'dataset', run.parameters -> 'dataset',
        'subject', coalesce(run.parameters -> 'subject', run.parameters -> 'subjects'),
        'days', case
          when pg_input_is_valid(run.parameters ->> 'from', 'date') and pg_input_is_valid(run.parameters ->> 'to', 'date')
          then (run.parameters ->> 'to')::date - (run.parameters ->> 'from')::date
        end
      )) as subject
    ) as asked
    where run.status = 'succeeded' and run.started_at is not null
  ),
  kind as (
    select
      ended.flow, ended.step, ended.subject,
      max(ended.run_id) filter (where ended.place = 1) as run_id,
      max(ended.finished_at) as finished_at,
      count(*) - 1 as baseline_count
    from ended
    where ended.place <= p_baseline + 1
    group by ended.flow, ended.step, ended.subject
    having count(*) > 10
  )
  select
    kind.run_id, kind.flow, kind.step, kind.subject, kind.finished_at, measured.figure, measured.value, measured.usual,
    quality.robust_score(measured.value, measured.baseline), kind.baseline_count
  from kind
  cross join lateral (
    select
      named.figure,
      max(ended.figures[named.position]) filter (where ended.place = 1) as value,
      array_agg(ended.figures[named.position]) filter (where ended.place > 1) as baseline,
      percentile_cont(0.5) within group (order by ended.figures[named.position]) filter (where ended.place > 1) as usual
    from ended
    cross join unnest(array['rows read', 'rows written', 'seconds']) with ordinality as named (figure, position)
    where (ended.flow, ended.step, ended.subject) = (kind.flow, kind.step, kind.subject) and ended.place <= p_baseline + 1
    group by named.figure
  ) as measured;
end;

comment on function quality.usual_run(integer) is
'The last run that succeeded of each kind (flow, step, and the provider, data set, subject and number of days that it was asked for), where at least 10 did before it: its rows read, rows written and seconds, a row each, beside the p_baseline runs before it, the run itself excluded: their median, and the quality.robust_score of the value, which is infinite where all of them had one and the same other value.';

revoke all on function quality.usual_run(integer) from public;
grant execute on function quality.usual_run(integer) to marketbase_worker;
--! EndIncluded quality/helpers/usual_run.sql
--! Included quality/helpers/var_series.sql
-- Values at risk beside the losses that followed, as series that can be tested.
create or replace function quality.var_series(p_sessions integer)
returns table (
  portfolio_id bigint,
  portfolio text,
  method text,
  confidence double precision,
  window_days integer,
  first_date date,
  last_date date,
  session_count bigint,
  exception_count bigint,
  expected_count double precision,
  exceptions boolean[]
)
language sql
stable
parallel safe
-- The planner knows nothing of values at risk that this transaction stored, and would compare each with each.
set enable_nestloop to off
begin atomic
  select
    tested.portfolio_id, book.name, tested.method, tested.confidence, tested.window_days,
    min(tested.session_date), max(tested.session_date), count(*), count(*) filter (where tested.is_exception), count(*) * (1 - tested.confidence),
    array_agg(tested.is_exception order by tested.session_date)
  from (
    select
      test.*,
      row_number() over (partition by test.portfolio_id, test.method, test.confidence, test.window_days order by test.session_date desc) as place,
      count(*) over (partition by test.portfolio_id, test.method, test.confidence, test.window_days) as total
    from risk.var_tests_as_of(0, '-infinity', 'infinity', 'infinity') as test
  ) as tested
  join portfolio.portfolio as book on book.portfolio_id = tested.portfolio_id
  -- A year at least, as the Basel Committee has it.
  where tested.total >= 250 and (p_sessions is null or tested.place <= p_sessions)
  group by tested.portfolio_id, book.name, tested.method, tested.confidence, tested.window_days;
end;

comment on function quality.var_series(integer) is
'Each series of one-day values at risk (portfolio, method, confidence, window) that was tested on 250 sessions at least, over the last p_sessions of them (NULL: all): their number, how many losses were greater than the value at risk of the close before (exceptions, one element per session in order), and how many are expected. See risk.var_tests_as_of.';

revoke all on function quality.var_series(integer) from public;
grant execute on function quality.var_series(integer) to marketbase_worker;
--! EndIncluded quality/helpers/var_series.sql
--! Included quality/helpers/var_violation.sql
-- What a rule on exceptions says of a series of values at risk.
create or replace function quality.var_violation(
  p_portfolio text,
  p_method text,
  p_confidence double precision,
  p_window_days integer,
  p_first_date date,
  p_last_date date,
  p_session_count bigint,
  p_exception_count bigint,
  p_expected_count double precision,
  p_observed jsonb,
  p_expected text,
  p_verdict text
)
returns quality.violation
language sql
immutable
parallel safe
return row(
  null::bigint, null::bigint, null::timestamptz,
  jsonb_build_object('portfolio', p_portfolio, 'method', p_method, 'confidence', p_confidence, 'window_days', p_window_days),
  jsonb_build_object(
    'exceptions', p_exception_count, 'expected_exceptions', round(p_expected_count::numeric, 2), 'sessions', p_session_count,
    'first_date', p_first_date, 'last_date', p_last_date
  ) || p_observed,
  p_expected,
  format(
    '%s, %s value at risk at %s over %s days: %s exceptions in the %s sessions from %s to %s, %s expected; %s.',
    p_portfolio, p_method, p_confidence, p_window_days, p_exception_count, p_session_count, p_first_date, p_last_date,
    round(p_expected_count::numeric, 1), p_verdict
  )
)::quality.violation;

comment on function quality.var_violation(
  text, text, double precision, integer, date, date, bigint, bigint, double precision, jsonb, text, text
) is
'The violation of a rule on a series of quality.var_series. p_observed: what the rule measured, beside the counts; p_expected: what it expects; p_verdict: what is wrong, in words. The key names the series, so that the same series is the same finding, whatever sessions were tested.';

revoke all on function quality.var_violation(
  text, text, double precision, integer, date, date, bigint, bigint, double precision, jsonb, text, text
) from public;
grant execute on function quality.var_violation(
  text, text, double precision, integer, date, date, bigint, bigint, double precision, jsonb, text, text
) to marketbase_worker;
--! EndIncluded quality/helpers/var_violation.sql
--! Included quality/helpers/weekly_adjustment_violation.sql
-- What is wrong with the adjusted closes of some weeks.
create or replace function quality.weekly_adjustment_violation(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
begin atomic
  with week as (
    select
      latest.*,
      -- In the order of time: 1 is the week of the bar, 2 the one before.
      row_number() over (order by latest.ts desc) as weeks_ago,
      ln(latest.adjusted_close / latest.previous_adjusted_close * latest.previous_close / latest.close) as adjustment,
      coalesce(-ln(1 - nullif(paid.dividend, 0) / latest.previous_close), 0) as dividend_effect,
      -- It is taken off the close before the ex-date, which lies somewhere between the close of the week before and the prices of the week.
      ln(greatest(latest.high, latest.previous_close) / least(latest.low, latest.previous_close)) as range,
      paid.dividend, paid.split_ratio
    from (
      select
        price.ts, price.session_date, price.high, price.low, price.close, price.adjusted_close,
        lead(price.close) over latest_first as previous_close,
        lead(price.adjusted_close) over latest_first as previous_adjusted_close
      from market.price_data as price
      where price.instrument_id = bar.instrument_id and price.bar_interval = bar.bar_interval and price.ts <= bar.ts
      window latest_first as (order by price.ts desc)
      limit 5
    ) as latest
    cross join lateral (
      select (taken).dividend, (taken).split_ratio
      from quality.actions_between(bar.instrument_id, latest.session_date - 1, latest.session_date + 6) as taken
    ) as paid
    where latest.adjusted_close > 0 and latest.previous_adjusted_close > 0
      and latest.adjusted_close < 'infinity' and latest.previous_adjusted_close < 'infinity'
      and paid.dividend < latest.previous_close
  ),
  judged as (
    -- A large change that the closes do not show makes a move instead of undoing one.
    select
      week.*,
      abs(week.adjustment) >= (p_parameters ->> 'min_yield')::double precision
        and abs(week.adjustment + ln(week.close / week.previous_close)) - abs(ln(week.close / week.previous_close)) > abs(week.adjustment) / 2 as is_move
    from week
  ),
  weeks as (
    select
      bool_or(week.is_move) filter (where week.weeks_ago = 1) as is_move,
      bool_or(week.is_move) filter (where week.weeks_ago = 2) as is_move_before,
      max(week.adjustment) filter (where week.weeks_ago = 1) as adjustment,
      max(week.adjustment) filter (where week.weeks_ago = 2) as adjustment_before,
      max(week.dividend) filter (where week.weeks_ago = 2) as dividend_before,
      sum(week.dividend) filter (where week.weeks_ago <= 3) as dividends,
      -- The dividend of the week before shows in that week, the one before it or this one.
      sum(week.adjustment - week.dividend_effect) filter (where week.weeks_ago <= 3) as unexplained,
      sum(week.dividend_effect * 2 * week.range) filter (where week.weeks_ago <= 3) as uncertain,
      count(*) filter (where week.weeks_ago <= 4) as weeks,
      bool_or(week.split_ratio <> 1) as has_split,
      max(week.ts) filter (where week.weeks_ago = 2) as ts_before,
      max(week.session_date) filter (where week.weeks_ago = 2) as date_before
    from judged as week
  ),
  wrong as (
    select bar.ts, bar.session_date, weeks.adjustment, 0::double precision as dividend
    from weeks
    where weeks.is_move
    union all
    select weeks.ts_before, weeks.date_before, weeks.adjustment_before, weeks.dividend_before
    from weeks
    where weeks.weeks = 4
      and not weeks.has_split
      and not weeks.is_move_before
      and abs(weeks.unexplained) > (p_parameters ->> 'tolerance')::double precision + weeks.uncertain
      and (weeks.dividend_before > 0 or (weeks.dividends = 0 and abs(weeks.adjustment_before) > (p_parameters ->> 'tolerance')::double precision))
    limit 1
  )
  select row(
    null,
    bar.instrument_id,
    wrong.ts,
    jsonb_build_object('session_date', wrong.session_date),
    jsonb_build_object('adjustment', wrong.adjustment, 'dividend', wrong.dividend),
    'adjusted closes that change against the closes by the dividends of about that week alone',
    format(
      'The adjusted close of the week of %s changed against the close by %s %%, which neither the dividends of about then nor the closes explain.',
      wrong.session_date, round(((exp(wrong.adjustment) - 1) * 100)::numeric, 2)
    )
  )::quality.violation
  from wrong;
end;

comment on function quality.weekly_adjustment_violation(quality.judged_bar, jsonb) is
'The violation of price_adjusted_close_consistent by a weekly bar or the one before it, with the parameters of that rule; NULL where there is none.
Vendors adjust from the week of the ex-date on, from the one after it or from the one before: the changes of adjusted close over close in the three weeks about a week with a dividend have to be what their dividends make, within tolerance, and 0 where there are none. That is known when the week after is there. A change of min_yield or more (as a logarithm) has to offset a move of the close: one that makes the move of the adjusted close larger than that of the close by half of it or more is wrong.';

revoke all on function quality.weekly_adjustment_violation(quality.judged_bar, jsonb) from public;
grant execute on function quality.weekly_adjustment_violation(quality.judged_bar, jsonb) to marketbase_worker;
--! EndIncluded quality/helpers/weekly_adjustment_violation.sql
--! Included quality/helpers/whole_datasets.sql
-- Stored data that has no instrument, by which its rules would have a result each.
create or replace function quality.whole_datasets()
returns text[]
language sql
immutable
parallel safe
return array['var_calculation', 'pipeline_run'];

comment on function quality.whole_datasets() is
E'@behavior -*\nDatasets that rules which are functions judge as a whole: their function and population give rows without an instrument, and each look is one result.';

revoke all on function quality.whole_datasets() from public;
grant execute on function quality.whole_datasets() to marketbase_worker, marketbase_author;
--! EndIncluded quality/helpers/whole_datasets.sql
--! Included quality/populations/population_adjusted_price_data.sql
-- Counts daily bars, or weekly ones of an instrument without daily bars, that have an adjusted close.
create or replace function quality.population_adjusted_price_data(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select price.instrument_id, count(*), min(price.ts), max(price.ts)
  from unnest(p_instrument_ids) as asked (instrument_id)
  cross join lateral (select quality.judged_interval(asked.instrument_id) as bar_interval) as judged
  join market.price_data as price
    on price.instrument_id = asked.instrument_id and price.bar_interval = judged.bar_interval and price.ts between p_from and p_to
  where price.adjusted_close is not null
  group by price.instrument_id;
end;

comment on function quality.population_adjusted_price_data(bigint[], timestamptz, timestamptz) is
'Daily bars (weekly ones of an instrument without daily bars) with an adjusted close of each instrument from p_from to p_to; an instrument without one is left out.';

revoke all on function quality.population_adjusted_price_data(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_adjusted_price_data(bigint[], timestamptz, timestamptz) to marketbase_worker;
--! EndIncluded quality/populations/population_adjusted_price_data.sql
--! Included quality/populations/population_usual_run.sql
-- Counts kinds of runs of which it is known what is usual.
create or replace function quality.population_usual_run(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select null::bigint, count(distinct (usual.flow, usual.step, usual.subject)), min(usual.finished_at), max(usual.finished_at)
  from quality.usual_run(10) as usual;
end;

comment on function quality.population_usual_run(bigint[], timestamptz, timestamptz) is
'How many kinds of runs quality.usual_run has, whatever the arguments; from the oldest of their last runs to the newest.';

revoke all on function quality.population_usual_run(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_usual_run(bigint[], timestamptz, timestamptz) to marketbase_worker;
--! EndIncluded quality/populations/population_usual_run.sql
--! Included quality/populations/population_var_series.sql
-- Counts series of values at risk that can be tested.
create or replace function quality.population_var_series(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz)
returns setof quality.population
language sql
stable
parallel safe
begin atomic
  select null::bigint, count(*), min(series.first_date)::timestamp at time zone 'UTC', max(series.last_date)::timestamp at time zone 'UTC'
  from quality.var_series(null) as series;
end;

comment on function quality.population_var_series(bigint[], timestamptz, timestamptz) is
'How many series of values at risk quality.var_series has, whatever the arguments: a backtest is always of a whole series.';

revoke all on function quality.population_var_series(bigint[], timestamptz, timestamptz) from public;
grant execute on function quality.population_var_series(bigint[], timestamptz, timestamptz) to marketbase_worker;
--! EndIncluded quality/populations/population_var_series.sql
--! Included quality/report_parameters.sql
-- What a report was asked for, checked.
create or replace function quality.report_parameters(p_report text, p_takes text, p_given jsonb, p_named text default '')
returns table (
  as_of timestamptz,
  as_of_title text,
  from_date date,
  to_date date,
  span_title text,
  instrument_id bigint,
  symbol_title text,
  lines integer,
  database text
)
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  takes constant text[] := string_to_array(p_takes, ' ');
  refused text;
  day text;
begin
  select given.key into refused
  from jsonb_each_text(p_given) as given
  where (given.value <> '' or given.key = any (string_to_array(p_named, ' '))) and given.key <> all (takes)
  order by given.key <> 'as_of', given.key
  limit 1;
  if refused = 'as_of' then
    raise exception using errcode = 'MB001',
      message = format('The report %s says what is so now and cannot look back: leave as_of out.', p_report);
  elsif refused is not null then
    raise exception using errcode = 'MB001',
      message = format('The report %s takes no %s; it takes %s.', p_report, refused, array_to_string(takes, ', '));
  end if;

  select given.key into refused
  from jsonb_each_text(p_given) as given
  where given.value = '' and given.key = any (string_to_array(p_named, ' '))
  order by given.key
  limit 1;
  if refused is not null then
    raise exception using errcode = 'MB001', message = format('%s is empty; give it a value, or leave it out.', refused);
  end if;

  foreach day in array array['from', 'to', 'date'] loop
    if p_given ->> day <> '' and not (p_given ->> day ~ '^\d{4}-\d\d-\d\d$' and pg_input_is_valid(p_given ->> day, 'date')) then
      raise exception using errcode = 'MB001',
        message = format('%s is not a day; write it as 2026-01-31.', quote_literal(left(p_given ->> day, 80)));
    end if;
  end loop;
  from_date := coalesce(nullif(p_given ->> 'from', '')::date, '-infinity');
  to_date := coalesce(nullif(p_given ->> 'to', '')::date, 'infinity');
  if from_date > to_date then
    raise exception using errcode = 'MB001', message = format('from %s lies after to %s.', from_date, to_date);
  end if;
  span_title := case when from_date = '-infinity' and to_date = 'infinity' then 'all'
    else concat_ws(' ', 'from ' || nullif(from_date, '-infinity'), 'to ' || nullif(to_date, 'infinity')) end;

  if p_given ->> 'lines' <> '' and p_given ->> 'lines' !~ '^[1-9]\d{0,6}$' then
    raise exception using errcode = 'MB001',
      message = format('%s is not a number of lines; write it as 40.', quote_literal(left(p_given ->> 'lines', 80)));
  end if;
  lines := coalesce(nullif(p_given ->> 'lines', '')::integer, 40);

  as_of := quality.report_moment(p_given ->> 'as_of');
  as_of_title := to_char(as_of at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US');
  database := current_database();
  instrument_id := 0;
  symbol_title := 'all';
  if p_given ->> 'symbol' <> '' then
    select instrument.instrument_id, instrument.symbol
    into instrument_id, symbol_title
    from market.instruments_as_of(as_of) as instrument
    where instrument.symbol = upper(btrim(p_given ->> 'symbol'));
    if not found then
      raise exception using errcode = 'MB002',
        message = format('There was no instrument with the symbol %s at that moment.', quote_literal(left(p_given ->> 'symbol', 32))),
        hint = 'market.instrument has the symbols.';
    end if;
  end if;
  return next;
end
$$;

comment on function quality.report_parameters(text, text, jsonb, text) is
'What the report p_report was given, checked: p_takes are the parameters that it takes, separated by blanks, p_given all that there are by name, where an empty text counts as not given, and p_named the names of those that were given, separated by blanks, which may not be empty. as_of is a moment (default: now), from, to and date are days, lines is a number of lines (default: 40), symbol an instrument as it was called at as_of.
One row: days without a limit are -infinity and infinity, instrument_id is 0 for all instruments.
Errors: MB001 for a parameter that the report does not take, that is empty or malformed, and for from after to; MB002 for an unknown symbol.';

revoke all on function quality.report_parameters(text, text, jsonb, text) from public;
grant execute on function quality.report_parameters(text, text, jsonb, text) to marketbase_analyst, marketbase_auditor;
--! EndIncluded quality/report_parameters.sql
--! Included quality/report_text.sql
-- A text of any origin, fit for a line of a report.
create or replace function quality.report_text(p_text text, p_length integer)
returns text
language sql
immutable
parallel safe
return regexp_replace(
  case when length(p_text) > p_length then left(p_text, p_length - 1) || '…' else p_text end,
  '[[:cntrl:]\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]', ' ', 'g'
);

comment on function quality.report_text(text, integer) is
'p_text, cut to p_length characters of which then the last is …, with a blank for each control character and each invisible character that steers how text is shown, so that a text from outside can neither break a table nor disguise itself. NULL for NULL.';

revoke all on function quality.report_text(text, integer) from public;
grant execute on function quality.report_text(text, integer) to marketbase_analyst, marketbase_auditor;
--! EndIncluded quality/report_text.sql
--! Included quality/rules/pipeline/rule_pipeline_row_count.sql
-- A run reads and writes about as many rows as such runs do.
create or replace function quality.rule_pipeline_row_count(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    null::bigint, null::bigint, null::timestamptz,
    jsonb_build_object('flow', usual.flow, 'step', usual.step) || usual.subject,
    jsonb_build_object('run_id', usual.run_id, 'baseline', usual.baseline_count) || jsonb_object_agg(
      usual.figure, jsonb_build_object('value', usual.value, 'usual', usual.usual, 'score', usual.score::text)
    ),
    format('rows within %s robust deviations of the %s runs before', p_parameters ->> 'max_score', usual.baseline_count),
    format(
      'Run %s (%s): %s.', usual.run_id,
      concat_ws(' ', usual.flow, usual.step, usual.subject ->> 'provider', usual.subject ->> 'dataset', usual.subject ->> 'subject'),
      string_agg(format('%s %s, usually %s', usual.value, usual.figure, usual.usual), '; ' order by usual.figure)
    )
  from quality.usual_run((p_parameters ->> 'baseline')::integer) as usual
  where usual.figure in ('rows read', 'rows written')
    and abs(usual.score) > (p_parameters ->> 'max_score')::double precision
    and abs(usual.value - usual.usual) >= greatest(
      (p_parameters ->> 'min_rows')::double precision, (p_parameters ->> 'min_change')::double precision * usual.usual
    )
  group by usual.run_id, usual.flow, usual.step, usual.subject, usual.baseline_count;
end;

comment on function quality.rule_pipeline_row_count(bigint[], timestamptz, timestamptz, jsonb) is
'Kinds of runs (quality.usual_run) whose last run read or wrote far fewer or more rows than the baseline runs before it: a robust score beyond max_score, and a difference of min_rows and of the share min_change of what is usual at least, since ten rows where five are usual are no news, however steady the five. The other arguments are not used. The next run that is as usual resolves the finding.';

revoke all on function quality.rule_pipeline_row_count(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_pipeline_row_count(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'pipeline_row_count', 'pipeline_run', 'pipeline', 'warning', '{"baseline": 60, "max_score": 6, "min_change": 0.5, "min_rows": 100}',
  'A run read or wrote far fewer or far more rows than such runs usually do: a source may have dried up, been cut, or sent everything again.',
  'Look at the run and its body; compare with the provider. Acknowledge the finding where the change is meant, such as a new universe: soon it is what is usual.',
  'usual_run'
);
--! EndIncluded quality/rules/pipeline/rule_pipeline_row_count.sql
--! Included quality/rules/pipeline/rule_pipeline_run_time.sql
-- A run takes about as long as such runs do.
create or replace function quality.rule_pipeline_run_time(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    null::bigint, null::bigint, null::timestamptz,
    jsonb_build_object('flow', usual.flow, 'step', usual.step) || usual.subject,
    jsonb_build_object(
      'run_id', usual.run_id, 'baseline', usual.baseline_count, 'seconds', usual.value, 'usual', usual.usual, 'score', usual.score::text
    ),
    format('a time within %s robust deviations of the %s runs before', p_parameters ->> 'max_score', usual.baseline_count),
    format(
      'Run %s (%s) took %s s, usually %s s.', usual.run_id,
      concat_ws(' ', usual.flow, usual.step, usual.subject ->> 'provider', usual.subject ->> 'dataset', usual.subject ->> 'subject'),
      round(usual.value::numeric, 1), round(usual.usual::numeric, 1)
    )
  from quality.usual_run((p_parameters ->> 'baseline')::integer) as usual
  where usual.figure = 'seconds'
    and abs(usual.score) > (p_parameters ->> 'max_score')::double precision
    and abs(usual.value - usual.usual) >= greatest(
      (p_parameters ->> 'min_seconds')::double precision, (p_parameters ->> 'min_change')::double precision * usual.usual
    );
end;

comment on function quality.rule_pipeline_run_time(bigint[], timestamptz, timestamptz, jsonb) is
'Kinds of runs (quality.usual_run) whose last run, from the start of its last attempt to its end, took far more or less time than the baseline runs before it: a robust score beyond max_score, and a difference of min_seconds and of the share min_change of what is usual at least. The other arguments are not used. The next run that is as usual resolves the finding.';

revoke all on function quality.rule_pipeline_run_time(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_pipeline_run_time(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'pipeline_run_time', 'pipeline_run', 'pipeline', 'info', '{"baseline": 60, "max_score": 6, "min_change": 0.5, "min_seconds": 30}',
  'A run took far longer, or was done far sooner, than such runs usually are: the machine or a plan has changed, a source is slow, or the run did not do its work.',
  'Compare its rows with those of earlier runs (pipeline.pipeline_run); marketbase doctor and pg_stat_statements show where time goes.',
  'usual_run'
);
--! EndIncluded quality/rules/pipeline/rule_pipeline_run_time.sql
--! Included quality/rules/prices/rule_price_adjusted_close_consistent.sql
-- The adjusted close moves like the close, but for splits and dividends on record.
create or replace function quality.rule_price_adjusted_close_consistent(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when bar.bar_interval = '1d' and not (bar.adjusted_close > 0 and bar.adjusted_close < 'infinity') then quality.bar_violation(
    bar,
    jsonb_build_object('adjusted_close', bar.adjusted_close::text, 'close', bar.close),
    'a positive, finite adjusted close',
    format('The adjusted close of %s is %s.', bar.session_date, bar.adjusted_close)
  )
  -- A null here leaves the bar alone: without an adjusted close before it nothing can be said.
  when bar.bar_interval = '1d' and bar.has_actions and bar.previous_adjusted_close > 0 and bar.previous_adjusted_close < 'infinity'
    and bar.dividend < bar.previous_close
    and abs(quality.adjustment(bar)) > (p_parameters ->> 'tolerance')::double precision
    and abs(quality.adjustment(bar) - ln(bar.split_ratio)) > (p_parameters ->> 'tolerance')::double precision
    -- Adjusted closes in whole cents are wrong by up to half a cent, each of the two.
    and (
      quality.is_off_cent(bar.adjusted_close)
      or quality.is_off_cent(bar.previous_adjusted_close)
      or least(abs(quality.adjustment(bar)), abs(quality.adjustment(bar) - ln(bar.split_ratio)))
        > 0.01 / least(bar.adjusted_close, bar.previous_adjusted_close) + (p_parameters ->> 'tolerance')::double precision
    )
  then quality.bar_violation(
    bar,
    jsonb_build_object(
      'adjusted_close', bar.adjusted_close, 'previous_adjusted_close', bar.previous_adjusted_close,
      'close', bar.close, 'previous_close', bar.previous_close, 'dividend', bar.dividend, 'split', bar.split_ratio
    ),
    'an adjusted close that changes against the close by the dividend and the split of the session alone',
    format(
      'The adjusted close of %s changed against the close by %s %%; the dividend of %s on record makes %s %%.',
      bar.session_date,
      round(((bar.adjusted_close / bar.previous_adjusted_close * bar.previous_close / bar.close - 1) * 100)::numeric, 2), bar.dividend,
      round(((1 / (1 - bar.dividend / bar.previous_close) - 1) * 100)::numeric, 2)
    )
  )
  when bar.bar_interval = '1w' and bar.has_actions then quality.weekly_adjustment_violation(bar, p_parameters)
end;

comment on function quality.rule_price_adjusted_close_consistent(quality.judged_bar, jsonb) is
'A daily bar whose adjusted close is not positive and finite, or whose adjusted close changed against the close by more than tolerance (as a logarithm) otherwise than the dividend (1 - dividend / previous close) and split on record for the session explain, the split counted or not; providers differ in whether their close contains it. Changes are judged only for instruments of which a corporate action is on record; without any, nothing can be said about them. tolerance is ten times what single precision and amounts of three digits make of it, and a twentieth of a small quarterly dividend; where both adjusted closes are whole cents, a cent is allowed on top. Of weekly bars see quality.weekly_adjustment_violation.';

revoke all on function quality.rule_price_adjusted_close_consistent(quality.judged_bar, jsonb) from public;
grant execute on function quality.rule_price_adjusted_close_consistent(quality.judged_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_adjusted_close_consistent', 'price_data', 'prices', 'warning', '{"tolerance": 0.0005, "min_yield": 0.1}',
  'The provider adjusted its closes for an event that is not on record, or did not adjust them for one that is: returns of adjusted closes are wrong there.',
  'Look the dividend up; fetch the corporate actions, or the bars around the day, again.',
  'adjusted_price_data'
);
--! EndIncluded quality/rules/prices/rule_price_adjusted_close_consistent.sql
--! Included quality/rules/prices/rule_price_dividend_plausible.sql
-- A large dividend shows in the price.
create or replace function quality.rule_price_dividend_plausible(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when bar.dividend >= (p_parameters ->> 'min_yield')::double precision * bar.previous_close
    and greatest(
      1 - least(bar.open, bar.close) / bar.previous_close,
      1 - least(bar.open, bar.close) * bar.split_ratio / bar.previous_close
    ) < (p_parameters ->> 'min_drop')::double precision * bar.dividend / bar.previous_close
  then quality.bar_violation(
    bar,
    jsonb_build_object(
      'dividend', bar.dividend, 'open', bar.open, 'close', bar.close, 'previous_close', bar.previous_close, 'yield', bar.dividend / bar.previous_close
    ),
    format('an open or close that falls by %s or more of a dividend of %s or more of the price', p_parameters ->> 'min_drop', p_parameters ->> 'min_yield'),
    format(
      'The dividend %s of %s is %s %% of the close before, but the price moved by no more than %s %%.',
      bar.dividend, bar.session_date, round((bar.dividend / bar.previous_close * 100)::numeric, 1),
      round(((least(bar.open, bar.close) / bar.previous_close - 1) * 100)::numeric, 1)
    )
  )
  -- It falls by what a dividend of the session before should have made.
  when bar.bar_interval = '1d' and bar.has_actions and bar.dividend = 0
    and least(bar.open_move, bar.close_move) <= ln(1 - (p_parameters ->> 'min_yield')::double precision * (p_parameters ->> 'min_drop')::double precision)
  then quality.late_dividend_violation(bar, p_parameters)
end;

comment on function quality.rule_price_dividend_plausible(quality.judged_bar, jsonb) is
'A bar on whose session a dividend of min_yield of the close before or more is on record, while neither the open nor the close fell by min_drop of it, with or without the split of the session. So is the daily bar after such a one that falls by min_drop of the dividend or more instead: the dividend belongs there. min_yield is well above the moves of ordinary days, min_drop half, since what is lost to tax and what the day brings may hide some of it.';

revoke all on function quality.rule_price_dividend_plausible(quality.judged_bar, jsonb) from public;
grant execute on function quality.rule_price_dividend_plausible(quality.judged_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_dividend_plausible', 'price_data', 'prices', 'warning', '{"min_yield": 0.1, "min_drop": 0.5}',
  'A large dividend is on record, but the price did not go down on its ex-date: the amount may be in another unit (pence for pounds), or the dividend does not exist.',
  'Look the dividend up; correct it at its source or take it from another provider.'
);
--! EndIncluded quality/rules/prices/rule_price_dividend_plausible.sql
--! Included quality/rules/prices/rule_price_dividend_scale.sql
-- A small dividend is not a hundred times too small.
create or replace function quality.rule_price_dividend_scale(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  with dividend as (
    select
      action.instrument_id, bar.ts, bar.session_date, action.amount::double precision as amount, judged.bar_interval,
      action.amount::double precision / bar.previous_close as yield, 1 - bar.open / bar.previous_close as fall
    from market.corporate_action as action
    cross join lateral (select quality.judged_interval(action.instrument_id) as bar_interval offset 0) as judged
    cross join lateral quality.action_bar(action.instrument_id, judged.bar_interval, action.ex_date) as bar
    where action.instrument_id = any (p_instrument_ids)
      and action.action_type = 'dividend'
      and bar.ts <= p_to
      and action.amount::double precision / bar.previous_close < (p_parameters ->> 'small_yield')::double precision
  ),
  measured as (
    -- In units of an ordinary night; one wild one must not decide alone.
    select dividend.*, greatest(-4, least(4, dividend.fall / night.size)) as fall_size, dividend.yield / night.size as yield_size
    from dividend
    cross join lateral (
      select greatest(avg(abs(earlier.log_return)) * sqrt(pi() / 2), (p_parameters ->> 'min_deviation')::double precision) as size
      from (
        select ln(bar.open / lag(bar.close) over (order by bar.ts)) as log_return
        from market.price_data as bar
        where bar.instrument_id = dividend.instrument_id
          and bar.bar_interval = dividend.bar_interval
          and bar.ts < dividend.ts
        order by bar.ts desc
        limit (p_parameters ->> 'window')::integer
      ) as earlier
      having count(earlier.log_return) >= (p_parameters ->> 'min_sample')::bigint
    ) as night
  ),
  weighed as (
    select
      measured.*,
      sum(
        (
          power(measured.fall_size - measured.yield_size, 2)
          - power(measured.fall_size - least(4, (p_parameters ->> 'multiple')::double precision * measured.yield_size), 2)
        ) / 2
      ) over (partition by measured.instrument_id) as evidence
    from measured
  )
  select
    null::bigint,
    weighed.instrument_id,
    weighed.ts,
    jsonb_build_object('session_date', weighed.session_date),
    jsonb_build_object('dividend', weighed.amount, 'yield', weighed.yield, 'fall', weighed.fall, 'evidence', weighed.evidence),
    format('opens that fall as by the dividend rather than as by %s times as much', p_parameters ->> 'multiple'),
    format(
      'The dividend %s of %s is %s %% of the close before; on the days of such dividends the opens fall as by %s times as much.',
      weighed.amount, weighed.session_date, round((weighed.yield * 100)::numeric, 4), p_parameters ->> 'multiple'
    )
  from weighed
  where weighed.ts >= p_from
    and weighed.evidence >= (p_parameters ->> 'evidence')::double precision;
end;

comment on function quality.rule_price_dividend_scale(bigint[], timestamptz, timestamptz, jsonb) is
'Bars with a dividend below small_yield of the close before (multiple times as much would still be one) of an instrument whose opens fall on such days as by multiple times the dividends. Falls and dividends are measured by the mean move from close to open in the window bars before (as the standard deviation of a normal distribution, at least min_deviation; min_sample of them are needed), falls, and what multiple times a dividend makes of them, are cut at four of these. The logarithms of the likelihood ratios of all such dividends are added: evidence or more fails, and 3 is 20 to 1, which is enough, because series of such small dividends are rarer than wrong units. A single dividend drowns in the noise, several do not. Dividends that are too large are left to price_dividend_plausible.';

revoke all on function quality.rule_price_dividend_scale(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_price_dividend_scale(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_dividend_scale', 'price_data', 'prices', 'warning',
  '{"multiple": 100, "small_yield": 0.001, "window": 60, "min_sample": 20, "min_deviation": 0.005, "evidence": 3}',
  'The dividends are a hundred times too small for what the price does: they are in another unit than the price, and adjusted prices are wrong by them.',
  'Look the dividends up; correct them at their source or take them from another provider.'
);
--! EndIncluded quality/rules/prices/rule_price_dividend_scale.sql
--! Included quality/rules/prices/rule_price_range_outlier.sql
-- A high or a low does not stand alone.
create or replace function quality.rule_price_range_outlier(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when bar.high >= (p_parameters ->> 'min_range')::double precision * bar.low
    and (bar.usual).bars >= (p_parameters ->> 'min_sample')::bigint
    and greatest(ln(bar.high / greatest(bar.open, bar.close, bar.previous_close)), ln(least(bar.open, bar.close, bar.previous_close) / bar.low))
      > greatest(ln((p_parameters ->> 'min_range')::double precision), (p_parameters ->> 'multiple')::double precision * (bar.usual).range)
    and bar.high - bar.low >= (p_parameters ->> 'min_ticks')::double precision * coalesce((bar.usual).tick, 0)
    -- News brings trading, errors do not.
    and not coalesce((bar.usual).volume > 0 and bar.volume > (p_parameters ->> 'news_volume')::double precision * (bar.usual).volume, false)
  then quality.bar_violation(
    bar,
    jsonb_build_object('open', bar.open, 'high', bar.high, 'low', bar.low, 'close', bar.close, 'previous_close', bar.previous_close, 'usual_range', (bar.usual).range),
    format('a high and a low within %s times the usual range of the other prices', p_parameters ->> 'multiple'),
    format(
      'On %s the price goes from %s to %s between an open of %s and a close of %s, after a close of %s.',
      bar.session_date, bar.low, bar.high, bar.open, bar.close, bar.previous_close
    )
  )
end;

comment on function quality.rule_price_range_outlier(quality.judged_bar, jsonb) is
'A bar whose high is min_range times its low or more, and whose high lies above, or low below, all of open, close and close before by more than that and by more than multiple usual ranges and min_ticks usual ticks, on no more than news_volume times the usual volume: a bad print. Where at least min_sample bars are before. min_range is half as much again: exchanges halt a share at moves of 5 to 20 %, so that a wick beyond that without trading as on days of news is no trade of the session.';

revoke all on function quality.rule_price_range_outlier(quality.judged_bar, jsonb) from public;
grant execute on function quality.rule_price_range_outlier(quality.judged_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_range_outlier', 'price_data', 'prices', 'warning', '{"min_range": 1.5, "min_sample": 20, "multiple": 8, "min_ticks": 5, "news_volume": 2}',
  'A high or low stands alone: a trade that was cancelled, or a misplaced decimal.',
  'Compare with another provider; a wrong bar has to be corrected at its source.'
);
--! EndIncluded quality/rules/prices/rule_price_range_outlier.sql
--! Included quality/rules/prices/rule_price_split_consistent.sql
-- A jump of the size of a split is one that is recorded on that day.
create or replace function quality.rule_price_split_consistent(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when greatest(abs(bar.open_move), abs(bar.close_move)) >= (p_parameters ->> 'min_move')::double precision
    then quality.split_violation(bar, p_parameters)
end;

comment on function quality.rule_price_split_consistent(quality.judged_bar, jsonb) is
'A bar that opens at a multiple of the close before (the dividend of the bar, or of the one before, added back) as a split would make it, without a split on record that explains it: the multiple or its inverse lies within tolerance (as a logarithm) of one of ratios or of a split recorded within days calendar days, or is always or more; or that moves by the split recorded for it the wrong way, or by which the adjusted close moves as the close does, though it has to contain the split. One of ratios without a record counts only where more than min_sample bars are before and it is multiple or more times their usual move, as large moves hit some ratio by chance. Moves below min_move (as a logarithm) and multiples of fewer than min_ticks usual ticks are not looked at: a price of two ticks halves by one. Multiples near 100 are left to price_unit_consistent. See quality.split_violation.';

revoke all on function quality.rule_price_split_consistent(quality.judged_bar, jsonb) from public;
grant execute on function quality.rule_price_split_consistent(quality.judged_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_split_consistent', 'price_data', 'prices', 'error', '{"ratios": [2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 25, 30, 40, 50], "tolerance": 0.03, "days": 30, "always": 4, "min_move": 0.25, "min_ticks": 5, "min_sample": 20, "multiple": 10}',
  'The price jumps as by a split, but no split is recorded for that session: one is missing, or was applied to the wrong bars.',
  'Look the split up; fetch the corporate actions, or the bars around the day, again.'
);
--! EndIncluded quality/rules/prices/rule_price_split_consistent.sql
--! Included quality/rules/prices/rule_price_stale_run.sql
-- Prices do not stand still.
create or replace function quality.rule_price_stale_run(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when bar.equal_bars >= (p_parameters ->> 'bars')::bigint then quality.stale_violation(bar, p_parameters)
end;

comment on function quality.rule_price_stale_run(quality.judged_bar, jsonb) is
'A bar whose open, high, low and close are those of each of the bars - 1 bars before: the last of bars (at most 61) equal bars and each one after it; unless the instrument stands still so often that chance makes such a run with a probability above chance (see quality.stale_violation).';

revoke all on function quality.rule_price_stale_run(quality.judged_bar, jsonb) from public;
grant execute on function quality.rule_price_stale_run(quality.judged_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_stale_run', 'price_data', 'prices', 'warning', '{"bars": 5, "chance": 0.00001, "min_sample": 20}',
  'Open, high, low and close repeat for many sessions: the source may be repeating its last value.',
  'Compare with another provider; a suspended instrument stands still by right.'
);
--! EndIncluded quality/rules/prices/rule_price_stale_run.sql
--! Included quality/rules/prices/rule_price_tick_size.sql
-- Prices stay on their grid.
create or replace function quality.rule_price_tick_size(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when (bar.usual).off_cent = 0
    and (bar.usual).bars >= (p_parameters ->> 'min_sample')::bigint
    and bar.low >= (p_parameters ->> 'min_price')::double precision
    and quality.is_off_cent(bar.open) and quality.is_off_cent(bar.high) and quality.is_off_cent(bar.low) and quality.is_off_cent(bar.close)
  then quality.bar_violation(
    bar,
    jsonb_build_object('open', bar.open, 'high', bar.high, 'low', bar.low, 'close', bar.close),
    format('prices in whole cents, as in the %s bars before', (bar.usual).bars),
    format('No price of %s is a whole number of cents: %s, %s, %s, %s.', bar.session_date, bar.open, bar.high, bar.low, bar.close)
  )
end;

comment on function quality.rule_price_tick_size(quality.judged_bar, jsonb) is
'A bar with all four prices off the cent after at least min_sample (at most 60) bars without one, at prices of min_price or more (below a dollar a tick is 0.0001). A single one is a trade at a midpoint or an average; what was adjusted or converted has none left on the cent. Series that are adjusted have prices off the cent all the time and are not judged.';

revoke all on function quality.rule_price_tick_size(quality.judged_bar, jsonb) from public;
grant execute on function quality.rule_price_tick_size(quality.judged_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_tick_size', 'price_data', 'prices', 'info', '{"min_sample": 60, "min_price": 1}',
  'No price is a multiple of the tick: part of the series is adjusted or converted and part is not.',
  'Compare with another provider; where all bars from there on are off the cent, fetch the whole series again.'
);
--! EndIncluded quality/rules/prices/rule_price_tick_size.sql
--! Included quality/rules/prices/rule_price_volume_collapse.sql
-- Trading does not all but stop.
create or replace function quality.rule_price_volume_collapse(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when bar.volume > 0
    and bar.volume <= bar.previous_volume / (p_parameters ->> 'min_jump')::double precision
    and bar.volume * (p_parameters ->> 'multiple')::double precision <= (bar.usual).volume
    and (bar.usual).bars >= (p_parameters ->> 'min_sample')::bigint
    and quality.robust_score(ln(bar.volume), (bar.usual).log_volumes) < -(p_parameters ->> 'score')::double precision
  then quality.bar_violation(
    bar,
    jsonb_build_object('volume', bar.volume, 'usual_volume', (bar.usual).volume),
    format('a volume of 1/%s of the usual one or more', p_parameters ->> 'multiple'),
    format('The volume of %s is %s; usual are %s.', bar.session_date, bar.volume, round((bar.usual).volume::numeric))
  )
end;

comment on function quality.rule_price_volume_collapse(quality.judged_bar, jsonb) is
'A bar whose volume is above 0 and at most 1 / min_jump (8 or more) of that of the bar before and 1 / multiple of the median of the 60 before, and whose logarithm lies more than score robust standard deviations (quality.robust_score) below their middle; where at least min_sample bars are there. multiple is that of price_volume_outlier: units of volume are a factor of 100 or more apart.';

revoke all on function quality.rule_price_volume_collapse(quality.judged_bar, jsonb) from public;
grant execute on function quality.rule_price_volume_collapse(quality.judged_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_volume_collapse', 'price_data', 'prices', 'info', '{"min_sample": 20, "score": 8, "min_jump": 8, "multiple": 80}',
  'Nearly nothing was traded: the volume is that of a part of the day or of one venue, or in another unit (lots, thousands).',
  'Fetch the day again after the close; a volume in another unit has to be corrected at its source.'
);
--! EndIncluded quality/rules/prices/rule_price_volume_collapse.sql
--! Included quality/rules/prices/rule_price_volume_outlier.sql
-- Volume is in keeping with the volumes before it.
create or replace function quality.rule_price_volume_outlier(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when bar.volume >= (p_parameters ->> 'min_jump')::double precision * bar.previous_volume
    and bar.volume >= (p_parameters ->> 'min_multiple')::double precision * (bar.usual).volume
    and (bar.usual).bars >= (p_parameters ->> 'min_sample')::bigint
    and quality.robust_score(ln(nullif(bar.volume, 0)), (bar.usual).log_volumes) > (p_parameters ->> 'score')::double precision
  then quality.bar_violation(
    bar,
    jsonb_build_object(
      'volume', bar.volume, 'usual_volume', (bar.usual).volume,
      'score', quality.robust_score(ln(bar.volume), (bar.usual).log_volumes)::text
    ),
    format('a volume within %s robust deviations of those before', p_parameters ->> 'score'),
    format(
      'The volume of %s is %s times the usual one, %s robust deviations.',
      bar.session_date, round((bar.volume / (bar.usual).volume)::numeric, 1),
      round(quality.robust_score(ln(bar.volume), (bar.usual).log_volumes)::numeric, 1)
    )
  )
end;

comment on function quality.rule_price_volume_outlier(quality.judged_bar, jsonb) is
'A bar whose volume is at least min_jump (8 or more) times that of the bar before, at least min_multiple times the median of the 60 before, and whose logarithm lies more than score robust standard deviations (quality.robust_score) above their middle; where at least min_sample bars are there. Volumes of 0 are left out. Volumes are given in shares, in lots of 100 or in thousands: a unit taken for another makes a factor of 100 or more, of which min_multiple leaves a fifth for the trading of the day; news makes tens.';

revoke all on function quality.rule_price_volume_outlier(quality.judged_bar, jsonb) from public;
grant execute on function quality.rule_price_volume_outlier(quality.judged_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_volume_outlier', 'price_data', 'prices', 'info', '{"min_sample": 20, "score": 8, "min_jump": 8, "min_multiple": 80}',
  'About a hundred times as much was traded as this instrument is used to: the volume may be in another unit.',
  'Look at the news of the day; a volume in another unit (lots, notional) has to be corrected at its source.'
);
--! EndIncluded quality/rules/prices/rule_price_volume_outlier.sql
--! Included quality/rules/prices/rule_price_volume_present.sql
-- An equity trades on every bar that it has.
create or replace function quality.rule_price_volume_present(bar quality.judged_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when bar.volume = 0 and bar.asset_class = 'equity'
    -- Some such days among days with trades are those of an instrument that trades seldom.
    and not coalesce(
      cardinality(array_positions((bar.usual).log_volumes, null)) >= (p_parameters ->> 'seldom')::integer
        and cardinality(array_positions((bar.usual).log_volumes, null)) < (bar.usual).bars,
      false
    )
  then quality.bar_violation(
    bar,
    jsonb_build_object('volume', bar.volume, 'close', bar.close),
    'a volume above 0',
    format('The volume of %s is 0.', bar.session_date)
  )
end;

comment on function quality.rule_price_volume_present(quality.judged_bar, jsonb) is
'A bar of an equity with a volume of 0, unless of the 60 bars before seldom or more, but not all, had none either: such an instrument trades seldom, and no volume says nothing of the source. seldom is a twentieth of 60; a source without any volumes fails on every bar.';

revoke all on function quality.rule_price_volume_present(quality.judged_bar, jsonb) from public;
grant execute on function quality.rule_price_volume_present(quality.judged_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'price_volume_present', 'price_data', 'prices', 'warning', '{"seldom": 3}',
  'A bar of an equity has no volume: its prices are then not those of trades.',
  'Compare with another provider; a day without a trade has no bar in most feeds.',
  'equity_price_data'
);
--! EndIncluded quality/rules/prices/rule_price_volume_present.sql
--! Included quality/rules/risk/rule_var_exceptions_independent.sql
-- Losses beyond the value at risk do not come one after the other.
create or replace function quality.rule_var_exceptions_independent(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select (quality.var_violation(
    series.portfolio, series.method, series.confidence, series.window_days, series.first_date, series.last_date,
    series.session_count, series.exception_count, series.expected_count,
    jsonb_build_object('likelihood_ratio', round(test.ratio::numeric, 4), 'p_value', round(test.p_value::numeric, 6), 'in_a_row', test.in_a_row),
    format('a probability of %s at least of exceptions so bunched, were they independent', p_parameters ->> 'significance'),
    format('%s followed another at once, Christoffersen: likelihood ratio %s, p %s', test.in_a_row, round(test.ratio::numeric, 2), round(test.p_value::numeric, 4))
  )).*
  from quality.var_series((p_parameters ->> 'sessions')::integer) as series
  cross join lateral (
    select
      christoffersen.ratio, feature.chi_square_tail(christoffersen.ratio, 1) as p_value,
      (
        select count(*)
        from unnest(series.exceptions, series.exceptions[2:]) as pair (before, now)
        where pair.before and pair.now
      ) as in_a_row
    from (select risk.christoffersen(series.exceptions) as ratio) as christoffersen
  ) as test
  -- The test is of two sides; fewer in a row than by chance is nothing to report.
  where test.p_value < (p_parameters ->> 'significance')::double precision
    and test.in_a_row * series.session_count > series.exception_count ^ 2;
end;

comment on function quality.rule_var_exceptions_independent(bigint[], timestamptz, timestamptz, jsonb) is
'Series of values at risk whose exceptions follow each other more often than by chance: the test of independence by Christoffersen (1998, risk.christoffersen) over the last sessions sessions (null: all) rejects them at significance. The arguments are not used: a backtest is always of a whole series (quality.var_series).';

revoke all on function quality.rule_var_exceptions_independent(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_var_exceptions_independent(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'var_exceptions_independent', 'var_calculation', 'risk', 'warning', '{"sessions": 1000, "significance": 0.01, "warn": {"significance": 0.05}}',
  'Losses greater than the value at risk come in bunches: the model does not follow the volatility of the market.',
  'Use a shorter window or a method that weighs recent returns more; until then count on several such losses in a row.',
  'var_series'
);
--! EndIncluded quality/rules/risk/rule_var_exceptions_independent.sql
--! Included quality/rules/risk/rule_var_exceptions_kupiec.sql
-- Losses beyond the value at risk are as frequent as they should be.
create or replace function quality.rule_var_exceptions_kupiec(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select (quality.var_violation(
    series.portfolio, series.method, series.confidence, series.window_days, series.first_date, series.last_date,
    series.session_count, series.exception_count, series.expected_count,
    jsonb_build_object('likelihood_ratio', round(test.ratio::numeric, 4), 'p_value', round(test.p_value::numeric, 6)),
    format('a probability of %s at least of so many exceptions, were the model right', p_parameters ->> 'significance'),
    format('Kupiec: likelihood ratio %s, p %s', round(test.ratio::numeric, 2), round(test.p_value::numeric, 4))
  )).*
  from quality.var_series((p_parameters ->> 'sessions')::integer) as series
  cross join lateral (
    select kupiec.ratio, feature.chi_square_tail(kupiec.ratio, 1) as p_value
    from (select risk.kupiec(series.exception_count, series.session_count, series.confidence) as ratio) as kupiec
  ) as test
  where test.p_value < (p_parameters ->> 'significance')::double precision;
end;

comment on function quality.rule_var_exceptions_kupiec(bigint[], timestamptz, timestamptz, jsonb) is
'Series of values at risk with more or fewer exceptions than their confidence says: the test of Kupiec (1995, risk.kupiec) over the last sessions sessions (null: all) rejects them at significance. The arguments are not used: a backtest is always of a whole series (quality.var_series).';

revoke all on function quality.rule_var_exceptions_kupiec(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_var_exceptions_kupiec(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'var_exceptions_kupiec', 'var_calculation', 'risk', 'warning', '{"sessions": 1000, "significance": 0.01, "warn": {"significance": 0.05}}',
  'Losses greater than the value at risk were more frequent, or rarer, than its confidence says: the model understates, or overstates, the risk.',
  'Look at the exceptions (marketbase report var_backtests); another window, or a method that follows volatility, may fit. Do not report the figure without this result.',
  'var_series'
);
--! EndIncluded quality/rules/risk/rule_var_exceptions_kupiec.sql
--! Included quality/rules/risk/rule_var_traffic_light.sql
-- The zone of the Basel Committee is green.
create or replace function quality.rule_var_traffic_light(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select (quality.var_violation(
    series.portfolio, series.method, series.confidence, series.window_days, series.first_date, series.last_date,
    series.session_count, series.exception_count, series.expected_count,
    jsonb_build_object('zone', light.zone),
    format('a zone better than %s', p_parameters ->> 'zone'),
    format('zone %s', light.zone)
  )).*
  from quality.var_series((p_parameters ->> 'sessions')::integer) as series
  cross join lateral (select risk.traffic_light(series.exception_count, series.session_count, series.confidence) as zone) as light
  where array_position(array['green', 'yellow', 'red'], light.zone) >= array_position(array['green', 'yellow', 'red'], p_parameters ->> 'zone');
end;

comment on function quality.rule_var_traffic_light(bigint[], timestamptz, timestamptz, jsonb) is
'Series of values at risk in the zone zone (yellow or red) or a worse one after the last sessions sessions: risk.traffic_light (Basel Committee 1996). The arguments are not used: a backtest is always of a whole series (quality.var_series).';

revoke all on function quality.rule_var_traffic_light(bigint[], timestamptz, timestamptz, jsonb) from public;
grant execute on function quality.rule_var_traffic_light(bigint[], timestamptz, timestamptz, jsonb) to marketbase_worker;

select quality.define_rule(
  'var_traffic_light', 'var_calculation', 'risk', 'error', '{"sessions": 250, "zone": "red", "warn": {"zone": "yellow"}}',
  'There were so many losses greater than the value at risk that the model is in the yellow zone of the Basel Committee (a warning), or in the red one: it is wrong almost surely.',
  'Yellow: explain each exception (marketbase report var_backtests). Red: the capital multiplier rises by 1, and the model has to be changed.',
  'var_series'
);
--! EndIncluded quality/rules/risk/rule_var_traffic_light.sql
--! Included quality/rules/structure/rule_bar_adjusted_close_valid.sql
-- An adjusted close is positive and finite.
create or replace function quality.rule_bar_adjusted_close_valid(candidate ingest.candidate_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when not (candidate.adjusted_close > 0 and candidate.adjusted_close < 'infinity')
  then quality.candidate_violation(
    candidate,
    jsonb_build_object('adjusted_close', candidate.adjusted_close::text, 'close', candidate.close),
    'an adjusted close above 0 and finite, or none',
    format('The adjusted close is %s.', candidate.adjusted_close)
  )
end;

comment on function quality.rule_bar_adjusted_close_valid(ingest.candidate_bar, jsonb) is
'A candidate bar with an adjusted close that is zero, negative, infinite or not a number. Without one a bar passes. p_parameters is not used.';

revoke all on function quality.rule_bar_adjusted_close_valid(ingest.candidate_bar, jsonb) from public;
grant execute on function quality.rule_bar_adjusted_close_valid(ingest.candidate_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'bar_adjusted_close_valid', 'candidate_bar', 'structure', 'error', '{}',
  'An adjusted close is not a price: too much was subtracted for dividends, or the field is another one.',
  'Compute adjusted prices from the actions on record instead; ask the provider for the series again.'
);
--! EndIncluded quality/rules/structure/rule_bar_adjusted_close_valid.sql
--! Included quality/rules/structure/rule_bar_date_plausible.sql
-- A bar has a date of the time of exchanges.
create or replace function quality.rule_bar_date_plausible(candidate ingest.candidate_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when candidate.session_date < (p_parameters ->> 'earliest')::date
  then quality.candidate_violation(
    candidate,
    jsonb_build_object('ts', candidate.ts, 'session_date', candidate.session_date),
    format('a session of %s or later', p_parameters ->> 'earliest'),
    format('The bar is dated %s.', candidate.session_date)
  )
end;

comment on function quality.rule_bar_date_plausible(ingest.candidate_bar, jsonb) is
'A candidate bar with a session before earliest.';

revoke all on function quality.rule_bar_date_plausible(ingest.candidate_bar, jsonb) from public;
grant execute on function quality.rule_bar_date_plausible(ingest.candidate_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'bar_date_plausible', 'candidate_bar', 'structure', 'error', '{"earliest": "1900-01-01"}',
  'A bar is dated before there were such bars: its time was read in the wrong unit or format.',
  'Look at the unit of time in the body (seconds, milliseconds) and at the date format.'
);
--! EndIncluded quality/rules/structure/rule_bar_date_plausible.sql
--! Included quality/rules/structure/rule_bar_instrument_known.sql
-- A bar belongs to an instrument that is known.
create or replace function quality.rule_bar_instrument_known(candidate ingest.candidate_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when candidate.instrument_id is null
  then quality.candidate_violation(
    candidate,
    jsonb_build_object('symbol', candidate.symbol),
    'a symbol of market.instrument',
    format('The symbol %s is not known.', coalesce(quote_literal(left(candidate.symbol, 40)), 'null'))
  )
end;

comment on function quality.rule_bar_instrument_known(ingest.candidate_bar, jsonb) is
'A candidate bar whose instrument could not be resolved. p_parameters is not used.';

revoke all on function quality.rule_bar_instrument_known(ingest.candidate_bar, jsonb) from public;
grant execute on function quality.rule_bar_instrument_known(ingest.candidate_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'bar_instrument_known', 'candidate_bar', 'structure', 'critical', '{}',
  'A bar came for a symbol that marketbase does not know, so it cannot be stored under an instrument.',
  'Check the spelling of the symbol; add the instrument, then normalise the body again.'
);
--! EndIncluded quality/rules/structure/rule_bar_instrument_known.sql
--! Included quality/rules/structure/rule_bar_ohlc_order.sql
-- High is not below low, and open and close lie between them.
create or replace function quality.rule_bar_ohlc_order(candidate ingest.candidate_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when candidate.high < candidate.low
    or candidate.open not between candidate.low and candidate.high
    or candidate.close not between candidate.low and candidate.high
  then quality.candidate_violation(
    candidate,
    jsonb_build_object('open', candidate.open, 'high', candidate.high, 'low', candidate.low, 'close', candidate.close),
    'low <= open <= high and low <= close <= high',
    concat_ws(
      ' ',
      case when candidate.high < candidate.low then format('High %s is below low %s.', candidate.high, candidate.low) end,
      case when candidate.open not between candidate.low and candidate.high then format('Open %s is outside [%s, %s].', candidate.open, candidate.low, candidate.high) end,
      case when candidate.close not between candidate.low and candidate.high then format('Close %s is outside [%s, %s].', candidate.close, candidate.low, candidate.high) end
    )
  )
end;

comment on function quality.rule_bar_ohlc_order(ingest.candidate_bar, jsonb) is
'A candidate bar whose high is below the low, or whose open or close lies outside [low, high]. The comparison is exact, without a tolerance, as the checks of market.price_data are: what passes here can be stored. A normaliser of a provider whose prices carry rounding noise has to round them first. A missing price is not judged here. p_parameters is not used.';

revoke all on function quality.rule_bar_ohlc_order(ingest.candidate_bar, jsonb) from public;
grant execute on function quality.rule_bar_ohlc_order(ingest.candidate_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'bar_ohlc_order', 'candidate_bar', 'structure', 'critical', '{}',
  'The prices of a bar contradict each other: high below low, or open or close outside of both.',
  'Ask the provider for the day again, or take the bar from another provider.'
);
--! EndIncluded quality/rules/structure/rule_bar_ohlc_order.sql
--! Included quality/rules/structure/rule_bar_prices_in_range.sql
-- Prices are of a size that prices have.
create or replace function quality.rule_bar_prices_in_range(candidate ingest.candidate_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when least(candidate.open, candidate.high, candidate.low, candidate.close) > 0
    and greatest(candidate.open, candidate.high, candidate.low, candidate.close) < 'infinity'
    and (
      least(candidate.open, candidate.high, candidate.low, candidate.close) < (p_parameters ->> 'min')::double precision
      or greatest(candidate.open, candidate.high, candidate.low, candidate.close) > (p_parameters ->> 'max')::double precision
    )
  then quality.candidate_violation(
    candidate,
    jsonb_build_object('open', candidate.open, 'high', candidate.high, 'low', candidate.low, 'close', candidate.close),
    format('prices from %s to %s', p_parameters ->> 'min', p_parameters ->> 'max'),
    format(
      'Open %s, high %s, low %s, close %s: a price is below %s or above %s.',
      candidate.open, candidate.high, candidate.low, candidate.close, p_parameters ->> 'min', p_parameters ->> 'max'
    )
  )
end;

comment on function quality.rule_bar_prices_in_range(ingest.candidate_bar, jsonb) is
'A candidate bar with a price below min or above max; what is not positive and finite is the affair of bar_prices_positive.';

revoke all on function quality.rule_bar_prices_in_range(ingest.candidate_bar, jsonb) from public;
grant execute on function quality.rule_bar_prices_in_range(ingest.candidate_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'bar_prices_in_range', 'candidate_bar', 'structure', 'warning', '{"min": 1e-9, "max": 1e9}',
  'A price is smaller or larger than prices are: it stands for a missing value, or is in another unit.',
  'Look at the row in the body; a placeholder such as 9999999999 has to be left out by the normaliser.'
);
--! EndIncluded quality/rules/structure/rule_bar_prices_in_range.sql
--! Included quality/rules/structure/rule_bar_prices_positive.sql
-- Prices are positive and finite.
create or replace function quality.rule_bar_prices_positive(candidate ingest.candidate_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  -- NaN sorts above infinity, so this refuses it too. A missing price is the affair of bar_values_present.
  when least(candidate.open, candidate.high, candidate.low, candidate.close) <= 0
    or greatest(candidate.open, candidate.high, candidate.low, candidate.close) >= 'infinity'
  then quality.candidate_violation(
    candidate,
    jsonb_build_object('open', candidate.open, 'high', candidate.high, 'low', candidate.low, 'close', candidate.close),
    'prices above 0 and finite',
    format('Open %s, high %s, low %s, close %s: a price is not positive and finite.', candidate.open, candidate.high, candidate.low, candidate.close)
  )
end;

comment on function quality.rule_bar_prices_positive(ingest.candidate_bar, jsonb) is
'A candidate bar with a price that is zero, negative, infinite or not a number. p_parameters is not used.';

revoke all on function quality.rule_bar_prices_positive(ingest.candidate_bar, jsonb) from public;
grant execute on function quality.rule_bar_prices_positive(ingest.candidate_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'bar_prices_positive', 'candidate_bar', 'structure', 'critical', '{}',
  'A price is zero, negative, infinite or not a number.',
  'Ask the provider for the day again, or take the bar from another provider.'
);
--! EndIncluded quality/rules/structure/rule_bar_prices_positive.sql
--! Included quality/rules/structure/rule_bar_readable.sql
-- A bar could be read as it came.
create or replace function quality.rule_bar_readable(candidate ingest.candidate_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  -- What is not there is the affair of bar_values_present.
  when candidate.payload ? 'problem' and candidate.payload ->> 'problem' !~ '^(date|open|high|low|close|volume) is missing$'
  then quality.candidate_violation(
    candidate,
    candidate.payload,
    'a row whose fields can all be read',
    format('Unreadable: %s.', candidate.payload ->> 'problem')
  )
end;

comment on function quality.rule_bar_readable(ingest.candidate_bar, jsonb) is
'A candidate bar that its normaliser could not read entirely: another number of fields than the header, text where a number or a date belongs. A value that is not there is left to bar_values_present. p_parameters is not used.';

revoke all on function quality.rule_bar_readable(ingest.candidate_bar, jsonb) from public;
grant execute on function quality.rule_bar_readable(ingest.candidate_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'bar_readable', 'candidate_bar', 'structure', 'critical', '{}',
  'A row of the body could not be read as a bar.',
  'Look at the row in ingest.quarantine, correct the file and import it again.'
);
--! EndIncluded quality/rules/structure/rule_bar_readable.sql
--! Included quality/rules/structure/rule_bar_time_aligned.sql
-- A bar begins where bars of its length begin.
create or replace function quality.rule_bar_time_aligned(candidate ingest.candidate_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when case
    when market.bar_span(candidate.bar_interval) < interval '1 day' then date_trunc('minute', candidate.ts) <> candidate.ts
    else candidate.ts <> candidate.session_date::timestamp at time zone 'UTC'
  end
  then quality.candidate_violation(
    candidate,
    jsonb_build_object('ts', candidate.ts, 'session_date', candidate.session_date, 'bar_interval', candidate.bar_interval),
    case when market.bar_span(candidate.bar_interval) < interval '1 day' then 'a start on a whole minute' else 'midnight UTC of the session' end,
    format(
      'A bar of %s begins at %s UTC, its session is %s.',
      candidate.bar_interval, to_char(candidate.ts at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS'), candidate.session_date
    )
  )
end;

comment on function quality.rule_bar_time_aligned(ingest.candidate_bar, jsonb) is
'A candidate bar that does not begin on a whole minute or, from a day on, at midnight UTC of its session. p_parameters is not used.';

revoke all on function quality.rule_bar_time_aligned(ingest.candidate_bar, jsonb) from public;
grant execute on function quality.rule_bar_time_aligned(ingest.candidate_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'bar_time_aligned', 'candidate_bar', 'structure', 'error', '{}',
  'A bar begins at an odd time: it is of the last trade instead of the session, or its time zone was not taken into account.',
  'Look at the last row of the body, which may be the live one; correct the normaliser of the provider.'
);
--! EndIncluded quality/rules/structure/rule_bar_time_aligned.sql
--! Included quality/rules/structure/rule_bar_unique.sql
-- A body gives one set of values for a bar.
create or replace function quality.rule_bar_unique(p_raw_response_id bigint, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
-- Sorting costs no more than hashing, least where a body is in order, and its memory does not follow the size of the body.
set enable_hashagg to off
begin atomic
  -- Few bodies repeat a bar: the values are compared only where one does.
  with repeated as (
    select c.instrument_id, c.bar_interval, c.ts, count(*) as row_count
    from ingest.candidate_bar as c
    where c.raw_response_id = p_raw_response_id and c.instrument_id is not null and c.ts is not null
    group by c.instrument_id, c.bar_interval, c.ts
    having count(*) > 1
  ),
  said as materialized (
    select c.*, repeated.row_count
    from repeated
    join ingest.candidate_bar as c
      on c.raw_response_id = p_raw_response_id
      and c.instrument_id = repeated.instrument_id
      and c.bar_interval = repeated.bar_interval
      and c.ts = repeated.ts
  )
  select
    c.row_no,
    c.instrument_id,
    c.ts,
    jsonb_build_object('row_no', c.row_no, 'symbol', c.symbol),
    jsonb_build_object(
      'open', c.open, 'high', c.high, 'low', c.low, 'close', c.close, 'volume', c.volume,
      'adjusted_close', c.adjusted_close, 'rows', c.row_count
    ),
    'the same values wherever the body gives the bar',
    format('The body gives this bar %s times, with different values.', c.row_count)
  from said as c
  where exists (
    select
    from said as other
    where other.instrument_id = c.instrument_id and other.bar_interval = c.bar_interval and other.ts = c.ts
      and (other.open, other.high, other.low, other.close, other.volume, other.adjusted_close)
        is distinct from (c.open, c.high, c.low, c.close, c.volume, c.adjusted_close)
  );
end;

comment on function quality.rule_bar_unique(bigint, jsonb) is
'Candidate bars that the body p_raw_response_id gives more than once with different values: all of them, since nothing says which is true. A bar repeated with equal values passes. p_parameters is not used.';

revoke all on function quality.rule_bar_unique(bigint, jsonb) from public;
grant execute on function quality.rule_bar_unique(bigint, jsonb) to marketbase_worker;

select quality.define_rule(
  'bar_unique', 'candidate_bar', 'structure', 'critical', '{}',
  'One body gives different values for one bar, and nothing says which are true.',
  'Ask the provider for the day again when its session is over, or take the bar from another provider.'
);
--! EndIncluded quality/rules/structure/rule_bar_unique.sql
--! Included quality/rules/structure/rule_bar_values_present.sql
-- A bar has a time, four prices and a volume.
create or replace function quality.rule_bar_values_present(candidate ingest.candidate_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when num_nulls(candidate.ts, candidate.session_date, candidate.open, candidate.high, candidate.low, candidate.close, candidate.volume) > 0
  then quality.candidate_violation(
    candidate,
    jsonb_build_object(
      'ts', candidate.ts, 'session_date', candidate.session_date, 'open', candidate.open, 'high', candidate.high, 'low', candidate.low,
      'close', candidate.close, 'volume', candidate.volume
    ),
    'a time, open, high, low, close and volume',
    format('Missing: %s.', concat_ws(
      ', ',
      case when candidate.ts is null or candidate.session_date is null then 'time' end,
      case when candidate.open is null then 'open' end,
      case when candidate.high is null then 'high' end,
      case when candidate.low is null then 'low' end,
      case when candidate.close is null then 'close' end,
      case when candidate.volume is null then 'volume' end
    ))
  )
end;

comment on function quality.rule_bar_values_present(ingest.candidate_bar, jsonb) is
'A candidate bar without a time, a price or a volume. adjusted_close may be missing. p_parameters is not used.';

revoke all on function quality.rule_bar_values_present(ingest.candidate_bar, jsonb) from public;
grant execute on function quality.rule_bar_values_present(ingest.candidate_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'bar_values_present', 'candidate_bar', 'structure', 'critical', '{}',
  'A bar came without its time, a price or its volume.',
  'Ask the provider for the day again; a value that stays missing is a day without a trade.'
);
--! EndIncluded quality/rules/structure/rule_bar_values_present.sql
--! Included quality/rules/structure/rule_bar_volume_valid.sql
-- Volume is not negative and finite.
create or replace function quality.rule_bar_volume_valid(candidate ingest.candidate_bar, p_parameters jsonb)
returns quality.violation
language sql
stable
parallel safe
return case
  when candidate.volume < 0 or candidate.volume >= 'infinity'
  then quality.candidate_violation(
    candidate,
    jsonb_build_object('volume', candidate.volume),
    'a volume of 0 or more, finite',
    format('Volume %s is negative or not finite.', candidate.volume)
  )
end;

comment on function quality.rule_bar_volume_valid(ingest.candidate_bar, jsonb) is
'A candidate bar with a volume that is negative, infinite or not a number. p_parameters is not used.';

revoke all on function quality.rule_bar_volume_valid(ingest.candidate_bar, jsonb) from public;
grant execute on function quality.rule_bar_volume_valid(ingest.candidate_bar, jsonb) to marketbase_worker;

select quality.define_rule(
  'bar_volume_valid', 'candidate_bar', 'structure', 'critical', '{}',
  'A volume is negative, infinite or not a number.',
  'Ask the provider for the day again, or take the bar from another provider.'
);
--! EndIncluded quality/rules/structure/rule_bar_volume_valid.sql
--! Included quality/session_presence.sql
-- Which sessions of instruments have a daily bar, as stored at a moment.
create or replace function quality.session_presence(p_instrument_id bigint, p_from date, p_to date, p_as_of timestamptz)
returns table (instrument_id bigint, session_date date, is_expected boolean, is_present boolean)
language sql
stable
parallel safe
begin atomic
  with bar as (
    select price.instrument_id, price.session_date
    from market.price_data as price
    where price.bar_interval = '1d' and price.recorded_at <= p_as_of and price.session_date between p_from and p_to
      -- A daily bar begins at midnight UTC of its session, or a zone away: the key finds it.
      and price.ts >= (p_from - 1)::timestamp at time zone 'UTC' and price.ts < (p_to + 2)::timestamp at time zone 'UTC'
      and p_instrument_id in (0, price.instrument_id)
    union all
    select closed.instrument_id, closed.session_date
    from market.price_data_history as closed
    where closed.bar_interval = '1d' and closed.recorded_at <= p_as_of and closed.closed_at > p_as_of and closed.session_date between p_from and p_to
      and p_instrument_id in (0, closed.instrument_id)
  ),
  span as (
    select bar.instrument_id, instrument.mic, exchange.calendar, min(bar.session_date) as first_date, max(bar.session_date) as last_date
    from bar
    join market.instruments_as_of(p_as_of) as instrument on instrument.instrument_id = bar.instrument_id
    join market.exchanges_as_of(p_as_of) as exchange on exchange.mic = instrument.mic
    group by bar.instrument_id, instrument.mic, exchange.calendar
  ),
  expected as (
    select span.instrument_id, session.session_date
    from span
    join market.sessions_as_of(
      array(select span.mic from span), (select min(span.first_date) from span), (select max(span.last_date) from span), p_as_of
    ) as session on session.mic = span.mic and session.session_date between span.first_date and span.last_date
    where span.calendar = 'sessions'
    union all
    select span.instrument_id, span.first_date + n
    from span
    cross join lateral generate_series(0, span.last_date - span.first_date) as n
    where span.calendar = 'always'
    union all
    -- Of the others no holidays are known: nothing is missing, nothing is out of place.
    select bar.instrument_id, bar.session_date
    from span
    join bar on bar.instrument_id = span.instrument_id
    where span.calendar not in ('sessions', 'always')
  )
  select both_sides.instrument_id, both_sides.session_date, bool_or(both_sides.is_expected), bool_or(not both_sides.is_expected)
  from (
    select expected.instrument_id, expected.session_date, true as is_expected from expected
    union all
    select bar.instrument_id, bar.session_date, false from bar
  ) as both_sides
  group by both_sides.instrument_id, both_sides.session_date;
end;

comment on function quality.session_presence(bigint, date, date, timestamptz) is
'One row per instrument (p_instrument_id, 0 for all) and day from p_from to p_to, both included, that is a session between its first and last daily bar there or has a bar: is_expected for a session of the calendar of its exchange, is_present for a bar, both as stored at p_as_of.
Where only the weekdays of an exchange are known each bar is expected. Instruments without bars give no rows. No row for NULL.';

revoke all on function quality.session_presence(bigint, date, date, timestamptz) from public;
grant execute on function quality.session_presence(bigint, date, date, timestamptz) to marketbase_analyst, marketbase_auditor;
--! EndIncluded quality/session_presence.sql
--! Included quality/validate.sql
-- Applies the rules in force to what is stored and remembers what each said.
create or replace function quality.validate(
  p_run_id bigint,
  p_instrument_ids bigint[] default null,
  p_from timestamptz default null,
  p_datasets text[] default null
)
returns setof quality.validation_result
language plpgsql
volatile
parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  c_datasets constant text[] := array['price_data', 'company_fundamental', 'feature_vector', 'model_prediction', 'online_vector'] || quality.whole_datasets();
  v_known constant text[] := c_datasets || array(select distinct r.dataset from quality.rule_in_force as r where r.expectation is not null);
  v_datasets constant text[] := coalesce(p_datasets, v_known);
  -- Rules that are functions look at these alone.
  v_function_datasets constant text[] := array(select unnest(c_datasets) intersect select unnest(v_datasets));
  v_from constant timestamptz := coalesce(p_from, '-infinity');
  v_instrument_ids bigint[];
  v_wrong text;
begin
  select dataset into v_wrong from unnest(p_datasets) as dataset where dataset is null or dataset <> all (v_known) limit 1;
  if found then
    raise exception using errcode = 'MB001',
      message = format('%s is not stored data that rules look at.', coalesce(quote_literal(left(v_wrong, 80)), 'null')),
      hint = format('Choose from %s.', array_to_string(v_known, ', '));
  end if;
  select id into v_wrong
  from unnest(p_instrument_ids) as id
  where not exists (select from market.instrument as instrument where instrument.instrument_id = id)
  limit 1;
  if found then
    raise exception using errcode = 'MB002',
      message = format('There is no instrument %s.', coalesce(v_wrong, 'null')),
      hint = 'select instrument_id, symbol from market.instrument lists them.';
  end if;
  v_instrument_ids := array(
    select instrument.instrument_id
    from market.instrument as instrument
    where p_instrument_ids is null or instrument.instrument_id = any (p_instrument_ids)
    order by instrument.instrument_id
  );

  return query
  with expected as materialized (
    select found.rule, (found.verdict).*
    from quality.rule_verdicts(v_instrument_ids, v_from, v_datasets) as found
  ),
  failing as materialized (
    select v.*
    from quality.stored_violations(v_instrument_ids, v_from, 'infinity', v_function_datasets) as v
  ),
  judged as materialized (
    select each.*, quality.incident_of(r.dataset, each.instrument_id, each.ts, null) is not null as is_masked
    from (
      select true as is_failure, failing.* from failing
      union all
      select false, v.*
      from quality.stored_violations(v_instrument_ids, v_from, 'infinity', v_function_datasets, 'warn') as v
      where not exists (
        select
        from failing
        where failing.rule = v.rule
          and (failing.instrument_id, failing.ts, failing.key) is not distinct from (v.instrument_id, v.ts, v.key)
      )
    ) as each
    join quality.rule_in_force as r on r.rule = each.rule
  ),
  violation as materialized (
    select
      judged.rule, judged.instrument_id as result_instrument_id, judged.instrument_id, judged.ts, judged.key, judged.observed, judged.expected, judged.message,
      row_number() over (partition by judged.rule, judged.instrument_id order by judged.ts, judged.key::text) as finding_no
    from judged
    where not judged.is_masked
    union all
    select
      expected.rule, expected.instrument_id, v.instrument_id, v.ts, v.key, v.observed, v.expected, v.message, v.finding_no
    from expected
    cross join lateral unnest(expected.violations) with ordinality as v (row_no, instrument_id, ts, key, observed, expected, message, finding_no)
  ),
  counted as (
    select
      r.rule, r.version, r.dataset, r.severity, asked.instrument_id,
      -- What is masked was not judged.
      coalesce(population.checked_count, 0) - coalesce(failure.masked_count, 0) as checked_count,
      coalesce(failure.failed_count, 0) as failed_count,
      coalesce(failure.masked_count, 0) as masked_count,
      case
        when failure.is_failure then 'failed'
        when failure.failed_count > 0 then 'warned'
        when population.checked_count > coalesce(failure.masked_count, 0) then 'passed'
        else 'not_applicable'
      end as status,
      first.message as first_message,
      case when v_from > '-infinity' and population.checked_count > 0 then v_from else population.from_ts end as from_ts,
      population.to_ts
    from quality.rule_in_force as r
    cross join lateral (
      select unnest(v_instrument_ids) where r.dataset <> all (quality.whole_datasets())
      union all
      select null where r.dataset = any (quality.whole_datasets())
    ) as asked (instrument_id)
    left join quality.rule_populations(v_instrument_ids, v_from, 'infinity', v_function_datasets) as population
      on population.population = r.population and coalesce(population.instrument_id, 0) = coalesce(asked.instrument_id, 0)
    left join (
      select
        judged.rule, judged.instrument_id, count(*) filter (where not judged.is_masked) as failed_count,
        count(*) filter (where judged.is_masked) as masked_count, bool_or(judged.is_failure) filter (where not judged.is_masked) as is_failure
      from judged
      group by judged.rule, judged.instrument_id
    ) as failure on failure.rule = r.rule and coalesce(failure.instrument_id, 0) = coalesce(asked.instrument_id, 0)
    left join violation as first
      on first.rule = r.rule and coalesce(first.result_instrument_id, 0) = coalesce(asked.instrument_id, 0) and first.finding_no = 1
    where r.expectation is null and r.dataset = any (v_function_datasets)
  ),
  verdict as (
    select
      counted.rule, counted.version, counted.dataset, counted.severity, counted.instrument_id,
      counted.status, counted.checked_count, counted.failed_count, counted.masked_count, counted.from_ts, counted.to_ts,
      quality.verdict_message(counted.status, counted.checked_count, counted.failed_count, counted.masked_count, counted.first_message) as message
    from counted
    union all
    select
      r.rule, r.version, r.dataset, r.severity, expected.instrument_id,
      expected.status, expected.checked_count, expected.failed_count, expected.masked_count,
      -- All from p_from on was looked at, and what lies before only where the whole was.
      case when v_from > '-infinity' then least(expected.from_ts, v_from) else expected.from_ts end, expected.to_ts,
      expected.message
    from expected
    join quality.rule_in_force as r on r.rule = expected.rule
  ),
  result as (
    insert into quality.validation_result (
      rule, rule_version, dataset, instrument_id, status, severity, checked_count, failed_count, masked_count, from_ts, to_ts, message, run_id
    )
    select
      verdict.rule, verdict.version, verdict.dataset, verdict.instrument_id, verdict.status, verdict.severity,
      verdict.checked_count, verdict.failed_count, verdict.masked_count, verdict.from_ts, verdict.to_ts, verdict.message, p_run_id
    from verdict
    -- A look at the end of a series alone must not hide what was said of the whole: there, nothing to check is nothing to say.
    where v_from = '-infinity' or verdict.checked_count > 0 or verdict.masked_count > 0
    order by verdict.rule, verdict.instrument_id
    returning *
  ),
  finding as (
    insert into quality.validation_finding (validation_result_id, instrument_id, ts, key, observed, expected, message)
    select result.validation_result_id, violation.instrument_id, violation.ts, violation.key, violation.observed, violation.expected, violation.message
    from violation
    -- A dataset as a whole has no instrument.
    join result on result.rule = violation.rule and coalesce(result.instrument_id, 0) = coalesce(violation.result_instrument_id, 0)
    join quality.rule_in_force as r on r.rule = violation.rule
    where violation.finding_no <= coalesce((r.parameters ->> 'max_findings')::numeric, 1000)
    order by result.validation_result_id, violation.finding_no
  )
  select result.*
  from result
  order by result.rule, result.instrument_id;
end;
$$;

comment on function quality.validate(bigint, bigint[], timestamptz, text[]) is
'Applies the rules in force to what is stored of the instruments p_instrument_ids (NULL: all) from p_from on (NULL: from the beginning), in the run p_run_id. p_datasets limits it to some of price_data, company_fundamental, feature_vector, model_prediction, online_vector, var_calculation, pipeline_run and the datasets of which anything is expected (NULL: all). Writes and returns one quality.validation_result per rule and instrument, or per rule on a dataset as a whole: passed, warned, failed or not_applicable; with p_from, only where there was something to look at. Failures and warnings have their first findings (max_findings of the rule, default 1000); failed_count counts all. A rule that is a function fails by its parameters with those of fail in place of their like, else it warns by those with warn. What lies in a known incident (quality.incident_of) is no finding and counted as masked_count. Datasets without instruments (quality.whole_datasets) have one result per rule. Errors: MB001 for a dataset that is none, MB002 for an unknown instrument; a rule whose function fails raises its own SQLSTATE with a message that names the rule; an expectation that cannot be applied is a failed result.';

revoke all on function quality.validate(bigint, bigint[], timestamptz, text[]) from public;
grant execute on function quality.validate(bigint, bigint[], timestamptz, text[]) to marketbase_worker;
--! EndIncluded quality/validate.sql
--! Included quality/validate_body.sql
-- Judges what a body looks like as a whole, and remembers the verdict.
create or replace function quality.validate_body(p_run_id bigint, p_raw_response_id bigint)
returns void
language plpgsql
volatile
parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_body record;
  v_checked bigint;
begin
  select shape.provider, shape.dataset, response.fetched_at into v_body
  from ingest.body_shape as shape
  join ingest.raw_response as response using (raw_response_id)
  where shape.raw_response_id = p_raw_response_id;
  if not found then
    return;
  end if;
  select count(*) into v_checked from ingest.compare_shape(p_raw_response_id);

  with violation as materialized (
    select v.*, row_number() over (partition by v.rule, v.is_masked order by v.key::text) as finding_no
    from (
      select
        found.*,
        quality.incident_of('raw_response', found.instrument_id, coalesce(found.ts, v_body.fetched_at), v_body.provider) is not null as is_masked
      from quality.candidate_violations(p_raw_response_id, 'raw_response') as found
    ) as v
  ),
  result as (
    insert into quality.validation_result (
      rule, rule_version, dataset, raw_response_id, status, severity, checked_count, failed_count, masked_count, message, run_id
    )
    select
      r.rule, r.version, r.dataset, p_raw_response_id, said.status, r.severity, said.checked_count, said.failed_count, said.masked_count,
      quality.verdict_message(said.status, said.checked_count, said.failed_count, said.masked_count, said.first_message),
      p_run_id
    from quality.rule_in_force as r
    cross join lateral (
      select
        count.*, quality.status(count.checked_count, count.failed_count) as status
      from (
        select
          greatest(v_checked, count(v.rule)) - count(*) filter (where v.is_masked) as checked_count,
          count(*) filter (where not v.is_masked) as failed_count,
          count(*) filter (where v.is_masked) as masked_count,
          min(v.message) filter (where not v.is_masked and v.finding_no = 1) as first_message
        from violation as v
        where v.rule = r.rule
      ) as count
    ) as said
    where r.dataset = 'raw_response'
    returning validation_result_id, rule
  )
  insert into quality.validation_finding (validation_result_id, instrument_id, ts, key, observed, expected, message)
  select result.validation_result_id, violation.instrument_id, violation.ts, violation.key, violation.observed, violation.expected, violation.message
  from violation
  join result on result.rule = violation.rule
  join quality.rule_in_force as r on r.rule = violation.rule
  where not violation.is_masked and violation.finding_no <= coalesce((r.parameters ->> 'max_findings')::bigint, 1000)
  order by violation.rule, violation.finding_no;

  -- A field that is back, or of its type again, is found right.
  if exists (
    select from quality.tracked_finding as tracked where tracked.scope = format('body %s %s', v_body.provider, v_body.dataset)
  ) then
    perform quality.lock_findings(array[format('body %s %s', v_body.provider, v_body.dataset)]);
    insert into quality.finding_event (finding_id, event, validation_result_id, run_id)
    select drifted.finding_id, 'resolved', result.validation_result_id, p_run_id
    from quality.finding as drifted
    join ingest.body_shape as taken on taken.raw_response_id = p_raw_response_id
    join ingest.known_shape as shape using (sha256)
    join quality.validation_result as result on result.raw_response_id = p_raw_response_id and result.rule = drifted.rule and result.run_id = p_run_id
    where drifted.dataset = 'raw_response'
      and drifted.provider = v_body.provider
      and drifted.key ->> 'dataset' = v_body.dataset
      and drifted.state <> 'resolved'
      and drifted.key ->> 'change' in ('missing', 'retyped')
      and shape.paths ? (drifted.key ->> 'path')
      and drifted.observed -> 'before' @> ((shape.paths -> (drifted.key ->> 'path')) - 'null')
      and (drifted.observed ->> 'first_body')::bigint < p_raw_response_id;
  end if;
end;
$$;

comment on function quality.validate_body(bigint, bigint) is
'Applies the rules in force on bodies as a whole (dataset raw_response, such as provider_schema_drift) to the body p_raw_response_id, whose shape is remembered, in the run p_run_id. Writes one quality.validation_result per rule, which counts the paths that were compared, and its findings; those in a known incident of raw_response, of the provider and the time at which the body was fetched, are counted as masked instead. A finding about a field is not resolved by the next body but by one that has the field again, of its old type; or somebody acknowledges it. A body without a remembered shape gives nothing. Errors: a rule that fails raises its own SQLSTATE with a message that names the rule.';

revoke all on function quality.validate_body(bigint, bigint) from public;
grant execute on function quality.validate_body(bigint, bigint) to marketbase_worker;
--! EndIncluded quality/validate_body.sql
--! Included quality/validate_candidates.sql
-- Judges the candidates of a body, remembers the verdict and returns the rows to refuse.
create or replace function quality.validate_candidates(p_run_id bigint, p_raw_response_id bigint)
returns setof quality.rejected_row
language plpgsql
volatile
parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_dataset text;
  v_provider text;
  v_population quality.population;
begin
  select case response.dataset when 'bars' then 'candidate_bar' when 'fundamentals' then 'candidate_fact' else response.dataset end, response.provider
  into v_dataset, v_provider
  from ingest.raw_response as response
  where response.raw_response_id = p_raw_response_id;
  if not found then
    raise exception using errcode = 'MB001',
      message = format('There is no body %s.', coalesce(p_raw_response_id::text, 'null')),
      hint = 'Give the raw_response_id of a row of ingest.raw_response.';
  end if;

  -- instrument_id is that of all rows, or null where they differ or one has none.
  select
    case when count(candidate.instrument_id) = count(*) and min(candidate.instrument_id) = max(candidate.instrument_id)
      then min(candidate.instrument_id)
    end,
    count(*), min(candidate.ts), max(candidate.ts)
  into v_population
  from (
    select bar.instrument_id, bar.ts
    from ingest.candidate_bar as bar
    where v_dataset = 'candidate_bar' and bar.raw_response_id = p_raw_response_id
    union all
    select fact.instrument_id, fact.period_end::timestamp at time zone 'UTC'
    from ingest.candidate_fact as fact
    where v_dataset = 'candidate_fact' and fact.raw_response_id = p_raw_response_id
  ) as candidate;

  return query
  with violation as materialized (
    select v.*, row_number() over (partition by v.rule, v.is_masked order by v.row_no) as finding_no
    from (
      select
        found.rule, found.row_no, found.instrument_id, found.ts, found.key, found.observed, found.expected, found.message,
        quality.incident_of(v_dataset, found.instrument_id, found.ts, v_provider) is not null as is_masked
      from quality.candidate_violations(p_raw_response_id, v_dataset) as found
    ) as v
  ),
  verdict as (
    select
      r.rule, r.version, r.severity, v_population.checked_count - count.masked as checked_count, count.failed as failed_count, count.masked as masked_count,
      quality.status(v_population.checked_count - count.masked, count.failed) as status, count.first_message
    from quality.rule_in_force as r
    cross join lateral (
      select
        count(*) filter (where not violation.is_masked) as failed,
        count(*) filter (where violation.is_masked) as masked,
        min(violation.message) filter (where not violation.is_masked and violation.finding_no = 1) as first_message
      from violation
      where violation.rule = r.rule
    ) as count
    where r.expectation is null and r.dataset = v_dataset
  ),
  result as (
    insert into quality.validation_result (
      rule, rule_version, dataset, instrument_id, raw_response_id, status, severity,
      checked_count, failed_count, masked_count, from_ts, to_ts, message, run_id
    )
    select
      verdict.rule, verdict.version, v_dataset, v_population.instrument_id, p_raw_response_id,
      verdict.status, verdict.severity, verdict.checked_count, verdict.failed_count, verdict.masked_count, v_population.from_ts, v_population.to_ts,
      quality.verdict_message(verdict.status, verdict.checked_count, verdict.failed_count, verdict.masked_count, verdict.first_message), p_run_id
    from verdict
    order by verdict.rule
    returning validation_result_id, rule
  ),
  finding as (
    insert into quality.validation_finding (validation_result_id, instrument_id, ts, key, observed, expected, message)
    select result.validation_result_id, violation.instrument_id, violation.ts, violation.key, violation.observed, violation.expected, violation.message
    from violation
    join result on result.rule = violation.rule
    join quality.rule_in_force as r on r.rule = violation.rule
    where not violation.is_masked and violation.finding_no <= coalesce((r.parameters ->> 'max_findings')::bigint, 1000)
    order by violation.rule, violation.finding_no
  )
  -- Known or not, what the tables cannot hold is refused.
  select violation.row_no, array_agg(violation.rule order by violation.rule), string_agg(violation.message, ' ' order by violation.rule)
  from violation
  join verdict on verdict.rule = violation.rule and verdict.severity = 'critical'
  group by violation.row_no
  order by violation.row_no;
end;
$$;

comment on function quality.validate_candidates(bigint, bigint) is
'Applies the rules in force to the candidates (ingest.candidate_bar or ingest.candidate_fact) of the body p_raw_response_id in the run p_run_id. Writes one quality.validation_result per rule, passed or failed, with its first findings (max_findings of the rule, default 1000), and returns the rows that fail a critical rule, by row_no: they belong in ingest.quarantine, also where a known incident (quality.incident_of) masks the finding; masked_count counts what is masked. A body without rows gives results that are not_applicable. Datasets without candidates (trades, documents) give nothing. Errors: MB001 for an unknown body; a rule that fails raises its own SQLSTATE with a message that names the rule.';

revoke all on function quality.validate_candidates(bigint, bigint) from public;
grant execute on function quality.validate_candidates(bigint, bigint) to marketbase_worker;
--! EndIncluded quality/validate_candidates.sql
--! Included quality/validate_set.sql
-- Asks the rules on a feature set and remembers what each said.
create or replace function quality.validate_set(
  p_run_id bigint,
  p_set text,
  p_rules text[] default null,
  p_parameters jsonb default '{}'
)
returns setof quality.validation_result
language plpgsql
volatile
parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_set constant record := feature.current_set(p_set);
  v_rule quality.rule_in_force;
  v_verdict quality.set_verdict;
  v_open quality.violation[];
  v_failed bigint;
  v_masked bigint;
  v_status text;
  v_result quality.validation_result;
  v_wrong text;
begin
  if not exists (select from pipeline.pipeline_run as run where run.run_id = p_run_id) then
    raise exception using errcode = 'MB001',
      message = format('There is no run %s.', coalesce(p_run_id::text, 'NULL')),
      hint = 'pipeline.start_run starts one.';
  end if;
  select asked.rule into v_wrong
  from unnest(p_rules) as asked (rule)
  where not exists (select from quality.rule_in_force as r where r.rule = asked.rule and r.expectation is null and r.dataset = 'feature_set')
  limit 1;
  if found then
    raise exception using errcode = 'MB003',
      message = format('There is no rule %s on feature sets.', coalesce(quote_literal(left(v_wrong, 80)), 'NULL')),
      hint = (
        select format('There are: %s.', string_agg(r.rule, ', ' order by r.rule))
        from quality.rule_in_force as r
        where r.expectation is null and r.dataset = 'feature_set'
      );
  end if;

  for v_rule in
    select r.*
    from quality.rule_in_force as r
    where r.expectation is null and r.dataset = 'feature_set' and (p_rules is null or r.rule = any (p_rules))
    order by r.rule
  loop
    execute format('select * from %s($1, $2)', (v_rule.function_name || '(text, jsonb)')::regprocedure::regproc)
    into v_verdict
    using p_set, v_rule.parameters || coalesce(p_parameters, '{}');
    -- What a known incident covers is masked and not judged.
    v_open := array(
      select row(
        violation.row_no, violation.instrument_id, violation.ts, violation.key, violation.observed, violation.expected, violation.message
      )::quality.violation
      from unnest(v_verdict.violations)
        with ordinality as violation (row_no, instrument_id, ts, key, observed, expected, message, finding_no)
      where quality.incident_of(v_rule.dataset, violation.instrument_id, violation.ts, null) is null
      order by violation.finding_no
    );
    v_failed := cardinality(v_open);
    v_masked := coalesce(cardinality(v_verdict.violations), 0) - v_failed;
    v_verdict.checked_count := v_verdict.checked_count - v_masked;
    v_status := quality.status(v_verdict.checked_count, v_failed);

    insert into quality.validation_result (
      rule, rule_version, dataset, feature_set_version_id, status, severity, checked_count, failed_count, masked_count, from_ts, to_ts, message,
      run_id
    )
    values (
      v_rule.rule, v_rule.version, v_rule.dataset, v_set.feature_set_version_id, v_status, v_rule.severity,
      v_verdict.checked_count, v_failed, v_masked, v_verdict.from_ts, v_verdict.to_ts,
      concat_ws(' ', quality.verdict_message(v_status, v_verdict.checked_count, v_failed, v_masked, v_open[1].message), v_verdict.note), p_run_id
    )
    returning * into v_result;

    insert into quality.validation_finding (validation_result_id, instrument_id, ts, key, observed, expected, message)
    select v_result.validation_result_id, violation.instrument_id, violation.ts, violation.key, violation.observed, violation.expected, violation.message
    from unnest(v_open)
      with ordinality as violation (row_no, instrument_id, ts, key, observed, expected, message, finding_no)
    where violation.finding_no <= coalesce((v_rule.parameters ->> 'max_findings')::bigint, 1000)
    order by violation.finding_no;
    return next v_result;
  end loop;
end;
$$;

comment on function quality.validate_set(bigint, text, text[], jsonb) is
'Asks the rules in force on feature sets (p_rules; NULL: all) about the version of p_set in force, in the run p_run_id. Writes and returns one quality.validation_result per rule, of that version, and its findings; passed, failed or, where there was nothing to look at, not_applicable. What lies in a known incident of feature_set is no finding and counted as masked_count. p_parameters: a JSON object that overrides parameters of the rules.
Errors: MB001 for an unknown run, MB003 for an unknown set or rule, and those of the rules.';

revoke all on function quality.validate_set(bigint, text, text[], jsonb) from public;
grant execute on function quality.validate_set(bigint, text, text[], jsonb) to marketbase_worker;
--! EndIncluded quality/validate_set.sql
--! Included quality/views/finding.sql
-- What rules found wrong, followed from look to look, with its state now.
create or replace view quality.finding
with (security_invoker = true)
as
select
  followed.finding_id,
  followed.state,
  followed.since,
  followed.rule,
  followed.rule_version,
  followed.severity,
  followed.dataset,
  followed.instrument_id,
  followed.symbol,
  followed.provider,
  followed.subject,
  followed.feature_set_version_id,
  followed.ts,
  followed.key,
  followed.observed,
  followed.expected,
  followed.message,
  followed.first_seen_at,
  followed.last_seen_at,
  followed.decided_by,
  followed.reason,
  followed.until,
  followed.state_run_id,
  followed.validation_finding_id,
  followed.is_in_force
from quality.findings_as_of() as followed;

comment on view quality.finding is E'@primaryKey finding_id\n@foreignKey (instrument_id) references market.instrument (instrument_id)|@fieldName instrument|@foreignFieldName findings\n@foreignKey (validation_finding_id, last_seen_at) references quality.validation_finding (validation_finding_id, recorded_at)|@fieldName validationFinding|@foreignFieldName findings\n@foreignKey (state_run_id) references pipeline.pipeline_run (run_id)|@fieldName stateRun|@foreignFieldName decidedFindings\nWhat rules found wrong, in stored data and in the bodies of providers, one row for each rule and place however often it was seen. A later look of the same rule at the same place that finds it right resolves it; one that finds it wrong again reopens it; one that does not judge it because of a known incident masks it; quality.acknowledge says that somebody knows. quality.finding_event has its whole life, quality.findings_as_of what this said at a moment.';
comment on column quality.finding.finding_id is E'@notNull\nIdentity.';
comment on column quality.finding.state is E'@notNull\nopen, acknowledged, reopened, resolved or masked; see quality.finding_states.';
comment on column quality.finding.since is E'@notNull\nSince when it is in this state.';
comment on column quality.finding.rule is E'@notNull\nRule.';
comment on column quality.finding.rule_version is E'@notNull\nVersion of the rule that saw it last.';
comment on column quality.finding.severity is E'@notNull\nSeverity of that version: critical, error, warning or info.';
comment on column quality.finding.dataset is E'@notNull\nWhat the rule looks at.';
comment on column quality.finding.instrument_id is 'Instrument; null where it is not known.';
comment on column quality.finding.symbol is 'Its symbol.';
comment on column quality.finding.provider is 'Provider whose body was judged; null for what is stored.';
comment on column quality.finding.subject is 'Subject of that body, such as a symbol; null for what is stored and for what concerns all bodies of a kind.';
comment on column quality.finding.feature_set_version_id is 'Version of the feature set, for rules on sets.';
comment on column quality.finding.ts is 'Time of the row; null where it has none.';
comment on column quality.finding.key is E'@notNull\nKey of the row, a JSON object.';
comment on column quality.finding.observed is E'@notNull\nValues that were seen last, a JSON object.';
comment on column quality.finding.expected is E'@notNull\nWhat the rule expects, in words.';
comment on column quality.finding.message is E'@notNull\nWhat is wrong, in a sentence.';
comment on column quality.finding.first_seen_at is E'@notNull\nWhen it was seen first.';
comment on column quality.finding.last_seen_at is E'@notNull\nWhen it was seen last.';
comment on column quality.finding.decided_by is 'Person who acknowledged or reopened it; null where a look decided.';
comment on column quality.finding.reason is 'Why that person did; of a masked one what happened.';
comment on column quality.finding.until is 'Until when it is acknowledged; null for good.';
comment on column quality.finding.state_run_id is 'Run whose look opened, reopened, resolved or masked it; null where a person decided.';
comment on column quality.finding.validation_finding_id is E'@notNull\nWhat was seen last, in quality.validation_finding.';
comment on column quality.finding.is_in_force is E'@notNull\nTrue while the rule is in force.';

grant select on quality.finding to marketbase_reader;
--! EndIncluded quality/views/finding.sql
--! Included quality/views/pending_validation.sql
-- What the rules in force have not looked at yet.
create or replace view quality.pending_validation
with (security_invoker = true)
as
select
  instrument.instrument_id,
  instrument.symbol,
  min(pending.from_ts) as from_ts,
  string_agg(distinct pending.reason, '; ' order by pending.reason) as reason
from (
  select mark.instrument_id, mark.from_ts, mark.reason
  from pipeline.stale_range as mark
  where mark.consumer = 'quality'
  union all
  select priced.instrument_id, '-infinity', format('rule %s %s has not been applied', in_force.rule, in_force.version)
  from market.instrument as priced
  cross join quality.rule_in_force as in_force
  where case
      when in_force.expectation is not null then in_force.parameters ->> 'group_by' = 'instrument_id'
      else in_force.dataset in ('price_data', 'company_fundamental', 'feature_vector', 'model_prediction')
    end
    and exists (select from market.price_data as price where price.instrument_id = priced.instrument_id)
    and not exists (
      select
      from quality.validation_result as result
      where result.instrument_id = priced.instrument_id
        and result.rule = in_force.rule
        and result.rule_version = in_force.version
        and result.raw_response_id is null
    )
    -- An expectation that could not be applied has said so once for all.
    and not exists (
      select
      from quality.validation_result as result
      where in_force.expectation is not null
        and result.rule = in_force.rule
        and result.rule_version = in_force.version
        and result.instrument_id is null
    )
  union all
  -- What an incident masks, or no longer masks.
  select concerned.instrument_id, incident.from_ts, format('incident %s was recorded or withdrawn', incident.known_incident_id)
  from quality.known_incident as incident
  join market.instrument as concerned on incident.instrument_id is null or incident.instrument_id = concerned.instrument_id
  where case incident.dataset
      when 'price_data' then exists (
        select
        from market.price_data as price
        where price.instrument_id = concerned.instrument_id and price.bar_interval in ('1d', '1w') and price.ts between incident.from_ts and incident.to_ts
      )
      when 'company_fundamental' then exists (
        select
        from market.company_fundamental as fact
        where fact.instrument_id = concerned.instrument_id
          and fact.period_end::timestamp at time zone 'UTC' between incident.from_ts and incident.to_ts
      )
    end
    and not exists (
      select
      from quality.validation_result as result
      where result.instrument_id = concerned.instrument_id
        and result.dataset = incident.dataset
        and result.raw_response_id is null
        and result.recorded_at >= coalesce(incident.withdrawn_at, incident.recorded_at)
    )
) as pending
join market.instrument as instrument on instrument.instrument_id = pending.instrument_id
group by instrument.instrument_id, instrument.symbol;

comment on view quality.pending_validation is E'@primaryKey instrument_id\n@foreignKey (instrument_id) references market.instrument (instrument_id)|@fieldName instrument\nInstruments that the rules in force have yet to look at: because their data changed, a rule is new or has a new version, or a known incident was recorded or withdrawn. quality.validate(run_id, array[instrument_id], from_ts) does it.';
comment on column quality.pending_validation.instrument_id is E'@notNull\nInstrument.';
comment on column quality.pending_validation.symbol is E'@notNull\nIts symbol.';
comment on column quality.pending_validation.from_ts is E'@notNull\nFrom where; -infinity for the whole series.';
comment on column quality.pending_validation.reason is E'@notNull\nWhy.';

grant select on quality.pending_validation to marketbase_reader;
--! EndIncluded quality/views/pending_validation.sql
--! Included quality/expectations/step_datasets.sql
-- What the two validating steps of a flow look at.
create or replace function quality.step_datasets(p_is_derived boolean)
returns text[]
language sql
stable
parallel safe
begin atomic
  select array(
    select unnest(case when p_is_derived then array['feature_vector', 'model_prediction'] || quality.whole_datasets() else array['price_data', 'company_fundamental'] end)
    union
    select r.dataset
    from quality.rule_in_force as r
    where r.expectation is not null
      and p_is_derived = exists (
        select
        from pg_class as relation
        where relation.relname = r.dataset
          and relation.relnamespace::regnamespace::text in ('feature', 'quality', 'ml', 'portfolio', 'risk', 'lineage', 'pipeline')
      )
  );
end;

comment on function quality.step_datasets(boolean) is
E'@behavior -*\nDatasets of the rules on what came in, or, where p_is_derived, on what was computed from it and on the runs: those of schemas feature, quality, ml, portfolio, risk, lineage and pipeline.';

revoke all on function quality.step_datasets(boolean) from public;
grant execute on function quality.step_datasets(boolean) to marketbase_worker;
--! EndIncluded quality/expectations/step_datasets.sql

--! split: 990-refresh-versions.sql
-- What the compiler and the kernels are now is put into force.
select count(*) from feature.refresh_versions();
select quality.refresh_rules();
