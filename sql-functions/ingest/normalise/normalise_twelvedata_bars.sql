-- Time series of Twelve Data.
create or replace function ingest.normalise_twelvedata_bars(p_raw_response_id bigint) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  document jsonb := ingest.body_json(p_raw_response_id);
  response record;
  meta jsonb;
  asset_class text;
  bar_interval text;
  time_zone text;
  chart_id bigint;
  bars ingest.bar_reading[];
begin
  select raw_response.subject, raw_response.url, raw_response.run_id into response
  from ingest.raw_response
  where raw_response.raw_response_id = p_raw_response_id;
  -- Several symbols asked for at once come as one object each.
  if not document ? 'meta' and not document ? 'status' then
    document := coalesce(
      (select value from jsonb_each(document) where ingest.plain_symbol(key) = ingest.plain_symbol(response.subject) and jsonb_typeof(value) = 'object' limit 1),
      document);
  end if;
  if document ->> 'status' = 'error' or (document ? 'code' and document ? 'message') then
    perform ingest.refuse_error(p_raw_response_id, document ->> 'message');
  end if;
  perform ingest.require_success(p_raw_response_id);

  meta := document -> 'meta';
  if jsonb_typeof(meta) is distinct from 'object' or jsonb_typeof(document -> 'values') is distinct from 'array' then
    perform ingest.refuse_shape(document, 'a time series (meta and values)');
  elsif meta ? 'indicator' or jsonb_path_exists(document, '$.values[*] ? (!exists(@.open) || !exists(@.close))') then
    perform ingest.refuse_shape(document -> 'values', coalesce(
      format('bars: they are values of the indicator %s', meta #>> '{indicator,name}'), 'a list of bars (datetime, open, high, low, close)'));
  end if;
  perform ingest.require_symbol(p_raw_response_id, meta ->> 'symbol');
  bar_interval := ingest.require_interval(market.bar_interval(meta ->> 'interval'), meta ->> 'interval');

  asset_class := case
    when meta ->> 'type' ~* 'digital currency' then 'crypto'
    when meta ->> 'type' ~* 'physical currency' then 'fx'
    when meta ->> 'type' ~* '(etf|fund)' then 'fund'
    when meta ->> 'type' ~* 'index' then 'index'
    when meta ->> 'type' ~* '(stock|share|receipt|reit|unit|trust)' then 'equity'
  end;
  time_zone := coalesce(
    ingest.url_parameter(response.url, 'timezone'), meta ->> 'exchange_timezone', case when asset_class in ('crypto', 'fx') then 'UTC' else 'America/New_York' end);
  time_zone := case when time_zone = 'Exchange' then coalesce(meta ->> 'exchange_timezone', 'UTC') else replace(time_zone, '%2F', '/') end;
  if not ingest.is_time_zone(time_zone) then
    raise exception using
      errcode = 'MB004', message = format('the time zone "%s" of the exchange is not known', left(time_zone, 60)), hint = 'Twelve Data may have changed its format.';
  end if;
  if document -> 'values' = '[]' then
    return;
  end if;

  chart_id := ingest.ensure_instrument(
    response.run_id, response.subject, null, asset_class,
    case asset_class when 'crypto' then 'XXXX' when 'fx' then 'XOFF' else ingest.known_mic(meta ->> 'mic_code', meta ->> 'exchange_timezone') end,
    coalesce(
      case when meta ->> 'currency' ~ '^[A-Za-z]{3}$' then meta ->> 'currency' end,
      case when asset_class in ('crypto', 'fx') then ingest.quote_currency(meta ->> 'symbol') end));
  select array_agg((
    bar.row_no,
    case when bar.item ->> 'datetime' ~ '^\d{4}-\d\d-\d\d' and pg_input_is_valid(bar.item ->> 'datetime', 'timestamp') then
      (bar.item ->> 'datetime')::timestamp at time zone time_zone end,
    case when ingest.is_iso_date(left(bar.item ->> 'datetime', 10)) then
      case when bar_interval = '1mo' then market.bar_start(interval '1 month', left(bar.item ->> 'datetime', 10)::date)
        when bar_interval = '1w' and asset_class is distinct from 'crypto' then market.bar_start(interval '7 days', left(bar.item ->> 'datetime', 10)::date)
        else left(bar.item ->> 'datetime', 10)::date
      end
    end,
    bar.item ->> 'open', bar.item ->> 'high', bar.item ->> 'low', bar.item ->> 'close',
    coalesce(bar.item ->> 'volume', case when not bar.item ? 'volume' then '0' end), null,
    bar.item || jsonb_build_object('time', bar.item -> 'datetime')
  )::ingest.bar_reading) into bars
  from jsonb_array_elements(document -> 'values') with ordinality as bar (item, row_no);
  perform ingest.add_bars(p_raw_response_id, chart_id, bar_interval, bars);
end
$$;

comment on function ingest.normalise_twelvedata_bars(bigint) is
'Fills ingest.candidate_bar from a time series of Twelve Data: meta with symbol, interval, exchange and its time zone, and values with local times and numbers as text, newest first; of several series at once that of the subject.
Prices are adjusted for splits unless asked for otherwise; volume is 0 where none is sent. MB010 with the words of Twelve Data (status error, its code within a body of status 200), MB004 for another shape such as an indicator,
another symbol, an unknown zone or a failing status.';

revoke all on function ingest.normalise_twelvedata_bars(bigint) from public;
grant execute on function ingest.normalise_twelvedata_bars(bigint) to marketbase_worker;
