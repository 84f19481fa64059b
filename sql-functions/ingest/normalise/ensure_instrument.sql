-- Whoever brings data of a symbol brings the instrument along.
create or replace function ingest.ensure_instrument(
  p_run_id bigint,
  p_symbol text,
  p_name text default null,
  p_asset_class text default null,
  p_mic text default null,
  p_currency text default null,
  p_cik text default null
) returns bigint
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  given_symbol text := upper(btrim(p_symbol));
  found_id bigint;
begin
  if ingest.is_symbol(given_symbol) is not true then
    raise exception using
      errcode = 'MB001',
      message = format('"%s" cannot be a symbol', left(p_symbol, 40)),
      hint = 'A symbol has up to 32 letters, digits and . ^ = / _ -';
  end if;
  insert into market.instrument (symbol, name, asset_class, mic, currency, cik, run_id)
  values (given_symbol, p_name, coalesce(p_asset_class, 'equity'), coalesce(p_mic, 'XNYS'), coalesce(p_currency, 'USD'), p_cik, p_run_id)
  on conflict (symbol) do nothing
  returning instrument_id into found_id;

  if found_id is null then
    update market.instrument
    set name = coalesce(p_name, name), asset_class = coalesce(p_asset_class, asset_class), mic = coalesce(p_mic, mic),
      currency = coalesce(p_currency, currency), cik = coalesce(p_cik, cik)
    where symbol = given_symbol
      and (coalesce(p_name, name), coalesce(p_asset_class, asset_class), coalesce(p_mic, mic), coalesce(p_currency, currency), coalesce(p_cik, cik))
        is distinct from (name, asset_class, mic, currency, cik);
    select instrument.instrument_id into found_id from market.instrument where symbol = given_symbol;
  end if;
  return found_id;
end
$$;

comment on function ingest.ensure_instrument(bigint, text, text, text, text, text, text) is
'The instrument_id of a symbol, which is added when it is new. What the provider knows of it (name, asset class, exchange, currency, CIK) is kept; NULL means that it does not know. MB001 when the text cannot be a symbol.';

revoke all on function ingest.ensure_instrument(bigint, text, text, text, text, text, text) from public;
grant execute on function ingest.ensure_instrument(bigint, text, text, text, text, text, text) to marketbase_worker;
