-- Time series of Alpha Vantage: shares, currencies and crypto-currencies, from a minute to a month.
create or replace function ingest.normalise_alphavantage_bars(p_raw_response_id bigint) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  document jsonb := ingest.body_json(p_raw_response_id);
  response record;
  meta jsonb;
  series_name text;
  series jsonb;
  from_symbol text;
  to_symbol text;
  asset_class text;
  given text;
  bar_interval text;
  time_zone text;
  refreshed timestamp;
  chart_id bigint;
  bars ingest.bar_reading[];
begin
  select raw_response.subject, raw_response.run_id into response
  from ingest.raw_response
  where raw_response.raw_response_id = p_raw_response_id;
  -- Errors come with status 200, under one of these names.
  if not document ? 'Meta Data' and (document ?| array['Error Message', 'Note', 'Information', 'message', 'error']) then
    perform ingest.refuse_error(p_raw_response_id, coalesce(
      document ->> 'Error Message', document ->> 'Note', document ->> 'Information', document ->> 'message', document ->> 'error'));
  end if;
  perform ingest.require_success(p_raw_response_id);

  select key, value into series_name, series
  from jsonb_each(document)
  where key ~* 'time series' and jsonb_typeof(value) = 'object';
  select jsonb_object_agg(regexp_replace(lower(key), '^\d+\. *', ''), value) into meta
  from jsonb_each(case when jsonb_typeof(document -> 'Meta Data') = 'object' then document -> 'Meta Data' else '{}' end);
  if series is null or meta is null then
    perform ingest.refuse_shape(document, 'a time series (Meta Data and Time Series …)');
  end if;
  if exists (
    select from jsonb_each(series) as bar
    where jsonb_typeof(bar.value) <> 'object' or not (bar.value ?| array['1. open', '1a. open (' || upper(coalesce(meta ->> 'market code', 'USD')) || ')'])
  ) then
    perform ingest.refuse_shape((select bar.value from jsonb_each(series) as bar limit 1), 'a bar with 1. open, 2. high, 3. low and 4. close');
  end if;

  from_symbol := coalesce(meta ->> 'from symbol', meta ->> 'digital currency code');
  to_symbol := coalesce(meta ->> 'to symbol', meta ->> 'market code');
  asset_class := case when meta ? 'digital currency code' or series_name ~* '(digital|crypto)' then 'crypto' when from_symbol is not null then 'fx' end;
  perform ingest.require_symbol(p_raw_response_id, coalesce(meta ->> 'symbol', from_symbol || to_symbol));

  given := coalesce(
    meta ->> 'interval', substring(series_name from '\(([^()]*)\)$'), substring(series_name from '(?i)(daily|weekly|monthly)'));
  bar_interval := ingest.require_interval(market.bar_interval(regexp_replace(given, '(?i)digital currency ', '')), given);
  time_zone := case
    when meta ->> 'time zone' = 'US/Eastern' then 'America/New_York'
    when meta ->> 'time zone' ~* '^(UTC|GMT)' or meta ->> 'time zone' is null then 'UTC'
    else meta ->> 'time zone'
  end;
  if not ingest.is_time_zone(time_zone) then
    raise exception using
      errcode = 'MB004', message = format('the time zone "%s" is not known', left(time_zone, 60)), hint = 'Alpha Vantage may have changed its format.';
  end if;
  if series = '{}' then
    return;
  end if;
  if pg_input_is_valid(meta ->> 'last refreshed', 'timestamp') then
    refreshed := (meta ->> 'last refreshed')::timestamp;
  end if;

  chart_id := ingest.ensure_instrument(
    response.run_id, response.subject, coalesce(meta ->> 'digital currency name', null), asset_class,
    case asset_class when 'crypto' then 'XXXX' when 'fx' then 'XOFF' else ingest.known_mic(null, time_zone) end,
    case when to_symbol ~ '^[A-Za-z]{3}$' then upper(to_symbol) end);

  -- Weeks and months are dated by their last session.
  select array_agg((
    bar.row_no,
    case when pg_input_is_valid(bar.stamp, 'timestamp') and bar.stamp ~ '^\d{4}-\d\d-\d\d' then bar.stamp::timestamp at time zone time_zone end,
    case
      when not ingest.is_iso_date(left(bar.stamp, 10)) then null
      when bar_interval in ('1w', '1mo') then market.bar_start(market.bar_span(bar_interval), left(bar.stamp, 10)::date)
      else left(bar.stamp, 10)::date
    end,
    coalesce(bar.item ->> '1. open', bar.item ->> format('1a. open (%s)', to_symbol)),
    coalesce(bar.item ->> '2. high', bar.item ->> format('2a. high (%s)', to_symbol)),
    coalesce(bar.item ->> '3. low', bar.item ->> format('3a. low (%s)', to_symbol)),
    coalesce(bar.item ->> '4. close', bar.item ->> format('4a. close (%s)', to_symbol)),
    coalesce(bar.item ->> '5. volume', bar.item ->> '6. volume', case when not (bar.item ?| array['5. volume', '6. volume']) then '0' end),
    bar.item ->> '5. adjusted close',
    bar.item || jsonb_build_object('time', bar.stamp)
  )::ingest.bar_reading) into bars
  from (
    select row_number() over (order by key) as row_no, key as stamp, value as item
    from jsonb_each(series)
    -- The bar of the day, week or month in which the series was last refreshed is still moving, unless that was after its last session.
    where refreshed is null or market.bar_span(bar_interval) < interval '1 day' or not ingest.is_iso_date(left(key, 10)) or left(key, 10)::date < refreshed::date
      or case bar_interval
        when '1d' then refreshed::time = time '00:00' or refreshed at time zone time_zone >= (
          select market.session_close(instrument.mic, left(key, 10)::date) from market.instrument where instrument.instrument_id = chart_id)
        -- The last weekday of the week or the month: what comes after it, up to the next weekday, is a weekend.
        else market.bar_start(market.bar_span(bar_interval), (
          refreshed + case extract(isodow from refreshed) when 5 then interval '3 days' when 6 then interval '2 days' else interval '1 day' end)::date)
            > market.bar_start(market.bar_span(bar_interval), left(key, 10)::date)
      end
  ) as bar;
  perform ingest.add_bars(p_raw_response_id, chart_id, bar_interval, bars);

  if bar_interval = '1d' then
    insert into ingest.candidate_action (raw_response_id, row_no, instrument_id, action_type, ex_date, amount, currency)
    select
      p_raw_response_id, row_number() over (order by action.ex_date, action.action_type), chart_id, action.action_type, action.ex_date, action.amount,
      case when action.action_type = 'dividend' then (select instrument.currency from market.instrument where instrument.instrument_id = chart_id) end
    from (
      select named.action_type, left(bar.key, 10)::date as ex_date, named.written::numeric as amount
      from jsonb_each(series) as bar
      cross join lateral (
        values ('dividend', bar.value ->> '7. dividend amount', 0), ('split', bar.value ->> '8. split coefficient', 1)
      ) as named (action_type, written, nothing)
      where ingest.is_iso_date(left(bar.key, 10)) and ingest.is_finite_number(named.written) and named.written::numeric <> named.nothing
    ) as action
    where action.amount > 0;
    perform ingest.add_action_days(p_raw_response_id, chart_id, (
      select array_agg(left(bar.key, 10)::date)
      from jsonb_each(series) as bar
      where ingest.is_iso_date(left(bar.key, 10))
        and ingest.is_finite_number(bar.value ->> '7. dividend amount') and ingest.is_finite_number(bar.value ->> '8. split coefficient')
    ));
  end if;
end
$$;

comment on function ingest.normalise_alphavantage_bars(bigint) is
'Fills ingest.candidate_bar and ingest.candidate_action from a time series of Alpha Vantage (TIME_SERIES_*, FX_*, DIGITAL_CURRENCY_*, CRYPTO_INTRADAY): Meta Data with symbol, interval and time zone, and bars under their local times.
The subject is a ticker or a pair. Prices are those of the day; the adjusted series have an adjusted close beside them, and all dividends and splits of their days. Weeks and months are dated by their last session and stored under their first day; volume is 0 where
none is sent. MB010 with the words of Alpha Vantage (Error Message, Note, Information; they come with status 200), MB004 for another shape, another symbol, an unknown zone or a failing status.';

revoke all on function ingest.normalise_alphavantage_bars(bigint) from public;
grant execute on function ingest.normalise_alphavantage_bars(bigint) to marketbase_worker;
