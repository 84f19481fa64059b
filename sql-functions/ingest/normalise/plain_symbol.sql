-- A symbol without the ornaments of its provider, to compare by.
create or replace function ingest.plain_symbol(p_symbol text) returns text
language sql immutable strict parallel safe
return regexp_replace(
  regexp_replace(
    -- Kraken's XXBTZUSD is XBTUSD with its classes of assets (X a crypto-currency, Z a currency) before each.
    regexp_replace(
      regexp_replace(upper(p_symbol), '^[XCI]:|=X$|\.US$|[^A-Z0-9]', '', 'g'),
      '^X([A-Z]{3})[XZ]([A-Z]{3})$', '\1\2'),
    'XBT', 'BTC'),
  '^XDG', 'DOGE');

comment on function ingest.plain_symbol(text) is
'A symbol in capitals without what providers put around it, so that EURUSD=X, EUR/USD and C:EURUSD are one, and so are BTC-USD, XBT/USD and XXBTZUSD, AAPL and AAPL.US. For comparing only. NULL for NULL.';

revoke all on function ingest.plain_symbol(text) from public;
grant execute on function ingest.plain_symbol(text) to marketbase_worker;
