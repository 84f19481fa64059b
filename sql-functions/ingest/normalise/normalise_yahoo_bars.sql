-- Bars, splits and dividends as Yahoo's chart (v8) gives them.
create or replace function ingest.normalise_yahoo_bars(p_raw_response_id bigint) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  document jsonb := ingest.body_json(p_raw_response_id);
  response record;
  chart jsonb;
  meta jsonb;
  quote jsonb;
  adjusted jsonb;
  time_zone text;
  interval_name text;
  exchange_mic text;
  chart_id bigint;
  bar_count integer;
  bad text;
begin
  if jsonb_typeof(coalesce(document #> '{chart,error}', document #> '{finance,error}')) = 'object' then
    perform ingest.refuse_error(p_raw_response_id, coalesce(
      document #>> '{chart,error,description}', document #>> '{finance,error,description}', document #>> '{chart,error,code}', document #>> '{finance,error,code}'));
  end if;
  perform ingest.require_success(p_raw_response_id);

  select raw_response.subject, raw_response.fetched_at, raw_response.run_id into response
  from ingest.raw_response
  where raw_response.raw_response_id = p_raw_response_id;
  chart := document #> '{chart,result,0}';
  meta := chart -> 'meta';
  quote := chart #> '{indicators,quote,0}';
  adjusted := chart #> '{indicators,adjclose,0,adjclose}';
  if jsonb_typeof(meta) is distinct from 'object' or jsonb_typeof(quote) is distinct from 'object' then
    raise exception using
      errcode = 'MB004',
      message = 'the body is not a chart: it lacks chart.result[0].meta or indicators.quote[0]',
      hint = 'Yahoo may have changed its format.';
  end if;
  perform ingest.require_symbol(p_raw_response_id, meta ->> 'symbol');

  time_zone := meta ->> 'exchangeTimezoneName';
  if not ingest.is_time_zone(time_zone) then
    raise exception using
      errcode = 'MB004', message = format('the time zone "%s" of the exchange is not known', time_zone), hint = 'Yahoo may have changed its format.';
  end if;
  interval_name := case when meta ->> 'dataGranularity' <> '5d' then market.bar_interval(meta ->> 'dataGranularity') end;
  if interval_name is null then
    raise exception using
      errcode = 'MB004',
      message = format('bars of length "%s" are not kept', meta ->> 'dataGranularity'),
      hint = 'Ask for 1m, 2m, 5m, 15m, 30m, 60m, 90m, 1d, 1wk or 1mo.';
  end if;

  -- Six lists of equal length, of numbers or null; a chart without any bar has no list at all.
  bar_count := case when jsonb_typeof(chart -> 'timestamp') = 'array' then jsonb_array_length(chart -> 'timestamp') else 0 end;
  if bar_count > 0 then
    select string_agg(list.name, ', ' order by list.position) into bad
    from (
      values
        (1, 'timestamp', chart -> 'timestamp'), (2, 'open', quote -> 'open'), (3, 'high', quote -> 'high'), (4, 'low', quote -> 'low'),
        (5, 'close', quote -> 'close'), (6, 'volume', quote -> 'volume'), (7, 'adjclose', adjusted)
    ) as list (position, name, items)
    where case
      when list.name = 'adjclose' and list.items is null then false
      when jsonb_typeof(list.items) is distinct from 'array' then true
      else jsonb_array_length(list.items) <> bar_count
        or exists (
          select
          from jsonb_array_elements(list.items) as item
          where jsonb_typeof(item) not in ('number', 'null') or list.name = 'timestamp' and jsonb_typeof(item) = 'null'
        )
    end;
    if bad is not null then
      raise exception using
        errcode = 'MB004',
        message = format('these lists of the chart are missing, not numbers, or not as long as the %s timestamps: %s', bar_count, bad),
        hint = 'Yahoo may have changed its format.';
    end if;
  elsif quote ? 'close' or chart ? 'timestamp' and jsonb_typeof(chart -> 'timestamp') <> 'array' then
    raise exception using errcode = 'MB004', message = 'the chart has prices but no timestamps', hint = 'Yahoo may have changed its format.';
  end if;

  exchange_mic := ingest.yahoo_mic(meta ->> 'exchangeName');
  chart_id := ingest.ensure_instrument(
    response.run_id, response.subject,
    coalesce(meta ->> 'longName', meta ->> 'shortName'),
    case meta ->> 'instrumentType'
      when 'EQUITY' then 'equity' when 'ETF' then 'fund' when 'MUTUALFUND' then 'fund' when 'INDEX' then 'index' when 'CURRENCY' then 'fx'
      when 'CRYPTOCURRENCY' then 'crypto' when 'FUTURE' then 'future' when 'OPTION' then 'option'
    end,
    exchange_mic,
    case when meta ->> 'currency' = 'GBX' then 'GBp' when meta ->> 'currency' ~ '^[A-Za-z]{3}$' then meta ->> 'currency' end
  );

  -- A row of nulls alone is a day without trade. A bar whose time is not over yet when the body arrived is still moving and is not kept;
  -- neither is the snapshot of the last trade that ends an intraday chart, whose time does not fall on a minute, or a chart of weeks or months,
  -- whose time is that of the last trade.
  insert into ingest.candidate_bar (
    raw_response_id, row_no, symbol, instrument_id, bar_interval, ts, session_date, open, high, low, close, volume, adjusted_close
  )
  select
    p_raw_response_id, bar.row_no, upper(response.subject), chart_id, interval_name,
    case when interval_name in ('1d', '1w', '1mo') then bar.session_date::timestamp at time zone 'UTC' else to_timestamp(bar.epoch) end,
    bar.session_date, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.adjusted_close
  from (
    select
      list.row_no, list.epoch::text::double precision as epoch,
      (to_timestamp(list.epoch::text::double precision) at time zone time_zone)::date as session_date,
      (list.open #>> '{}')::double precision as open, (list.high #>> '{}')::double precision as high,
      (list.low #>> '{}')::double precision as low, (list.close #>> '{}')::double precision as close,
      (list.volume #>> '{}')::double precision as volume, (list.adjusted_close #>> '{}')::double precision as adjusted_close
    from rows from (
      jsonb_array_elements(case when bar_count > 0 then chart -> 'timestamp' else '[]' end),
      jsonb_array_elements(case when bar_count > 0 then quote -> 'open' else '[]' end),
      jsonb_array_elements(case when bar_count > 0 then quote -> 'high' else '[]' end),
      jsonb_array_elements(case when bar_count > 0 then quote -> 'low' else '[]' end),
      jsonb_array_elements(case when bar_count > 0 then quote -> 'close' else '[]' end),
      jsonb_array_elements(case when bar_count > 0 then quote -> 'volume' else '[]' end),
      jsonb_array_elements(case when bar_count > 0 then coalesce(adjusted, '[]') else '[]' end)
    ) with ordinality as list (epoch, open, high, low, close, volume, adjusted_close, row_no)
    offset 0
  ) as bar
  where num_nonnulls(bar.open, bar.high, bar.low, bar.close) > 0
    and response.fetched_at >= case interval_name
      when '1d' then market.session_close(exchange_mic, bar.session_date)
      when '1w' then (bar.session_date + 7)::timestamp at time zone time_zone
      when '1mo' then (bar.session_date + interval '1 month') at time zone time_zone
      else to_timestamp(bar.epoch) + market.bar_span(interval_name)
    end
    and (interval_name in ('1d', '1w', '1mo') or bar.epoch::bigint % 60 = 0)
    and not (interval_name in ('1w', '1mo') and bar.epoch = (meta ->> 'regularMarketTime')::double precision);

  insert into ingest.candidate_action (raw_response_id, row_no, instrument_id, action_type, ex_date, amount, currency)
  select
    p_raw_response_id, row_number() over (order by action.ex_date, action.action_type), chart_id,
    action.action_type, action.ex_date, action.amount, action.currency
  from (
    select
      'split' as action_type, (to_timestamp((event.value ->> 'date')::bigint) at time zone time_zone)::date as ex_date,
      round((event.value ->> 'numerator')::numeric / nullif((event.value ->> 'denominator')::numeric, 0), 10) as amount, null as currency
    from jsonb_each(case when jsonb_typeof(chart #> '{events,splits}') = 'object' then chart #> '{events,splits}' else '{}' end) as event
    union all
    select
      'dividend', (to_timestamp((event.value ->> 'date')::bigint) at time zone time_zone)::date,
      (event.value ->> 'amount')::numeric, coalesce(event.value ->> 'currency', meta ->> 'currency')
    from jsonb_each(case when jsonb_typeof(chart #> '{events,dividends}') = 'object' then chart #> '{events,dividends}' else '{}' end) as event
  ) as action
  where action.amount > 0 and action.ex_date is not null and (action.action_type = 'split' or action.currency is not null);

  -- Daily bars that were asked for with their events list all of them from the first bar to the last.
  insert into ingest.candidate_action_span (raw_response_id, instrument_id, action_type, from_date, to_date)
  select p_raw_response_id, chart_id, listed.action_type, min(bar.session_date), max(bar.session_date)
  from ingest.candidate_bar bar
  join ingest.raw_response asked on asked.raw_response_id = p_raw_response_id
  cross join (values ('split', 'split'), ('dividend', 'div')) as listed (action_type, word)
  where bar.raw_response_id = p_raw_response_id and interval_name = '1d'
    and (chart ? 'events' or substring(asked.url from '[?&]events=([^&]*)') ~ listed.word)
  group by listed.action_type;
end
$$;

comment on function ingest.normalise_yahoo_bars(bigint) is
'Fills ingest.candidate_bar and ingest.candidate_action from a body of Yahoo''s chart v8. The subject is the symbol; its instrument is added when it is new and learns name, class, exchange and currency (GBp stays GBp: pence, and GBX is the same).
Yahoo''s prices are adjusted for splits, its adjclose for splits and dividends. The session is the date of the timestamp in the time zone of the exchange. Bars that were still moving when the body arrived are left out,
and days without trade. MB010 with Yahoo''s words when the body is an error; MB004 when it has another shape, other lengths, text instead of numbers, another symbol, or came with a failing status.';

revoke all on function ingest.normalise_yahoo_bars(bigint) from public;
grant execute on function ingest.normalise_yahoo_bars(bigint) to marketbase_worker;
