-- The bars of a symbol, adjusted as asked, as known at a moment.
create or replace function market.adjusted_bars(
  p_symbol text,
  p_adjustment text default 'split',
  p_as_of timestamptz default null,
  p_from date default null,
  p_to date default null,
  p_bar_interval text default '1d'
) returns setof market.adjusted_bar
language sql stable parallel safe
rows 5000
begin atomic
  select * from market.adjusted_bars_of(market.instrument_id(p_symbol), p_adjustment, p_as_of, p_from, p_to, p_bar_interval);
end;

comment on function market.adjusted_bars(text, text, timestamptz, date, date, text) is
'Bars of p_symbol from session p_from to p_to, both included (NULL: no limit), as known at p_as_of (NULL: now), adjusted for the splits, dividends and spin-offs that were known by then and had their ex-date. Stored bars are never changed.
Whatever basis the provider or the body uses (price_basis of ingest.provider and ingest.raw_response), its prices are first turned back into those of the day (raw_close), by the actions that were known when its body arrived. p_adjustment then is
none: as quoted that day;
split: in the shares of p_as_of, the last price unchanged;
split_dividend: likewise, and for each dividend later than the bar times 1 - amount / close before the ex-date, in shares of the ex-date (convention of CRSP, Yahoo and the factor files of Lean);
total_return: likewise with 1 / (1 + amount / close of the ex-date), which is what reinvesting at that close earns (convention of the WIKI prices of Quandl);
a spin-off counts as a dividend of what was given (convention of CRSP);
accumulated: what one share of the first stored bar has become, dividends reinvested as for total_return: the first price is unchanged and nothing that comes later changes a bar, so features may use it.
p_bar_interval: 1d, or shorter: then the close before an ex-date is that of the daily bar where there is one. Dividends in a currency other than that of the prices are left out.
Errors: MB001 for another adjustment or longer bars, MB002 for an unknown symbol.';

revoke all on function market.adjusted_bars(text, text, timestamptz, date, date, text) from public;
grant execute on function market.adjusted_bars(text, text, timestamptz, date, date, text) to marketbase_reader;
