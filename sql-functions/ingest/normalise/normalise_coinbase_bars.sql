-- Candles of Coinbase.
create or replace function ingest.normalise_coinbase_bars(p_raw_response_id bigint) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  document jsonb := ingest.body_document(p_raw_response_id);
  candles jsonb;
  response record;
  given text;
  bar_interval text;
  pair_id bigint;
  bars ingest.bar_reading[];
begin
  select raw_response.subject, raw_response.url, raw_response.run_id into response
  from ingest.raw_response
  where raw_response.raw_response_id = p_raw_response_id;
  if jsonb_typeof(document) = 'object' and not document ? 'candles' and coalesce(nullif(document ->> 'message', ''), document ->> 'error') is not null then
    perform ingest.refuse_error(p_raw_response_id, coalesce(nullif(document ->> 'message', ''), document ->> 'error'));
  end if;
  perform ingest.require_success(p_raw_response_id);

  -- Lists without names from the exchange, objects from Advanced Trade; both have the newest first.
  if jsonb_typeof(document) = 'object' and jsonb_typeof(document -> 'candles') = 'array' then
    select jsonb_agg(jsonb_build_array(
      candle -> 'start', candle -> 'low', candle -> 'high', candle -> 'open', candle -> 'close', candle -> 'volume')) into candles
    from jsonb_array_elements(document -> 'candles') as candle;
    candles := coalesce(candles, '[]');
  else
    candles := document;
  end if;
  if jsonb_typeof(candles) <> 'array' or exists (
    select from jsonb_array_elements(candles) as candle
    where case when jsonb_typeof(candle) = 'array' then jsonb_array_length(candle) <> 6 or candle ->> 0 !~ '^\d{9,11}$' else true end
  ) then
    perform ingest.refuse_shape(document, 'a list of candles (time, low, high, open, close, volume)');
  end if;
  if candles = '[]' then
    return;
  end if;

  given := ingest.url_parameter(response.url, 'granularity');
  bar_interval := ingest.require_interval(
    case
      when given ~ '^[0-9]{2,6}$' then market.bar_interval_of(given::bigint / 60)
      when given is not null then case given
        when 'ONE_MINUTE' then '1m' when 'FIVE_MINUTE' then '5m' when 'FIFTEEN_MINUTE' then '15m' when 'THIRTY_MINUTE' then '30m'
        when 'ONE_HOUR' then '1h' when 'TWO_HOUR' then '2h' when 'FOUR_HOUR' then '4h' when 'SIX_HOUR' then '6h' when 'ONE_DAY' then '1d'
      end
      else ingest.interval_of_starts((select array_agg(to_timestamp((candle ->> 0)::double precision)) from jsonb_array_elements(candles) as candle))
    end, given);

  pair_id := ingest.ensure_instrument(response.run_id, response.subject, null, 'crypto', 'XXXX', ingest.quote_currency(response.subject));
  select array_agg((
    candle.row_no, to_timestamp((candle.item ->> 0)::double precision), (to_timestamp((candle.item ->> 0)::double precision) at time zone 'UTC')::date,
    candle.item ->> 3, candle.item ->> 2, candle.item ->> 1, candle.item ->> 4, candle.item ->> 5, null, candle.item
  )::ingest.bar_reading) into bars
  from jsonb_array_elements(candles) with ordinality as candle (item, row_no);
  perform ingest.add_bars(p_raw_response_id, pair_id, bar_interval, bars);
end
$$;

comment on function ingest.normalise_coinbase_bars(bigint) is
'Fills ingest.candidate_bar from candles of Coinbase, newest first: lists of time, low, high, open, close and volume (Exchange), or objects with these names (Advanced Trade). The length comes from the parameter granularity of the address,
else from the times. The subject is the product, such as BTC-USD; times are UTC. MB010 with the words of Coinbase (message), MB004 for another shape, a failing status or a length that cannot be told.';

revoke all on function ingest.normalise_coinbase_bars(bigint) from public;
grant execute on function ingest.normalise_coinbase_bars(bigint) to marketbase_worker;
