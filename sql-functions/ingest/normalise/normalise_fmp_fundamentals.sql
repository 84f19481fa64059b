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
