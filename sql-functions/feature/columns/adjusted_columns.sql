-- The prices of each bar with splits and dividends evened out, without looking ahead: the columns that expressions over adjusted prices use.
create or replace function feature.adjusted_columns(
  p_instrument_ids bigint[],
  p_bar_interval text default '1d',
  p_from_ts timestamptz[] default null,
  p_to_ts timestamptz[] default null
) returns table (
  instrument_id bigint,
  ts timestamptz,
  adjusted_open double precision,
  adjusted_high double precision,
  adjusted_low double precision,
  adjusted_close double precision,
  adjusted_volume double precision
)
language sql stable parallel safe
rows 10000
begin atomic
  select bar.instrument_id, bar.ts, bar.open, bar.high, bar.low, bar.close, bar.volume
  from unnest(p_instrument_ids, p_from_ts, p_to_ts) as asked (instrument_id, from_ts, to_ts)
  cross join lateral market.adjusted_bars_of(asked.instrument_id, 'accumulated', null, null, null, p_bar_interval) as bar
  where bar.ts between coalesce(asked.from_ts, '-infinity') and coalesce(asked.to_ts, 'infinity');
end;

comment on function feature.adjusted_columns(bigint[], text, timestamptz[], timestamptz[]) is
'The current bars of p_instrument_ids of length p_bar_interval (up to 1d), from p_from_ts to p_to_ts (as long as p_instrument_ids; NULL, or a NULL element: no limit), with accumulated prices: what one share of the first stored bar has become,
dividends reinvested (market.adjusted_bars). Their changes are returns with dividends, and nothing that comes after a bar changes them. adjusted_volume counts in shares of the first bar. MB001 for longer bars.';

revoke all on function feature.adjusted_columns(bigint[], text, timestamptz[], timestamptz[]) from public;
grant execute on function feature.adjusted_columns(bigint[], text, timestamptz[], timestamptz[]) to marketbase_analyst;
