-- The 158 features of qlib's Alpha158; not active from the start.
-- Where terms are there already they are used again: RSQR is made of the slope and the deviation, SUMN is all changes less the rises, SUMD twice the
-- rises less all changes. This differs from qlib by rounding alone. NULL where qlib has NaN.
with candle (name, expression, description) as (
  values
    ('kmid', '(close - open) / open', 'body of the candle, relative to the open.'),
    ('klen', '(high - low) / open', 'length of the candle, relative to the open.'),
    ('kmid2', '(close - open) / (high - low + 1e-12)', 'body of the candle, relative to its length.'),
    ('kup', '(high - greatest(open, close)) / open', 'upper shadow, relative to the open.'),
    ('kup2', '(high - greatest(open, close)) / (high - low + 1e-12)', 'upper shadow, relative to the length of the candle.'),
    ('klow', '(least(open, close) - low) / open', 'lower shadow, relative to the open.'),
    ('klow2', '(least(open, close) - low) / (high - low + 1e-12)', 'lower shadow, relative to the length of the candle.'),
    ('ksft', '(2 * close - high - low) / open', 'twice the distance of the close from the middle of the candle, relative to the open.'),
    ('ksft2', '(2 * close - high - low) / (high - low + 1e-12)', 'twice the distance of the close from the middle of the candle, relative to its length.'),
    ('open0', 'open / close', 'open, relative to the close.'),
    ('high0', 'high / close', 'high, relative to the close.'),
    ('low0', 'low / close', 'low, relative to the close.'),
    ('vwap0', '(high + low + close) / 3 / close', 'typical price, in place of the volume-weighted one, relative to the close.')
), rolling (name, expression, description) as (
  values
    ('roc', 'ta.ref(close, {n}) / close', 'close of {n} bars ago, relative to the close.'),
    ('ma', 'ta.rolling_mean(close, {n}) / close', 'mean close of {n} bars, relative to the close.'),
    ('std', 'ta.rolling_std(close, {n}) / close', 'standard deviation of the close over {n} bars, relative to the close.'),
    ('beta', 'ta.rolling_slope(close, {n}) / close', 'slope per bar of the line through {n} closes, relative to the close.'),
    (
      'rsqr', 'case when ta.rolling_std(close, {n}) > 2e-5 then least(1, (ta.rolling_slope(close, {n}) / ta.rolling_std(close, {n})) ^ 2'
        || ' * ta.rolling_count(close, {n}) * (ta.rolling_count(close, {n}) + 1) / 12) end',
      'coefficient of determination of the line through {n} closes, 0 to 1.'
    ),
    ('resi', 'ta.rolling_resi(close, {n}) / close', 'distance of the close from the line through {n} closes, relative to the close.'),
    ('max', 'ta.rolling_max(high, {n}) / close', 'highest high of {n} bars, relative to the close.'),
    ('min', 'ta.rolling_min(low, {n}) / close', 'lowest low of {n} bars, relative to the close.'),
    ('qtlu', 'ta.rolling_quantile(close, {n}, 0.8) / close', 'value that four fifths of {n} closes do not exceed, relative to the close.'),
    ('qtld', 'ta.rolling_quantile(close, {n}, 0.2) / close', 'value that one fifth of {n} closes does not exceed, relative to the close.'),
    ('rank', 'ta.rolling_rank(close, {n})', 'rank of the close among {n} closes, as a fraction.'),
    (
      'rsv', '(close - ta.rolling_min(low, {n})) / (ta.rolling_max(high, {n}) - ta.rolling_min(low, {n}) + 1e-12)',
      'place of the close between the lowest low (0) and the highest high (1) of {n} bars.'
    ),
    ('imax', 'ta.rolling_idxmax(high, {n}) / {n}', 'place of the highest high among {n} bars: 1 is the newest bar.'),
    ('imin', 'ta.rolling_idxmin(low, {n}) / {n}', 'place of the lowest low among {n} bars: 1 is the newest bar.'),
    (
      'imxd', '(ta.rolling_idxmax(high, {n}) - ta.rolling_idxmin(low, {n})) / {n}',
      'bars from the lowest low to the highest high of {n} bars, relative to {n}.'
    ),
    ('corr', 'ta.rolling_corr(close, ln(volume + 1), {n})', 'correlation of the close and the logarithm of the volume over {n} bars.'),
    (
      'cord', 'ta.rolling_corr(close / ta.ref(close, 1), ln(volume / ta.ref(volume, 1) + 1), {n})',
      'correlation of the change of the close and the logarithm of the change of the volume over {n} bars.'
    ),
    ('cntp', 'ta.rolling_count(case when close > ta.ref(close, 1) then 1 end, {n}) / ta.rolling_count(close, {n})', 'share of rising closes among {n} bars.'),
    ('cntn', 'ta.rolling_count(case when close < ta.ref(close, 1) then 1 end, {n}) / ta.rolling_count(close, {n})', 'share of falling closes among {n} bars.'),
    (
      'cntd', '(ta.rolling_count(case when close > ta.ref(close, 1) then 1 end, {n}) - ta.rolling_count(case when close < ta.ref(close, 1) then 1 end, {n}))'
        || ' / ta.rolling_count(close, {n})',
      'share of rising less share of falling closes among {n} bars.'
    ),
    (
      'sump', 'ta.rolling_sum(greatest(close - ta.ref(close, 1), 0), {n})'
        || ' / (ta.rolling_sum(abs(close - ta.ref(close, 1)), {n}) + 1e-12)',
      'sum of the rises of the close over {n} bars, relative to the sum of all its changes.'
    ),
    (
      'sumn', '(ta.rolling_sum(abs(close - ta.ref(close, 1)), {n}) - ta.rolling_sum(greatest(close - ta.ref(close, 1), 0), {n}))'
        || ' / (ta.rolling_sum(abs(close - ta.ref(close, 1)), {n}) + 1e-12)',
      'sum of the falls of the close over {n} bars, relative to the sum of all its changes.'
    ),
    (
      'sumd', '(2 * ta.rolling_sum(greatest(close - ta.ref(close, 1), 0), {n}) - ta.rolling_sum(abs(close - ta.ref(close, 1)), {n}))'
        || ' / (ta.rolling_sum(abs(close - ta.ref(close, 1)), {n}) + 1e-12)',
      'sum of the rises less the sum of the falls of the close over {n} bars, relative to the sum of all its changes.'
    ),
    ('vma', 'ta.rolling_mean(volume, {n}) / (volume + 1e-12)', 'mean volume of {n} bars, relative to the volume.'),
    ('vstd', 'ta.rolling_std(volume, {n}) / (volume + 1e-12)', 'standard deviation of the volume over {n} bars, relative to the volume.'),
    (
      'wvma', 'ta.rolling_std(abs(close / ta.ref(close, 1) - 1) * volume, {n})'
        || ' / (ta.rolling_mean(abs(close / ta.ref(close, 1) - 1) * volume, {n}) + 1e-12)',
      'standard deviation of the return, taken positive and times the volume, over {n} bars, relative to its mean.'
    ),
    (
      'vsump', 'ta.rolling_sum(greatest(volume - ta.ref(volume, 1), 0), {n})'
        || ' / (ta.rolling_sum(abs(volume - ta.ref(volume, 1)), {n}) + 1e-12)',
      'sum of the rises of the volume over {n} bars, relative to the sum of all its changes.'
    ),
    (
      'vsumn', '(ta.rolling_sum(abs(volume - ta.ref(volume, 1)), {n}) - ta.rolling_sum(greatest(volume - ta.ref(volume, 1), 0), {n}))'
        || ' / (ta.rolling_sum(abs(volume - ta.ref(volume, 1)), {n}) + 1e-12)',
      'sum of the falls of the volume over {n} bars, relative to the sum of all its changes.'
    ),
    (
      'vsumd', '(2 * ta.rolling_sum(greatest(volume - ta.ref(volume, 1), 0), {n}) - ta.rolling_sum(abs(volume - ta.ref(volume, 1)), {n}))'
        || ' / (ta.rolling_sum(abs(volume - ta.ref(volume, 1)), {n}) + 1e-12)',
      'sum of the rises less the sum of the falls of the volume over {n} bars, relative to the sum of all its changes.'
    )
), definition (position, n, name, expression, description) as (
  select row_number() over (), 0, candle.name, candle.expression, candle.description
  from candle
  union all
  select
    100 + family.position, period.n, family.name || period.n,
    replace(family.expression, '{n}', period.n::text), replace(family.description, '{n}', period.n::text)
  from (select row_number() over () as position, rolling.* from rolling) as family
  cross join unnest(array[5, 10, 20, 30, 60]) as period (n)
)
select feature.define_set(
  'alpha158',
  'The 158 features of Alpha158, as in Microsoft qlib 0.9.7 (qlib/contrib/data/loader.py). Windows at the start of a series hold the bars that there are; '
    || 'deviations are those of the sample. The typical price (high + low + close) / 3 stands for the volume-weighted average, which bars do not have.',
  array(
    select row(definition.name, definition.expression, upper(definition.name) || ': ' || definition.description)::feature.definition
    from definition
    order by definition.position, definition.n
  ),
  '1d',
  false
);
