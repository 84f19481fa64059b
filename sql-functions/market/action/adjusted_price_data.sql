-- The daily bars in every adjustment, as now known.
create or replace view market.adjusted_price_data with (security_invoker = true) as
select
  bar.instrument_id, bar.symbol, bar.ts, bar.session_date,
  bar.raw_close, bar.split_factor, bar.dividend_factor,
  bar.open / bar.dividend_factor as split_open,
  bar.high / bar.dividend_factor as split_high,
  bar.low / bar.dividend_factor as split_low,
  bar.close / bar.dividend_factor as split_close,
  bar.volume as split_volume,
  bar.close as split_dividend_close,
  bar.known_from
from market.instrument
cross join lateral market.adjusted_bars_of(instrument.instrument_id, 'split_dividend') as bar;

comment on view market.adjusted_price_data is
E'@primaryKey instrument_id,ts\n@foreignKey (instrument_id) references market.instrument (instrument_id)\nDaily bars as now known with prices as quoted that day, adjusted for splits, and for splits and dividends; market.adjusted_bars says how, and gives other moments and adjustments. Ask for one instrument, by instrument_id.';
comment on column market.adjusted_price_data.instrument_id is 'Instrument.';
comment on column market.adjusted_price_data.symbol is 'Its symbol.';
comment on column market.adjusted_price_data.ts is 'Start of the bar.';
comment on column market.adjusted_price_data.session_date is 'Local date of the session.';
comment on column market.adjusted_price_data.raw_close is 'Close as it was quoted that day.';
comment on column market.adjusted_price_data.split_factor is 'Factor for the splits after the bar.';
comment on column market.adjusted_price_data.dividend_factor is 'Factor for the dividends after the bar.';
comment on column market.adjusted_price_data.split_open is 'First price, in the shares of today.';
comment on column market.adjusted_price_data.split_high is 'Highest price, in the shares of today.';
comment on column market.adjusted_price_data.split_low is 'Lowest price, in the shares of today.';
comment on column market.adjusted_price_data.split_close is 'Last price, in the shares of today.';
comment on column market.adjusted_price_data.split_volume is 'Units traded, in the shares of today.';
comment on column market.adjusted_price_data.split_dividend_close is 'Last price, adjusted for the splits and dividends after the bar.';
comment on column market.adjusted_price_data.known_from is 'From when the bar could be known.';

revoke all on market.adjusted_price_data from public;
grant select on market.adjusted_price_data to marketbase_reader;
