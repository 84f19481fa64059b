-- Splits and dividends that came with the bars.
create or replace function ingest.accept_actions(p_run_id bigint, p_raw_response_id bigint) returns ingest.acceptance
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  response record;
  outcome ingest.acceptance;
begin
  select raw_response.provider, raw_response.fetched_at, provider.priority into response
  from ingest.raw_response
  join ingest.provider using (provider)
  where raw_response.raw_response_id = p_raw_response_id;

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
    and (current.amount, current.currency) is distinct from (candidate.amount, candidate.currency);
  get diagnostics outcome.changed_count = row_count;

  insert into market.corporate_action (instrument_id, action_type, ex_date, amount, currency, version, known_from, provider, raw_response_id, run_id)
  select distinct on (candidate.instrument_id, candidate.action_type, candidate.ex_date)
    candidate.instrument_id, candidate.action_type, candidate.ex_date, candidate.amount, candidate.currency,
    1 + coalesce((
      select max(history.version)
      from market.corporate_action_history history
      where history.instrument_id = candidate.instrument_id and history.action_type = candidate.action_type and history.ex_date = candidate.ex_date
    ), 0),
    candidate.ex_date::timestamp at time zone exchange.time_zone,
    response.provider, p_raw_response_id, p_run_id
  from ingest.candidate_action candidate
  join market.instrument on instrument.instrument_id = candidate.instrument_id
  join market.exchange on exchange.mic = instrument.mic
  where candidate.raw_response_id = p_raw_response_id
  order by candidate.instrument_id, candidate.action_type, candidate.ex_date, candidate.row_no
  on conflict (instrument_id, action_type, ex_date) do nothing;
  get diagnostics outcome.new_count = row_count;

  select count(*) - outcome.new_count - outcome.changed_count into outcome.unchanged_count
  from ingest.candidate_action
  where candidate_action.raw_response_id = p_raw_response_id;
  return outcome;
end
$$;

comment on function ingest.accept_actions(bigint, bigint) is
'Takes the splits and dividends of a body into market.corporate_action and returns the counts; ingest.accept_bars has locked their instruments. A split that comes twice is one split: the key is instrument, type and ex-date.
A first version is known from the start of the ex-date, a changed amount from the arrival of its body. A provider with a greater priority number or an older body does not replace what is stored.';

revoke all on function ingest.accept_actions(bigint, bigint) from public;
grant execute on function ingest.accept_actions(bigint, bigint) to marketbase_worker;
