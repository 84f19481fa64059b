-- Splits and dividends that came with the bars.
create or replace function ingest.accept_actions(p_run_id bigint, p_raw_response_id bigint) returns ingest.acceptance
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  response record;
  outcome ingest.acceptance;
  cancelled_count bigint;
begin
  select raw_response.provider, raw_response.fetched_at, provider.priority into response
  from ingest.raw_response
  join ingest.provider using (provider)
  where raw_response.raw_response_id = p_raw_response_id;

  perform pg_advisory_xact_lock(hashtextextended('market.price_data ' || touched.instrument_id, 0))
  from (
    select candidate.instrument_id from ingest.candidate_action candidate where candidate.raw_response_id = p_raw_response_id
    union
    select span.instrument_id from ingest.candidate_action_span span where span.raw_response_id = p_raw_response_id
    order by instrument_id
  ) as touched;

  -- The provider no longer lists it: cancelled. An amount within one part in a million of the old one says the same.
  perform set_config('marketbase.closed_from', response.fetched_at::text, true);
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
    );
  get diagnostics cancelled_count = row_count;
  perform set_config('marketbase.closed_from', '', true);

  update market.corporate_action as current
  set
    amount = candidate.amount, currency = candidate.currency, known_from = greatest(response.fetched_at, current.known_from),
    provider = response.provider, raw_response_id = p_raw_response_id, run_id = p_run_id
  from (
    select distinct on (action.instrument_id, action.action_type, action.ex_date) action.*
    from ingest.candidate_action action
    where action.raw_response_id = p_raw_response_id
    order by action.instrument_id, action.action_type, action.ex_date, action.row_no
  ) as candidate, ingest.provider current_provider, ingest.raw_response current_response
  where current.instrument_id = candidate.instrument_id and current.action_type = candidate.action_type and current.ex_date = candidate.ex_date
    and current_provider.provider = current.provider and response.priority <= current_provider.priority
    and current_response.raw_response_id = current.raw_response_id and current_response.fetched_at <= response.fetched_at
    and (abs(candidate.amount - current.amount) > 0.000001 * current.amount or candidate.currency is distinct from current.currency);
  get diagnostics outcome.changed_count = row_count;
  outcome.changed_count := outcome.changed_count + cancelled_count;

  insert into market.corporate_action (instrument_id, action_type, ex_date, amount, currency, version, known_from, provider, raw_response_id, run_id)
  select distinct on (candidate.instrument_id, candidate.action_type, candidate.ex_date)
    candidate.instrument_id, candidate.action_type, candidate.ex_date, candidate.amount, candidate.currency,
    1 + coalesce(closed.version, 0),
    -- What a body should have listed and did not, and what was cancelled before, is known from the arrival of this body.
    case
      when closed.version is not null or exists (
        select
        from market.price_data_version bar
        join ingest.raw_response earlier on earlier.raw_response_id = bar.raw_response_id
        where bar.instrument_id = candidate.instrument_id and bar.provider = response.provider
          and bar.session_date between candidate.ex_date and candidate.ex_date + 6
          and earlier.fetched_at < response.fetched_at and span.raw_response_id is not null
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
  where candidate.raw_response_id = p_raw_response_id
  order by candidate.instrument_id, candidate.action_type, candidate.ex_date, candidate.row_no
  on conflict (instrument_id, action_type, ex_date) do nothing;
  get diagnostics outcome.new_count = row_count;

  select count(*) - outcome.new_count - outcome.changed_count + cancelled_count into outcome.unchanged_count
  from ingest.candidate_action
  where candidate_action.raw_response_id = p_raw_response_id;
  return outcome;
end
$$;

comment on function ingest.accept_actions(bigint, bigint) is
'Takes the splits and dividends of a body into market.corporate_action and returns the counts. A split that comes twice is one split: the key is instrument, type and ex-date; amounts are compared within one part in a million.
One that the same provider gave before and no longer lists, within ingest.candidate_action_span, is cancelled: it goes to the history, known until the arrival of this body, and counts as changed.
A first version is known from the start of the ex-date; from the arrival of its body where an earlier body of the provider should have listed it and did not (bars of the days from the ex-date on are stored from one), where it had been cancelled,
and where the amount changed. A provider with a greater priority number or an older body does not replace what is stored.';

revoke all on function ingest.accept_actions(bigint, bigint) from public;
grant execute on function ingest.accept_actions(bigint, bigint) to marketbase_worker;
