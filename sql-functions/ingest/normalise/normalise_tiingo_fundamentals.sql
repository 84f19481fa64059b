-- Statements and daily metrics of a company as Tiingo gives them, as JSON or CSV.
create or replace function ingest.normalise_tiingo_fundamentals(p_raw_response_id bigint) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  body text := ingest.body_text(p_raw_response_id);
  header text[];
  document jsonb;
  response record;
  item record;
  company_id bigint;
  instrument_currency text;
begin
  select raw_response.subject, raw_response.run_id, raw_response.url into response
  from ingest.raw_response
  where raw_response.raw_response_id = p_raw_response_id;

  if body ~ '^\s*[A-Za-z]\w*,' then
    perform ingest.require_success(p_raw_response_id);
    header := ingest.csv_fields(ingest.first_line(p_raw_response_id));
    if header @> '{date,year,quarter,statementType,dataCode,value}' then
      select jsonb_agg(jsonb_build_object('date', report.date, 'year', report.year, 'quarter', report.quarter, 'statementData', report.statements))
      into document
      from (
        select part.date, part.year, part.quarter, jsonb_object_agg(part.statement, part.fields) as statements
        from (
          select
            field.value[array_position(header, 'date')] as date, field.value[array_position(header, 'year')] as year,
            field.value[array_position(header, 'quarter')] as quarter, field.value[array_position(header, 'statementType')] as statement,
            jsonb_agg(jsonb_build_object(
              'dataCode', field.value[array_position(header, 'dataCode')], 'value', field.value[array_position(header, 'value')]
            ) order by line.line_no) as fields
          from ingest.body_lines(p_raw_response_id) as line
          cross join lateral (select ingest.csv_fields(line.line) as value) as field
          where line.line_no > 1
          group by 1, 2, 3, 4
        ) as part
        where part.statement is not null
        group by part.date, part.year, part.quarter
      ) as report;
    elsif header @> '{date,marketCap}' then
      select jsonb_agg((
        select jsonb_object_agg(name, field.value[position]) from unnest(header) with ordinality as column_name (name, position)
      ) order by line.line_no)
      into document
      from ingest.body_lines(p_raw_response_id) as line
      cross join lateral (select ingest.csv_fields(line.line) as value) as field
      where line.line_no > 1;
    else
      raise exception using
        errcode = 'MB004',
        message = format('the body is a CSV of %s, not of fundamentals', left(array_to_string(header, ', '), 200)),
        hint = 'Expected the columns date, year, quarter, statementType, dataCode and value, or date and marketCap.';
    end if;
  else
    document := ingest.body_document(p_raw_response_id);
    perform ingest.refuse_provider_error(p_raw_response_id, document);
  end if;

  if document is null or document = '[]' then
    raise exception using
      errcode = 'MB004',
      message = format('the list is empty: tiingo has nothing of %s there', response.subject),
      hint = 'Check the symbol; the plan of the key may not have it.';
  end if;
  if jsonb_typeof(document) <> 'array' or (document -> 0 ? 'date') is not true or not (document -> 0 ?| '{statementData,marketCap}') then
    raise exception using
      errcode = 'MB004',
      message = format('the body holds no statements or daily metrics: it begins with %s', left(document::text, 80)),
      hint = 'Ask for tiingo/fundamentals/SYMBOL/statements or …/daily.';
  end if;
  if response.url ~* '[?&]asReported=true' then
    raise exception using
      errcode = 'MB004',
      message = 'the statements are dated by their filing (asReported=true), so the ends of their periods are not known',
      hint = 'Ask with asReported=false.';
  end if;

  company_id := ingest.ensure_instrument(response.run_id, response.subject);
  select upper(instrument.currency) into instrument_currency from market.instrument where instrument.instrument_id = company_id;
  for item in
    select
      case when ingest.is_iso_date(left(element.value ->> 'date', 10)) then left(element.value ->> 'date', 10)::date end as period_end,
      coalesce(element.value ->> 'quarter', '0') = '0' as is_annual, statement.name, statement.fields
    from jsonb_array_elements(document) as element
    cross join lateral (
      select statement.key, coalesce((
        select jsonb_object_agg(field ->> 'dataCode', field -> 'value')
        from jsonb_array_elements(statement.value) as field
        where field ->> 'dataCode' is not null
      ), '{}')
      from jsonb_each(case when jsonb_typeof(element.value -> 'statementData') = 'object' then element.value -> 'statementData' else '{}' end) as statement
      where jsonb_typeof(statement.value) = 'array'
      union all
      select 'daily', element.value where not element.value ? 'statementData'
    ) as statement (name, fields)
  loop
    perform ingest.add_report(
      p_raw_response_id, company_id, item.name, item.fields,
      case when item.name in ('incomeStatement', 'cashFlow') then ingest.period_start(item.period_end, case when item.is_annual then 12 else 3 end) end,
      item.period_end, instrument_currency,
      case when item.name = 'daily' then 'daily metrics' when item.is_annual then 'annual report' else 'quarterly report' end
    );
  end loop;
end
$$;

comment on function ingest.normalise_tiingo_fundamentals(bigint) is
'Fills ingest.candidate_fact from a body of Tiingo: statements by period or daily metrics, as JSON or CSV. The taxonomy is tiingo, the concept Tiingo''s dataCode. All counts from the arrival of the body, because these bodies do not say when it was
filed, and is in the currency of the instrument. The first day of a period is reckoned from its last. MB010 with Tiingo''s own words for its errors; MB004 for statements dated by filing (asReported=true), definitions, an empty list or another shape.';

revoke all on function ingest.normalise_tiingo_fundamentals(bigint) from public;
grant execute on function ingest.normalise_tiingo_fundamentals(bigint) to marketbase_worker;
