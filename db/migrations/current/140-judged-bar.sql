-- A bar as the rules of prices see it: everything that more than one of them wants to know, computed once.
drop type if exists quality.judged_bar cascade;
drop type if exists quality.usual_bar cascade;
drop type if exists quality.actions_taken cascade;

create type quality.actions_taken as (
  split_ratio double precision,
  dividend double precision
);
comment on type quality.actions_taken is 'Splits and dividends on record of some days, taken together.';
comment on column quality.actions_taken.split_ratio is 'New shares per old one by the splits; 1 where there is none.';
comment on column quality.actions_taken.dividend is 'Dividends per share; 0 where there is none.';

create type quality.usual_bar as (
  bars bigint,
  tick double precision,
  volume double precision,
  move double precision,
  range double precision,
  off_cent bigint,
  moves double precision[],
  log_volumes double precision[]
);
comment on type quality.usual_bar is 'What was usual for an instrument in the 60 bars before one that sticks out.';
comment on column quality.usual_bar.bars is 'How many there are, up to 60.';
comment on column quality.usual_bar.tick is 'Smallest difference between their prices, about a tick; null where they never moved.';
comment on column quality.usual_bar.volume is 'Median of their volumes.';
comment on column quality.usual_bar.move is 'Median size of their moves from close to close, as a logarithm.';
comment on column quality.usual_bar.range is 'Median of the logarithms of high over low.';
comment on column quality.usual_bar.off_cent is 'How many of them have a price off the cent.';
comment on column quality.usual_bar.moves is 'Logarithms of their moves from close to close, newest first.';
comment on column quality.usual_bar.log_volumes is 'Logarithms of their volumes, newest first; null for a volume of 0.';

create type quality.judged_bar as (
  instrument_id bigint,
  asset_class text,
  bar_interval text,
  ts timestamptz,
  session_date date,
  open double precision,
  high double precision,
  low double precision,
  close double precision,
  volume double precision,
  adjusted_close double precision,
  previous_date date,
  previous_close double precision,
  previous_volume double precision,
  previous_adjusted_close double precision,
  split_ratio double precision,
  dividend double precision,
  has_actions boolean,
  open_move double precision,
  close_move double precision,
  log_return double precision,
  equal_bars bigint,
  usual quality.usual_bar
);
comment on type quality.judged_bar is 'A daily bar (weekly of an instrument without daily bars) with its predecessor, the actions that take effect on it and, where it sticks out, what was usual before. See quality.judged_bars.';
comment on column quality.judged_bar.instrument_id is 'Instrument.';
comment on column quality.judged_bar.asset_class is 'Its asset class, such as equity.';
comment on column quality.judged_bar.bar_interval is 'Length of the bar: 1d, or 1w of an instrument without daily bars.';
comment on column quality.judged_bar.ts is 'Start of the bar.';
comment on column quality.judged_bar.session_date is 'Local date of the session.';
comment on column quality.judged_bar.open is 'First price.';
comment on column quality.judged_bar.high is 'Highest price.';
comment on column quality.judged_bar.low is 'Lowest price.';
comment on column quality.judged_bar.close is 'Last price.';
comment on column quality.judged_bar.volume is 'Units traded.';
comment on column quality.judged_bar.adjusted_close is 'Close adjusted by the provider; null where it sends none.';
comment on column quality.judged_bar.previous_date is 'Date of the bar before; this and what follows about it is null for the first bar.';
comment on column quality.judged_bar.previous_close is 'Last price of the bar before.';
comment on column quality.judged_bar.previous_volume is 'Units traded in it.';
comment on column quality.judged_bar.previous_adjusted_close is 'Its close adjusted by the provider.';
comment on column quality.judged_bar.split_ratio is 'New shares per old one by the splits on record that take effect on this bar; 1 where there is none.';
comment on column quality.judged_bar.dividend is 'Dividends per share on record that take effect on this bar; 0 where there is none.';
comment on column quality.judged_bar.has_actions is 'Whether any split or dividend of the instrument is on record.';
comment on column quality.judged_bar.open_move is 'Natural logarithm of open over previous close, as the prices are.';
comment on column quality.judged_bar.close_move is 'Natural logarithm of close over previous close, as the prices are.';
comment on column quality.judged_bar.log_return is 'close_move with or without the split and the dividend on record, whichever is nearest to 0: providers differ in whether their prices contain them.';
comment on column quality.judged_bar.equal_bars is 'How many bars, this one and those before it without a break, at most 61, have the same open, high, low and close; null where the bar before has others.';
comment on column quality.judged_bar.usual is 'What was usual in the 60 bars before one that sticks out; null for others. A bar sticks out that moved by 5 % or more from close to close, whose high is 10 % or more above its low, whose volume is 8 times that of the bar before or more, or an eighth or less, or that has a price off the cent after a close that was on it.';

-- Rules that read the bars each for itself, and what they alone used.
drop function if exists quality.rule_price_adjusted_close_consistent(bigint[], timestamptz, timestamptz, jsonb);
drop function if exists quality.rule_price_dividend_plausible(bigint[], timestamptz, timestamptz, jsonb);
drop function if exists quality.rule_price_return_outlier(bigint[], timestamptz, timestamptz, jsonb);
drop function if exists quality.rule_price_spike(bigint[], timestamptz, timestamptz, jsonb);
drop function if exists quality.rule_price_split_consistent(bigint[], timestamptz, timestamptz, jsonb);
drop function if exists quality.rule_price_stale_run(bigint[], timestamptz, timestamptz, jsonb);
drop function if exists quality.rule_price_unit_consistent(bigint[], timestamptz, timestamptz, jsonb);
drop function if exists quality.rule_price_volume_outlier(bigint[], timestamptz, timestamptz, jsonb);
drop function if exists quality.rule_price_volume_present(bigint[], timestamptz, timestamptz, jsonb);
drop function if exists quality.usual_bar(bigint, timestamptz, integer);
drop function if exists quality.daily_bars(bigint[], timestamptz, timestamptz, integer) cascade;
drop function if exists quality.action_bars(bigint[]) cascade;
drop type if exists quality.daily_bar;
drop function if exists quality.expected_sessions(bigint[], timestamptz, timestamptz) cascade;
drop type if exists quality.expected_session;
