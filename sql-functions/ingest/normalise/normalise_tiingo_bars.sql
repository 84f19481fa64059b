-- Bars of Tiingo: end of day, IEX intraday, currencies and crypto-currencies; JSON or CSV.
create or replace function ingest.normalise_tiingo_bars(p_raw_response_id bigint) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  document jsonb;
  response record;
  header text[];
  asset_class text;
  starts timestamptz[];
  given text;
  bar_interval text;
  chart_id bigint;
  bars ingest.bar_reading[];
begin
  select raw_response.subject, raw_response.url, raw_response.run_id, raw_response.status into response
  from ingest.raw_response
  where raw_response.raw_response_id = p_raw_response_id;

  perform ingest.body_text(p_raw_response_id);
  -- CSV has the same fields as JSON; so have both from here on.
  header := ingest.csv_fields(ingest.first_line(p_raw_response_id));
  if response.status between 200 and 299 and header[1] ~ '^[A-Za-z]+$' and cardinality(header) > 1 then
    select coalesce(jsonb_agg(jsonb_object(header[:cardinality(fields.value)], fields.value[:cardinality(header)]) order by lines.line_no), '[]') into document
    from ingest.body_lines(p_raw_response_id) as lines
    cross join lateral (select array(select nullif(btrim(field), '') from unnest(ingest.csv_fields(lines.line)) as field) as value) as fields
    where lines.line_no > 1;
  elsif response.status between 200 and 299 and ingest.first_line(p_raw_response_id) ~ '^[A-Z][^<{\[]{3,200}$' then
    perform ingest.refuse_error(p_raw_response_id, ingest.first_line(p_raw_response_id));
  else
    document := ingest.body_document(p_raw_response_id);
  end if;

  if jsonb_typeof(document) = 'object' and document ? 'detail' then
    perform ingest.refuse_error(p_raw_response_id, document ->> 'detail');
  elsif jsonb_typeof(document -> 0) = 'string' then
    perform ingest.refuse_error(p_raw_response_id, document ->> 0);
  end if;
  perform ingest.require_success(p_raw_response_id);

  -- Crypto-currencies: one object per pair, with its bars in priceData.
  if document @? '$[*].priceData' then
    asset_class := 'crypto';
    if not exists (select from jsonb_array_elements(document) as pair where ingest.plain_symbol(pair ->> 'ticker') = ingest.plain_symbol(response.subject)) then
      perform ingest.require_symbol(p_raw_response_id, (select string_agg(pair ->> 'ticker', ', ') from jsonb_array_elements(document) as pair));
    end if;
    select pair -> 'priceData' into document
    from jsonb_array_elements(document) as pair
    where ingest.plain_symbol(pair ->> 'ticker') = ingest.plain_symbol(response.subject)
    limit 1;
  elsif document @? '$[*] ? (exists(@.ticker) && exists(@.open) && exists(@.close))' then
    perform ingest.require_symbol(p_raw_response_id, document #>> '{0,ticker}');
    asset_class := case when response.url ~ '/fx/' then 'fx' end;
  end if;
  if jsonb_typeof(document) is distinct from 'array' or exists (
    select from jsonb_array_elements(document) as item
    where not (case when jsonb_typeof(item) = 'object' then item ?& array['date', 'open', 'high', 'low', 'close'] else false end)
  ) then
    perform ingest.refuse_shape(document, 'a list of bars with date, open, high, low and close');
  end if;
  if document = '[]' then
    return;
  end if;

  select array_agg(case when pg_input_is_valid(item ->> 'date', 'timestamptz') and item ->> 'date' ~ '^\d{4}-\d\d-\d\d' then
    case when ingest.is_iso_date(item ->> 'date') then (item ->> 'date')::date::timestamp at time zone 'UTC' else (item ->> 'date')::timestamptz end
  end order by row_no) into starts
  from jsonb_array_elements(document) with ordinality as bar (item, row_no);
  given := ingest.url_parameter(response.url, 'resampleFreq');
  bar_interval := ingest.require_interval(
    case
      when given is not null then market.bar_interval(given)
      when exists (select from unnest(starts) as start where extract(epoch from start)::bigint % 86400 <> 0) then ingest.interval_of_starts(starts)
      when cardinality(starts) = 1 then '1d'
      else ingest.interval_of_starts(starts)
    end, given);

  chart_id := ingest.ensure_instrument(
    response.run_id, response.subject, null, asset_class, case asset_class when 'crypto' then 'XXXX' when 'fx' then 'XOFF' end,
    case when asset_class in ('crypto', 'fx') then ingest.quote_currency(response.subject) end);
  -- Weeks and months are dated by their last session, except for crypto-currencies.
  select array_agg((
    bar.row_no, starts[bar.row_no],
    case
      when bar_interval in ('1w', '1mo') and asset_class is distinct from 'crypto' then
        market.bar_start(market.bar_span(bar_interval), (starts[bar.row_no] at time zone 'UTC')::date)
      else (starts[bar.row_no] at time zone 'UTC')::date
    end,
    bar.item ->> 'open', bar.item ->> 'high', bar.item ->> 'low', bar.item ->> 'close',
    coalesce(bar.item ->> 'volume', case when not bar.item ? 'volume' then '0' end), bar.item ->> 'adjClose', bar.item || jsonb_build_object('time', bar.item -> 'date')
  )::ingest.bar_reading) into bars
  from jsonb_array_elements(document) with ordinality as bar (item, row_no);
  perform ingest.add_bars(p_raw_response_id, chart_id, bar_interval, bars);

  if bar_interval = '1d' then
    insert into ingest.candidate_action (raw_response_id, row_no, instrument_id, action_type, ex_date, amount, currency)
    select
      p_raw_response_id, row_number() over (order by action.ex_date, action.action_type), chart_id, action.action_type, action.ex_date, action.amount,
      case when action.action_type = 'dividend' then (select instrument.currency from market.instrument where instrument.instrument_id = chart_id) end
    from (
      select named.action_type, (starts[bar.row_no] at time zone 'UTC')::date as ex_date, named.written::numeric as amount
      from jsonb_array_elements(document) with ordinality as bar (item, row_no)
      cross join lateral (values ('dividend', bar.item ->> 'divCash', 0), ('split', bar.item ->> 'splitFactor', 1)) as named (action_type, written, nothing)
      where starts[bar.row_no] is not null and ingest.is_finite_number(named.written) and named.written::numeric <> named.nothing
    ) as action
    where action.amount > 0;
    perform ingest.add_action_days(p_raw_response_id, chart_id, (
      select array_agg((starts[bar.row_no] at time zone 'UTC')::date)
      from jsonb_array_elements(document) with ordinality as bar (item, row_no)
      where ingest.is_finite_number(bar.item ->> 'divCash') and ingest.is_finite_number(bar.item ->> 'splitFactor')
    ));
  end if;
end
$$;

comment on function ingest.normalise_tiingo_bars(bigint) is
'Fills ingest.candidate_bar and ingest.candidate_action from bars of Tiingo, JSON or CSV: end of day (prices of the day, adjClose, divCash and splitFactor), IEX intraday, currencies, and crypto-currencies (priceData; of several pairs that of the
subject). The length comes from the parameter resampleFreq of the address, else from the times. Weeks and months are dated by their last session and stored under their first day; volume is 0 where none is sent.
Rows with divCash and splitFactor list all actions of their days.
MB010 with the words of Tiingo (detail, or a line of text), MB004 for another shape such as fundamentals or a single column, another pair, a failing status or a length that cannot be told.';

revoke all on function ingest.normalise_tiingo_bars(bigint) from public;
grant execute on function ingest.normalise_tiingo_bars(bigint) to marketbase_worker;
