-- The currency in which a pair is quoted.
create or replace function ingest.quote_currency(p_pair text) returns text
language sql immutable strict parallel safe
begin atomic
  select case
    when pair.quote in ('USDT', 'USDC', 'FDUSD', 'TUSD', 'BUSD', 'USDP', 'PYUSD', 'DAI') then 'USD'
    when pair.quote ~ '^[A-Z]{3}$' then pair.quote
  end
  from (
    select coalesce(
      substring(upper(p_pair) from '[-/]([A-Z]{3,5})$'),
      substring(ingest.plain_symbol(p_pair) from '(USDT|USDC|FDUSD|TUSD|BUSD|USDP|PYUSD|DAI|[A-Z]{3})$')
    ) as quote
  ) as pair;
end;

comment on function ingest.quote_currency(text) is
'The currency in which a pair such as BTC-USDT, BTCUSDT, EUR/USD or XXBTZUSD is quoted, three letters; stablecoins of the dollar count as USD. NULL where it cannot be told, and for NULL.';

revoke all on function ingest.quote_currency(text) from public;
grant execute on function ingest.quote_currency(text) to marketbase_worker;
