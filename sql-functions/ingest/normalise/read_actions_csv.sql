-- Splits, dividends and spin-offs from CSV, whoever sent it.
create or replace function ingest.read_actions_csv(p_raw_response_id bigint, p_symbol text default null) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  header text[];
  symbol_at integer;
  date_at integer;
  type_at integer;
  amount_at integer;
  currency_at integer;
  missing text;
  bad record;
begin
  perform ingest.require_success(p_raw_response_id);
  select array_agg(lower(btrim(field, e' \t\ufeff')) order by position) into header
  from unnest(ingest.csv_fields(nullif(btrim(ingest.first_line(p_raw_response_id), e' \t\ufeff'), ''))) with ordinality as fields (field, position);
  symbol_at := coalesce(array_position(header, 'symbol'), array_position(header, 'ticker'));
  date_at := coalesce(array_position(header, 'ex_date'), array_position(header, 'date'));
  type_at := coalesce(array_position(header, 'action_type'), array_position(header, 'type'), array_position(header, 'action'));
  amount_at := array_position(header, 'amount');
  currency_at := array_position(header, 'currency');
  select string_agg(name, ', ') into missing
  from (values ('symbol', coalesce(symbol_at::text, p_symbol)), ('ex_date', date_at::text), ('type', type_at::text), ('amount', amount_at::text)) as needed (name, place)
  where place is null;
  if missing is not null then
    raise exception using
      errcode = 'MB005',
      message = format('the file has no column %s; its columns are %s', missing, coalesce(left(array_to_string(header, ', '), 500), 'none')),
      hint = 'Corporate actions need symbol (or one symbol for the whole file), ex_date, type (split, dividend or spin_off) and amount (new shares per old share, as 7 or 7:1; cash, or value of the shares given, per share), and may have a currency.';
  end if;

  create temporary table if not exists action_line (
    line_no bigint, field_count integer, symbol text, ex_date text, action_type text, amount text, currency text
  ) on commit drop;
  delete from pg_temp.action_line;
  insert into pg_temp.action_line
  select
    lines.line_no, cardinality(fields), upper(btrim(coalesce(fields[symbol_at], p_symbol))), btrim(fields[date_at]),
    regexp_replace(lower(btrim(fields[type_at])), '^spin[- ]?off$', 'spin_off'),
    btrim(fields[amount_at]), nullif(btrim(fields[currency_at]), '')
  from ingest.body_lines(p_raw_response_id) as lines
  cross join lateral (select ingest.csv_fields(lines.line) as fields) as split
  where lines.line_no > 1;

  select line.line_no, problem.text into bad
  from pg_temp.action_line as line
  cross join lateral (
    select case
      when line.field_count <> cardinality(header) then format('it has %s fields where the header has %s', line.field_count, cardinality(header))
      when not ingest.is_symbol(line.symbol) then format('"%s" cannot be a symbol', left(line.symbol, 40))
      when not ingest.is_iso_date(line.ex_date) then format('"%s" is not a date written as YYYY-MM-DD', left(line.ex_date, 40))
      when line.action_type not in ('split', 'dividend', 'spin_off') then format('"%s" is neither split, dividend nor spin-off', left(line.action_type, 40))
      when line.amount !~ case line.action_type when 'split' then '^\d{1,9}(\.\d{1,12})?(:\d{1,9}(\.\d{1,12})?)?$' else '^\d{1,9}(\.\d{1,12})?$' end
        or line.amount ~ '^[0.]+(:|$)|:[0.]+$' then format('amount "%s" is not a number above 0', left(line.amount, 40))
      when line.currency is not null and line.currency !~ '^[A-Za-z]{3}$' then format('"%s" is not a currency', left(line.currency, 40))
    end as text
  ) as problem
  where problem.text is not null
  order by line.line_no
  limit 1;
  if found then
    raise exception using
      errcode = 'MB004', message = format('line %s: %s', bad.line_no, bad.text), hint = 'Nothing of the file was taken in. Correct the line and import it again.';
  end if;

  perform ingest.ensure_instrument((select response.run_id from ingest.raw_response response where response.raw_response_id = p_raw_response_id), known.symbol)
  from (select distinct line.symbol from pg_temp.action_line as line) as known;
  insert into ingest.candidate_action (raw_response_id, row_no, instrument_id, action_type, ex_date, amount, currency)
  select
    p_raw_response_id, line.line_no, instrument.instrument_id, line.action_type, line.ex_date::date,
    round(split_part(line.amount, ':', 1)::numeric / coalesce(nullif(split_part(line.amount, ':', 2), '')::numeric, 1), 12),
    case when line.action_type <> 'split' then coalesce(line.currency, instrument.currency) end
  from pg_temp.action_line as line
  join market.instrument using (symbol);
end
$$;

comment on function ingest.read_actions_csv(bigint, text) is
'Fills ingest.candidate_action from a CSV with the columns symbol (or ticker; or p_symbol for all), ex_date, type (split, dividend or spin_off), amount (of a split new shares per old share, as 7, 0.1 or 7:1; of a dividend cash per share of the ex-date, of a spin-off the value of what a share was given) and, if there is one, currency.
MB005 for a missing column, MB004 with the number of the first bad line.';

revoke all on function ingest.read_actions_csv(bigint, text) from public;
grant execute on function ingest.read_actions_csv(bigint, text) to marketbase_worker;
