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
