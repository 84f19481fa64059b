-- Aggregates, splits and dividends of Polygon (Massive).
create or replace function ingest.normalise_polygon_bars(p_raw_response_id bigint) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  document jsonb := ingest.body_document(p_raw_response_id);
  response record;
  results jsonb;
  about text;
  asset_class text;
  time_zone text;
  given text[];
  bar_interval text;
  chart_id bigint;
  bars ingest.bar_reading[];
begin
  select raw_response.subject, raw_response.url, raw_response.run_id into response
  from ingest.raw_response
  where raw_response.raw_response_id = p_raw_response_id;
  if document ->> 'status' in ('ERROR', 'NOT_AUTHORIZED', 'NOT_FOUND', 'AUTH_ERROR') or (document ? 'error' and not document ? 'results') then
    perform ingest.refuse_error(p_raw_response_id, coalesce(document ->> 'error', document ->> 'message', document ->> 'status'));
  end if;
  perform ingest.require_success(p_raw_response_id);

  -- A single day by names (open-close) is an aggregate of one day.
  if document ?& array['from', 'symbol', 'open', 'close'] then
    results := jsonb_build_array(jsonb_build_object(
      'T', document -> 'symbol', 'day', document -> 'from', 'o', document -> 'open', 'h', document -> 'high', 'l', document -> 'low', 'c', document -> 'close',
      'v', document -> 'volume'));
    given := array['1', 'day'];
  else
    results := coalesce(document -> 'results', case when document ->> 'status' in ('OK', 'DELAYED') and (document ? 'resultsCount' or jsonb_typeof(document -> 'ticker') = 'string') then '[]'::jsonb end);
  end if;
  if jsonb_typeof(results) is distinct from 'array' or exists (select from jsonb_array_elements(results) as item where jsonb_typeof(item) <> 'object') then
    perform ingest.refuse_shape(document, 'aggregates (results with o, h, l, c, v, t), splits or dividends');
  end if;

  if results @? '$[*] ? (exists(@.execution_date) || exists(@.ex_dividend_date))' then
    perform ingest.read_polygon_actions(p_raw_response_id, results);
    perform ingest.add_polygon_action_span(p_raw_response_id, document);
    return;
  end if;
  if results @? '$[*] ? (!exists(@.o) || !exists(@.c))' then
    perform ingest.refuse_shape(results, 'aggregates (results with o, h, l, c, v, t), splits or dividends');
  end if;

  -- The day of a whole market has a ticker at each row; the row of the subject is taken.
  about := coalesce(
    document ->> 'ticker',
    (select item ->> 'T' from jsonb_array_elements(results) as item where ingest.plain_symbol(item ->> 'T') = ingest.plain_symbol(response.subject) limit 1),
    results #>> '{0,T}');
  if results = '[]' and about is null then
    perform ingest.add_polygon_action_span(p_raw_response_id, document);
    return;
  end if;
  perform ingest.require_symbol(p_raw_response_id, about);
  if results = '[]' then
    return;
  end if;
  asset_class := case left(about, 2) when 'X:' then 'crypto' when 'C:' then 'fx' when 'I:' then 'index' when 'O:' then 'option' end;
  time_zone := case when asset_class in ('crypto', 'fx') then 'UTC' else 'America/New_York' end;

  given := coalesce(given, regexp_match(response.url, '/range/(\d{1,5})/([a-z]+)/'), case when response.url ~ '/prev(\?|$)|/grouped/' then array['1', 'day'] end);
  bar_interval := ingest.require_interval(
    case
      when given is not null then market.bar_interval(given[1] || given[2])
      when document ? 'ticker' and jsonb_array_length(results) > 1 then
        ingest.interval_of_starts((select array_agg(to_timestamp((item ->> 't')::double precision / 1000)) from jsonb_array_elements(results) as item))
      else '1d'
    end, array_to_string(given, ' '));

  chart_id := ingest.ensure_instrument(
    response.run_id, regexp_replace(response.subject, '^[A-Za-z]:', ''), null, asset_class, case asset_class when 'crypto' then 'XXXX' when 'fx' then 'XOFF' end,
    case when asset_class in ('crypto', 'fx') then ingest.quote_currency(about) end);
  select array_agg((
    bar.row_no, bar.starts_at,
    case
      when bar_interval = '1mo' then market.bar_start(interval '1 month', bar.local_date)
      -- Its weeks begin on Sunday; those of an exchange have nothing before Monday.
      when bar_interval = '1w' and asset_class is distinct from 'crypto' then market.bar_start(interval '7 days', bar.local_date + 1)
      else bar.local_date
    end,
    bar.item ->> 'o', bar.item ->> 'h', bar.item ->> 'l', bar.item ->> 'c', coalesce(bar.item ->> 'v', case when not bar.item ? 'v' then '0' end), null,
    bar.item || jsonb_build_object('time', coalesce(bar.item -> 't', bar.item -> 'day'))
  )::ingest.bar_reading) into bars
  from (
    select
      listed.row_no, listed.item, time.starts_at,
      case when ingest.is_iso_date(listed.item ->> 'day') then (listed.item ->> 'day')::date else (time.starts_at at time zone time_zone)::date end as local_date
    from jsonb_array_elements(results) with ordinality as listed (item, row_no)
    cross join lateral (select case when listed.item ->> 't' ~ '^\d{9,14}$' then to_timestamp((listed.item ->> 't')::double precision / 1000) end as starts_at) as time
    where document ? 'ticker' or ingest.plain_symbol(listed.item ->> 'T') = ingest.plain_symbol(response.subject)
  ) as bar;
  perform ingest.add_bars(p_raw_response_id, chart_id, bar_interval, bars);
end
$$;

comment on function ingest.normalise_polygon_bars(bigint) is
'Fills ingest.candidate_bar from aggregates of Polygon (Massive): results with o, h, l, c, v and t in milliseconds; also the day of a whole market, of which the row of the subject is taken, and open-close. Pages of splits and dividends fill
ingest.candidate_action, and ingest.candidate_action_span where the page is all there is. The length comes from the address, else from the times. Days begin at midnight of New York (UTC for crypto X: and currencies C:). Status DELAYED counts as OK; no results are no bars.
MB010 with the words of Polygon (status ERROR, NOT_AUTHORIZED, NOT_FOUND), MB004 for another shape, another symbol, a failing status or a length that is not kept.';

revoke all on function ingest.normalise_polygon_bars(bigint) from public;
grant execute on function ingest.normalise_polygon_bars(bigint) to marketbase_worker;
