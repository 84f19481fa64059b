-- For which days a page of Polygon (Massive) says all splits or dividends.
create or replace function ingest.add_polygon_action_span(p_raw_response_id bigint, p_document jsonb) returns void
language sql volatile parallel unsafe
begin atomic
  insert into ingest.candidate_action_span (raw_response_id, instrument_id, action_type, from_date, to_date, comes_with_bars)
  select
    response.raw_response_id, instrument.instrument_id, kind.action_type, coalesce(bound.first_day::date, '-infinity'), coalesce(bound.last_day::date, 'infinity'),
    false
  from ingest.raw_response response
  join market.instrument on instrument.symbol = upper(response.subject)
  join (values ('/v3/reference/splits', 'split', 'execution_date'), ('/v3/reference/dividends', 'dividend', 'ex_dividend_date'))
    as kind (path, action_type, day_name) on substring(response.url from '^https?://[^/]+([^?#]*)') = kind.path
  cross join lateral (
    select
      max(part[2]) filter (where part[1] = kind.day_name || '.gte') as first_day,
      max(part[2]) filter (where part[1] = kind.day_name || '.lte') as last_day,
      max(part[2]) filter (where part[1] = 'ticker') as ticker,
      coalesce(max(part[2]) filter (where part[1] = 'limit' and part[2] ~ '^\d{1,6}$'), '10')::integer as page_length,
      -- Any other condition, and the cursor of a further page, makes a part of the list.
      bool_or(part[1] not in ('ticker', 'limit', 'sort', 'order', 'apiKey', kind.day_name || '.gte', kind.day_name || '.lte')) as is_part
    from regexp_matches(response.url, '[?&]([^=&#]+)=([^&#]*)', 'g') as part
  ) as bound
  where response.raw_response_id = p_raw_response_id
    and not bound.is_part
    and ingest.plain_symbol(bound.ticker) = ingest.plain_symbol(response.subject)
    and p_document ->> 'next_url' is null
    and jsonb_typeof(p_document -> 'results') = 'array'
    and jsonb_array_length(p_document -> 'results') < bound.page_length
    and ingest.is_iso_date(coalesce(bound.first_day, '1970-01-01')) and ingest.is_iso_date(coalesce(bound.last_day, '1970-01-01'))
    and coalesce(bound.first_day, '0') <= coalesce(bound.last_day, '9');
end;

comment on function ingest.add_polygon_action_span(bigint, jsonb) is
'Fills ingest.candidate_action_span when a page of splits or dividends is the whole answer: its address asks for the subject alone, with no condition but the first and last day, it is the first page and there is no next one, and it is shorter than a page may be.
Without a first or last day the span has no end on that side. Nothing for other pages, another address, or an instrument that is not known.';

revoke all on function ingest.add_polygon_action_span(bigint, jsonb) from public;
grant execute on function ingest.add_polygon_action_span(bigint, jsonb) to marketbase_worker;
