-- OHLC of Kraken.
create or replace function ingest.normalise_kraken_bars(p_raw_response_id bigint) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  document jsonb := ingest.body_document(p_raw_response_id);
  response record;
  pair text;
  candles jsonb;
  last_final double precision;
  given text;
  bar_interval text;
  pair_id bigint;
  bars ingest.bar_reading[];
begin
  select raw_response.subject, raw_response.url, raw_response.run_id into response
  from ingest.raw_response
  where raw_response.raw_response_id = p_raw_response_id;
  if jsonb_typeof(document -> 'error') = 'array' and document -> 'error' <> '[]' then
    perform ingest.refuse_error(p_raw_response_id, (select string_agg(words, '; ') from jsonb_array_elements_text(document -> 'error') as words));
  end if;
  perform ingest.require_success(p_raw_response_id);

  if document ->> 'channel' = 'ohlc' and jsonb_typeof(document -> 'data') = 'array' then
    -- A message of the stream: the bars of the subject by names, of which the last may still be moving.
    select min(bar ->> 'symbol'), min(bar ->> 'interval'),
      jsonb_agg(jsonb_build_array(
        extract(epoch from (bar ->> 'interval_begin')::timestamptz), bar -> 'open', bar -> 'high', bar -> 'low', bar -> 'close', bar -> 'vwap', bar -> 'volume'))
      into pair, given, candles
    from jsonb_array_elements(document -> 'data') as bar
    where ingest.plain_symbol(bar ->> 'symbol') = ingest.plain_symbol(response.subject);
    pair := coalesce(pair, document #>> '{data,0,symbol}');
  elsif jsonb_typeof(document -> 'result') = 'object' then
    -- The pair may be called otherwise than it was asked for; where one alone came, its name still has to mean the same.
    select series.key, series.value into pair, candles
    from jsonb_each(document -> 'result') as series
    where series.key <> 'last'
    order by ingest.plain_symbol(series.key) = ingest.plain_symbol(response.subject) desc
    limit 1;
    last_final := (document #>> '{result,last}')::double precision;
  end if;
  if jsonb_typeof(candles) is distinct from 'array' or exists (
    select from jsonb_array_elements(candles) as candle
    where case when jsonb_typeof(candle) = 'array' then jsonb_array_length(candle) < 7 or jsonb_typeof(candle -> 0) <> 'number' else true end
  ) then
    perform ingest.refuse_shape(coalesce(document -> 'result', document), 'OHLC of a pair (result with lists of time, open, high, low, close, vwap, volume)');
  end if;
  perform ingest.require_symbol(p_raw_response_id, pair);
  if candles = '[]' then
    return;
  end if;

  given := coalesce(given, ingest.url_parameter(response.url, 'interval'));
  bar_interval := ingest.require_interval(
    case
      when given ~ '^[0-9]{1,6}$' then market.bar_interval_of(given::bigint)
      when given is null then coalesce(
        ingest.interval_of_starts((select array_agg(to_timestamp((candle ->> 0)::double precision)) from jsonb_array_elements(candles) as candle)), '1m')
    end, given);

  pair_id := ingest.ensure_instrument(response.run_id, response.subject, null, 'crypto', 'XXXX', ingest.quote_currency(response.subject));
  select array_agg((
    candle.row_no, to_timestamp((candle.item ->> 0)::double precision), (to_timestamp((candle.item ->> 0)::double precision) at time zone 'UTC')::date,
    candle.item ->> 1, candle.item ->> 2, candle.item ->> 3, candle.item ->> 4, candle.item ->> 6, null, candle.item
  )::ingest.bar_reading) into bars
  from jsonb_array_elements(candles) with ordinality as candle (item, row_no)
  -- last is the last bar that is final; the one after it goes on moving.
  where last_final is null or (candle.item ->> 0)::double precision <= last_final;
  perform ingest.add_bars(p_raw_response_id, pair_id, bar_interval, bars);
end
$$;

comment on function ingest.normalise_kraken_bars(bigint) is
'Fills ingest.candidate_bar from OHLC of Kraken: result has lists of time, open, high, low, close, vwap, volume and count under the name of the pair, oldest first, and last, the time of the last bar that is final; also a message ohlc of its stream.
The length comes from the parameter interval of the address (minutes), else from the times, else it is a minute. The subject is the pair in any of its spellings (XBT is BTC); times are UTC.
MB010 with the words of Kraken (error), MB004 for another shape, another pair, a failing status or a length that is not kept.';

revoke all on function ingest.normalise_kraken_bars(bigint) from public;
grant execute on function ingest.normalise_kraken_bars(bigint) to marketbase_worker;
