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
