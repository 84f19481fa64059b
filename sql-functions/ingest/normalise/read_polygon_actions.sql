-- Splits and dividends of Polygon (Massive).
create or replace function ingest.read_polygon_actions(p_raw_response_id bigint, p_results jsonb) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  response record;
  chart_id bigint;
begin
  select raw_response.subject, raw_response.run_id into response
  from ingest.raw_response
  where raw_response.raw_response_id = p_raw_response_id;
  if not exists (select from jsonb_array_elements(p_results) as item where ingest.plain_symbol(item ->> 'ticker') = ingest.plain_symbol(response.subject)) then
    perform ingest.require_symbol(p_raw_response_id, (
      select string_agg(distinct item ->> 'ticker', ', ') from jsonb_array_elements(p_results) as item));
  end if;
  chart_id := ingest.ensure_instrument(response.run_id, response.subject);

  -- What is paid on one day, an ordinary and a special dividend, is one amount; the same row twice is one row.
  insert into ingest.candidate_action (raw_response_id, row_no, instrument_id, action_type, ex_date, amount, currency)
  select
    p_raw_response_id, row_number() over (order by action.ex_date, action.action_type), chart_id, action.action_type, action.ex_date, action.amount,
    action.currency
  from (
    select 'split' as action_type, (item ->> 'execution_date')::date as ex_date, null as currency,
      max(round((item ->> 'split_to')::numeric / nullif((item ->> 'split_from')::numeric, 0), 10)) as amount
    from jsonb_array_elements(p_results) as item
    where item ? 'execution_date' and ingest.plain_symbol(item ->> 'ticker') = ingest.plain_symbol(response.subject) and ingest.is_iso_date(item ->> 'execution_date')
    group by ex_date
    union all
    select 'dividend', paid.ex_date, paid.currency, sum(paid.amount)
    from (
      select distinct
        (item ->> 'ex_dividend_date')::date as ex_date, coalesce(item ->> 'currency', 'USD') as currency, (item ->> 'cash_amount')::numeric as amount,
        coalesce(item ->> 'dividend_type', item ->> 'distribution_type') as kind
      from jsonb_array_elements(p_results) as item
      where item ? 'ex_dividend_date' and ingest.plain_symbol(item ->> 'ticker') = ingest.plain_symbol(response.subject)
        and ingest.is_iso_date(item ->> 'ex_dividend_date')
    ) as paid
    group by paid.ex_date, paid.currency
  ) as action
  where action.amount > 0;
end
$$;

comment on function ingest.read_polygon_actions(bigint, jsonb) is
'Fills ingest.candidate_action with the splits (execution_date, split_from, split_to) and dividends (ex_dividend_date, cash_amount, currency or USD) of the subject among p_results, a list of objects. MB004 when none is about the subject.';

revoke all on function ingest.read_polygon_actions(bigint, jsonb) from public;
grant execute on function ingest.read_polygon_actions(bigint, jsonb) to marketbase_worker;
