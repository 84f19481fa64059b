-- Reads a landed CSV of trades.
create or replace function portfolio.record_trades(p_run_id bigint, p_raw_response_id bigint) returns bigint
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_names constant text[] := array['portfolio', 'symbol', 'traded_at', 'side', 'quantity', 'price', 'fee', 'external_id'];
  v_header text[];
  v_at integer[];
  v_missing text;
  v_line record;
  v_count bigint;
begin
  perform ingest.require_success(p_raw_response_id);
  perform ingest.body_text(p_raw_response_id) where exists (
    select from ingest.raw_response where raw_response_id = p_raw_response_id and body is not null
  );

  select array_agg(lower(btrim(field, e' \t\ufeff')) order by position) into v_header
  from ingest.body_lines(p_raw_response_id) as first_line
  cross join lateral unnest(ingest.csv_fields(first_line.line)) with ordinality as header (field, position)
  where first_line.line_no = 1;
  if v_header is null then
    raise exception using
      errcode = 'MB004',
      message = 'the file of trades is empty',
      hint = format('It needs a line of column names (%s) and then one line per trade.', array_to_string(v_names, ', '));
  end if;
  select
    array_agg(array_position(v_header, name) order by position),
    string_agg(name, ', ' order by position) filter (where array_position(v_header, name) is null)
  into v_at, v_missing
  from unnest(v_names) with ordinality as needed (name, position);
  if v_missing is not null then
    raise exception using
      errcode = 'MB005',
      message = format('the file of trades has no column %s; its columns are %s', v_missing, left(array_to_string(v_header, ', '), 500)),
      hint = format('Trades need the columns %s, in any order.', array_to_string(v_names, ', '));
  end if;

  for v_line in
    select
      line_no,
      cardinality(fields) as field_count,
      btrim(fields[v_at[1]]) as portfolio,
      upper(btrim(fields[v_at[2]])) as symbol,
      btrim(fields[v_at[3]]) as traded_at,
      lower(btrim(fields[v_at[4]])) as side,
      btrim(fields[v_at[5]]) as quantity,
      btrim(fields[v_at[6]]) as price,
      btrim(fields[v_at[7]]) as fee,
      btrim(fields[v_at[8]]) as external_id
    from ingest.body_lines(p_raw_response_id)
    cross join lateral (select ingest.csv_fields(line) as fields) as split
    where line_no > 1
    order by line_no
  loop
    perform portfolio.check_trade_line(
      v_line.line_no,
      case
        when v_line.field_count <> cardinality(v_header)
          then format('it has %s fields where the header has %s', v_line.field_count, cardinality(v_header))
        when v_line.portfolio = '' then 'portfolio is missing'
        when v_line.external_id = '' then 'external_id is missing'
        when v_line.side not in ('buy', 'sell') then format('side "%s" is neither buy nor sell', left(v_line.side, 20))
        when v_line.traded_at !~ '^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d(:?\d\d)?)$'
          or not pg_input_is_valid(v_line.traded_at, 'timestamptz')
          then format('traded_at "%s" is not a time with its zone, such as 2013-07-15T14:32:10Z', left(v_line.traded_at, 40))
        when v_line.quantity !~ '^\d{1,15}(\.\d{1,12})?$' or v_line.quantity::numeric = 0
          then format('quantity "%s" is not a number above 0', left(v_line.quantity, 40))
        when v_line.price !~ '^\d{1,15}(\.\d{1,12})?$' or v_line.price::numeric = 0
          then format('price "%s" is not a number above 0', left(v_line.price, 40))
        when v_line.fee !~ '^(\d{1,15}(\.\d{1,12})?)?$' then format('fee "%s" is not a number from 0 on', left(v_line.fee, 40))
      end
    );
  end loop;

  with line as (
    select
      line_no,
      (portfolio.find_portfolio(btrim(fields[v_at[1]]))).portfolio_id as portfolio_id,
      market.instrument_id(upper(btrim(fields[v_at[2]]))) as instrument_id,
      btrim(fields[v_at[3]])::timestamptz as traded_at,
      lower(btrim(fields[v_at[4]])) as side,
      btrim(fields[v_at[5]])::numeric as quantity,
      btrim(fields[v_at[6]])::numeric as price,
      coalesce(nullif(btrim(fields[v_at[7]]), ''), '0')::numeric as fee,
      btrim(fields[v_at[8]]) as external_id
    from ingest.body_lines(p_raw_response_id)
    cross join lateral (select ingest.csv_fields(line) as fields) as split
    where line_no > 1
  ),
  trade as (
    select line.*, instrument.currency, instrument.mic, (line.traded_at at time zone exchange.time_zone)::date as session_date
    from line
    join market.instrument on instrument.instrument_id = line.instrument_id
    join market.exchange on exchange.mic = instrument.mic
  ),
  checked as (
    select
      trade.*,
      portfolio.check_trade_line(
        trade.line_no,
        case
          when trade.traded_at > now() then format('traded_at %s lies in the future', trade.traded_at)
          when trade.session_date < book.inception_date
            then format('it was traded on %s, before the inception of portfolio %s on %s', trade.session_date, book.name, book.inception_date)
          when trade.currency <> book.base_currency
            then format('it is in %s, but portfolio %s is kept in %s', trade.currency, book.name, book.base_currency)
          when exists (select from market.trading_session where mic = trade.mic)
            and not exists (select from market.trading_session where mic = trade.mic and session_date = trade.session_date)
            then format('%s had no session on %s', trade.mic, trade.session_date)
          when (trade.traded_at, trade.side, trade.quantity, trade.price, trade.fee)
            is distinct from (known.traded_at, known.side, known.quantity, known.price, known.fee) and known.trade_id is not null
            then format('trade %s is recorded already, with other terms; a correction is a reversing trade', trade.external_id)
          when count(*) over (partition by trade.portfolio_id, trade.instrument_id, trade.external_id) > 1
            then format('external_id %s stands there twice', trade.external_id)
        end
      ) as is_fine,
      known.trade_id is not null as is_known
    from trade
    join portfolio.portfolio book on book.portfolio_id = trade.portfolio_id
    left join portfolio.trade known
      on known.portfolio_id = trade.portfolio_id
      and known.instrument_id = trade.instrument_id
      and known.external_id = trade.external_id
  )
  insert into portfolio.trade (
    instrument_id, portfolio_id, traded_at, session_date, side, quantity, price, fee, currency, external_id, raw_response_id, run_id
  )
  select
    instrument_id, portfolio_id, traded_at, session_date, side, quantity, price, fee, currency, external_id, p_raw_response_id, p_run_id
  from checked
  where is_fine and not is_known
  order by traded_at, line_no
  on conflict (instrument_id, portfolio_id, external_id) do nothing;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

comment on function portfolio.record_trades(bigint, bigint) is
'Records the trades of a landed CSV (a line of names, then one line per trade; columns portfolio, symbol, traded_at with its zone, side, quantity, price, fee,
external_id, in any order) and returns how many were new. external_id names a trade within its portfolio and instrument: one that is recorded already is
skipped, one with other terms refused. The currency is that of the instrument and must be that of the portfolio. All trades of the body are stored, or none.
MB004 a line that cannot be right, MB005 missing column, MB002 unknown symbol, MB003 unknown portfolio, MB001 unknown response.';

revoke all on function portfolio.record_trades(bigint, bigint) from public;
grant execute on function portfolio.record_trades(bigint, bigint) to marketbase_worker;
