-- Klines of Binance.
create or replace function ingest.normalise_binance_bars(p_raw_response_id bigint) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  document jsonb := ingest.body_document(p_raw_response_id);
  response record;
  unit double precision;
  length_seconds double precision;
  given_interval text;
  bar_interval text;
  pair_id bigint;
  bars ingest.bar_reading[];
begin
  select raw_response.subject, raw_response.url, raw_response.run_id into response
  from ingest.raw_response
  where raw_response.raw_response_id = p_raw_response_id;
  if document ? 'code' and document ? 'msg' then
    perform ingest.refuse_error(p_raw_response_id, document ->> 'msg');
  end if;
  perform ingest.require_success(p_raw_response_id);

  -- A message of the stream is one kline by names; it counts once it is closed.
  if document ->> 'e' = 'kline' and jsonb_typeof(document -> 'k') = 'object' then
    perform ingest.require_symbol(p_raw_response_id, document ->> 's');
    given_interval := document #>> '{k,i}';
    document := case when document #> '{k,x}' = 'true' then jsonb_build_array(jsonb_build_array(
      document #> '{k,t}', document #> '{k,o}', document #> '{k,h}', document #> '{k,l}', document #> '{k,c}', document #> '{k,v}', document #> '{k,T}'))
    else '[]' end;
  end if;
  if jsonb_typeof(document) <> 'array' or exists (
    select from jsonb_array_elements(document) as kline
    where case when jsonb_typeof(kline) = 'array' then jsonb_array_length(kline) < 6 or jsonb_typeof(kline -> 0) <> 'number' else true end
  ) then
    perform ingest.refuse_shape(document, 'a list of klines (time, open, high, low, close, volume, …)');
  end if;
  if document = '[]' then
    return;
  end if;

  -- Times are in milliseconds, or in microseconds as they are asked for or in the files of 2025 and later.
  select case when max((kline ->> 0)::double precision) >= 1e14 then 1e6 when max((kline ->> 0)::double precision) >= 1e11 then 1e3 else 1 end into unit
  from jsonb_array_elements(document) as kline;
  given_interval := coalesce(given_interval, ingest.url_parameter(response.url, 'interval'));
  length_seconds := round(((document #>> '{0,6}')::double precision - (document #>> '{0,0}')::double precision) / unit);
  bar_interval := ingest.require_interval(
    coalesce(
      market.bar_interval(given_interval),
      case when length_seconds / 86400 between 28 and 31 then '1mo' else market.bar_interval_of((length_seconds / 60)::bigint) end,
      ingest.interval_of_starts((select array_agg(to_timestamp((kline ->> 0)::double precision / unit)) from jsonb_array_elements(document) as kline))
    ), given_interval);

  pair_id := ingest.ensure_instrument(response.run_id, response.subject, null, 'crypto', 'XXXX', ingest.quote_currency(response.subject));
  select array_agg((
    kline.row_no, to_timestamp((kline.item ->> 0)::double precision / unit),
    (to_timestamp((kline.item ->> 0)::double precision / unit) at time zone 'UTC')::date,
    kline.item ->> 1, kline.item ->> 2, kline.item ->> 3, kline.item ->> 4, kline.item ->> 5, null, kline.item
  )::ingest.bar_reading) into bars
  from jsonb_array_elements(document) with ordinality as kline (item, row_no);
  perform ingest.add_bars(p_raw_response_id, pair_id, bar_interval, bars);
end
$$;

comment on function ingest.normalise_binance_bars(bigint) is
'Fills ingest.candidate_bar from klines of Binance: lists of open time, open, high, low, close, volume and close time, in milliseconds or microseconds, oldest first; also one message kline of its stream. The length comes from the address,
else from the close time. The subject is the pair; times are UTC. MB010 with the words of Binance (code, msg), MB004 for another shape, a failing status or a length that is not kept.';

revoke all on function ingest.normalise_binance_bars(bigint) from public;
grant execute on function ingest.normalise_binance_bars(bigint) to marketbase_worker;
