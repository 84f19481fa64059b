-- Observations of a series become vintages: a row for each value that was not known before.
create or replace function ingest.accept_observations(p_run_id bigint, p_raw_response_id bigint, p_series text, p_document jsonb) returns ingest.acceptance
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
set work_mem to '64MB'
as $$
declare
  arrived timestamptz;
  outcome ingest.acceptance;
  read_count bigint;
  refused_count bigint;
begin
  perform pg_advisory_xact_lock(hashtextextended('market.macro_observation ' || p_series, 0));
  select response.fetched_at into arrived from ingest.raw_response response where response.raw_response_id = p_raw_response_id;

  with item as (
    select
      position as row_no, body,
      case when jsonb_typeof(body -> 'value') in ('string', 'number') then btrim(body ->> 'value') end as text
    from jsonb_array_elements(p_document -> 'observations') with ordinality as element (body, position)
  )
  insert into ingest.quarantine (raw_response_id, dataset, row_no, symbol, rules, reason, payload, run_id)
  select p_raw_response_id, 'macro', item.row_no, p_series, array['observation_readable'], problem.reason, item.body, p_run_id
  from item
  cross join lateral (
    select case
      when ingest.is_iso_date(item.body ->> 'date') is not true then format('date "%s" is not a date', item.body ->> 'date')
      when ingest.is_iso_date(item.body ->> 'realtime_start') is not true then format('realtime_start "%s" is not a date', item.body ->> 'realtime_start')
      when item.text is null or (item.text <> '.' and not ingest.is_finite_number(item.text)) then format('value "%s" is not a number', item.body ->> 'value')
    end as reason
  ) as problem
  where problem.reason is not null
  union all
  -- A page of several is not the series: what is missing is said.
  select
    p_raw_response_id, 'macro', jsonb_array_length(p_document -> 'observations') + 1, p_series, array['observation_complete'],
    format('the body has %s of %s observations', jsonb_array_length(p_document -> 'observations'), p_document ->> 'count'),
    p_document - 'observations', p_run_id
  where (p_document ->> 'count')::numeric > jsonb_array_length(p_document -> 'observations') + coalesce((p_document ->> 'offset')::numeric, 0)
  on conflict (raw_response_id, dataset, row_no) do nothing;

  select jsonb_array_length(p_document -> 'observations'), count(*) into read_count, refused_count
  from ingest.quarantine refused
  where refused.raw_response_id = p_raw_response_id and refused.dataset = 'macro' and refused.rules = array['observation_readable'];

  with shown as (
    select
      (body ->> 'date')::date as observation_date, (body ->> 'realtime_start')::date as vintage_date,
      case when ingest.is_iso_date(body ->> 'realtime_end') then (body ->> 'realtime_end')::date end as last_shown,
      nullif(btrim(body ->> 'value'), '.')::numeric as value
    from jsonb_array_elements(p_document -> 'observations') with ordinality as element (body, position)
    where not exists (
      select
      from ingest.quarantine refused
      where refused.raw_response_id = p_raw_response_id and refused.dataset = 'macro' and refused.row_no = position
    )
  ), vintage as (
    select observation_date, vintage_date, value from shown
    union
    -- A value that was no longer shown, with none in its place, has been withdrawn.
    select shown.observation_date, shown.last_shown + 1, null
    from shown
    where coalesce(p_document ->> 'output_type', '1') = '1'
      and ingest.is_iso_date(p_document ->> 'realtime_end') and shown.last_shown < (p_document ->> 'realtime_end')::date
      and not exists (
        select from shown as next where next.observation_date = shown.observation_date and next.vintage_date = shown.last_shown + 1
      )
      and (p_document ->> 'count' is null or (p_document ->> 'count')::numeric <= jsonb_array_length(p_document -> 'observations'))
  ), candidate as (
    -- What a body shows could be known when the body came, and on the day after the vintage began; what it corrects, only when it came.
    select distinct on (vintage.observation_date, moment.known_from)
      vintage.observation_date, vintage.vintage_date, vintage.value,
      case
        when stored.value is distinct from vintage.value and stored.known_from is not null then greatest(arrived, moment.known_from)
        else moment.known_from
      end as known_from
    from vintage
    cross join lateral (
      select least((vintage.vintage_date + 1)::timestamp at time zone 'America/New_York', arrived) as known_from
    ) as moment
    left join market.macro_observation stored
      on stored.series = p_series and stored.observation_date = vintage.observation_date and stored.known_from = moment.known_from
    order by vintage.observation_date, moment.known_from, vintage.vintage_date desc
  ), said as (
    select observation_date, vintage_date, value, known_from, false as is_stored from candidate
    union all
    select stored.observation_date, stored.vintage_date, stored.value, stored.known_from, true
    from market.macro_observation stored
    where stored.series = p_series
  ), followed as (
    select
      *,
      lag(value) over by_time as value_before, lag(known_from) over by_time as known_before,
      bool_or(is_stored) over (partition by observation_date) as is_known
    from said
    window by_time as (partition by observation_date order by known_from, is_stored desc)
  ), added as (
    insert into market.macro_observation (series, observation_date, known_from, value, vintage_date, raw_response_id, run_id)
    select p_series, observation_date, known_from, value, vintage_date, p_raw_response_id, p_run_id
    from followed
    where not is_stored and (known_before is null or value is distinct from value_before)
    order by observation_date, known_from
    on conflict (series, observation_date, known_from) do nothing
    returning observation_date, known_from
  )
  select
    count(*) filter (where not followed.is_known), count(*) filter (where followed.is_known)
  into outcome.new_count, outcome.changed_count
  from added
  join followed on followed.observation_date = added.observation_date and followed.known_from = added.known_from and not followed.is_stored;

  outcome.unchanged_count := greatest(0, read_count - refused_count - outcome.new_count - outcome.changed_count);
  return outcome;
end
$$;

comment on function ingest.accept_observations(bigint, bigint, text, jsonb) is
'Takes the observations of p_document, in the shape of FRED''s JSON, into market.macro_observation and returns the counts. A value can be known from the start of the day after its realtime_start, New York time, or from the arrival of
the body where that is earlier; a value that differs from one known from the same moment counts from the arrival. "." is no value and stored as NULL; a value that was no longer shown before the end of the requested range is withdrawn by a NULL.
Vintages may arrive in any order. What cannot be read goes to ingest.quarantine, as does the note that a body is but one page.';

revoke all on function ingest.accept_observations(bigint, bigint, text, jsonb) from public;
grant execute on function ingest.accept_observations(bigint, bigint, text, jsonb) to marketbase_worker;
