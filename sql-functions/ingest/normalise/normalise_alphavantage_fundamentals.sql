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
