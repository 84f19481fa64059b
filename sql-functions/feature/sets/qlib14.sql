-- Fourteen features of qlib's Alpha158.
select feature.define_set(
  'qlib14',
  'Fourteen features of Alpha158, as in Microsoft qlib 0.9.7 (qlib/contrib/data/loader.py): candle, return, mean, deviation, range, correlation and volume. Windows at the start of a series hold the bars that there are.',
  array[
    ('kmid', '(close - open) / open', 'KMID: body of the candle, relative to the open.'),
    ('klen', '(high - low) / open', 'KLEN: length of the candle, relative to the open.'),
    ('roc5', 'ta.ref(close, 5) / close', 'ROC5: close of five bars ago, relative to the close.'),
    ('roc20', 'ta.ref(close, 20) / close', 'ROC20: close of twenty bars ago, relative to the close.'),
    ('ma5', 'ta.rolling_mean(close, 5) / close', 'MA5: mean close of five bars, relative to the close.'),
    ('ma20', 'ta.rolling_mean(close, 20) / close', 'MA20: mean close of twenty bars, relative to the close.'),
    ('std5', 'ta.rolling_std(close, 5) / close', 'STD5: standard deviation of the close over five bars, relative to the close.'),
    ('std20', 'ta.rolling_std(close, 20) / close', 'STD20: standard deviation of the close over twenty bars, relative to the close.'),
    ('max20', 'ta.rolling_max(high, 20) / close', 'MAX20: highest high of twenty bars, relative to the close.'),
    ('min20', 'ta.rolling_min(low, 20) / close', 'MIN20: lowest low of twenty bars, relative to the close.'),
    (
      'rsv20', '(close - ta.rolling_min(low, 20)) / (ta.rolling_max(high, 20) - ta.rolling_min(low, 20) + 1e-12)',
      'RSV20: place of the close between the lowest low (0) and the highest high (1) of twenty bars.'
    ),
    ('corr20', 'ta.rolling_corr(close, ln(volume + 1), 20)', 'CORR20: correlation of the close and the logarithm of the volume over twenty bars.'),
    ('vma20', 'ta.rolling_mean(volume, 20) / (volume + 1e-12)', 'VMA20: mean volume of twenty bars, relative to the volume.'),
    ('vstd20', 'ta.rolling_std(volume, 20) / (volume + 1e-12)', 'VSTD20: standard deviation of the volume over twenty bars, relative to the volume.')
  ]::feature.definition[]
);
