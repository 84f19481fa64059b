-- Common indicators of technical analysis.
select feature.define_set(
  'technical',
  'Common indicators of technical analysis with their usual periods, by the conventions of TA-Lib; null during warm-up. Prices are not adjusted unless those of the provider are.',
  array[
    ('sma_20', 'ta.sma(close, 20)', 'Simple moving average of the close over 20 bars.'),
    ('sma_50', 'ta.sma(close, 50)', 'Simple moving average of the close over 50 bars.'),
    ('sma_200', 'ta.sma(close, 200)', 'Simple moving average of the close over 200 bars.'),
    ('ema_12', 'ta.ema(close, 12)', 'Exponential moving average of the close, period 12.'),
    ('ema_26', 'ta.ema(close, 26)', 'Exponential moving average of the close, period 26.'),
    ('macd', 'ta.macd(close, 12, 26, 9)', 'MACD line: fast less slow exponential moving average (12, 26).'),
    ('macd_signal', 'ta.macd_signal(close, 12, 26, 9)', 'Signal of the MACD: its exponential moving average over 9 bars.'),
    ('macd_hist', 'ta.macd_hist(close, 12, 26, 9)', 'Histogram of the MACD: line less signal.'),
    ('rsi_14', 'ta.rsi(close, 14)', 'Relative strength index of Wilder over 14 bars, 0 to 100.'),
    ('roc_10', 'ta.roc(close, 10)', 'Rate of change of the close over 10 bars, in percent.'),
    ('stoch_k', 'ta.stoch_k(high, low, close, 14, 3, 3)', 'Slow stochastic %K over 14 bars, smoothed over 3, 0 to 100.'),
    ('stoch_d', 'ta.stoch_d(high, low, close, 14, 3, 3)', 'Slow stochastic %D: mean of %K over 3 bars, 0 to 100.'),
    ('willr_14', 'ta.willr(high, low, close, 14)', 'Williams %R over 14 bars, -100 to 0.'),
    ('cci_20', 'ta.cci(high, low, close, 20)', 'Commodity channel index of Lambert over 20 bars.'),
    ('adx_14', 'ta.adx(high, low, close, 14)', 'Average directional movement index of Wilder over 14 bars, 0 to 100.'),
    ('plus_di_14', 'ta.plus_di(high, low, close, 14)', 'Positive directional indicator over 14 bars.'),
    ('minus_di_14', 'ta.minus_di(high, low, close, 14)', 'Negative directional indicator over 14 bars.'),
    ('atr_14', 'ta.atr(high, low, close, 14)', 'Average true range of Wilder over 14 bars, in price.'),
    ('natr_14', 'ta.natr(high, low, close, 14)', 'Average true range over 14 bars in percent of the close.'),
    ('bb_upper', 'ta.bbands_upper(close, 20, 2)', 'Upper Bollinger band: mean of 20 bars plus two standard deviations.'),
    ('bb_middle', 'ta.bbands_middle(close, 20)', 'Middle Bollinger band: mean of 20 bars.'),
    ('bb_lower', 'ta.bbands_lower(close, 20, 2)', 'Lower Bollinger band: mean of 20 bars less two standard deviations.'),
    (
      'bb_percent_b', '(close - ta.bbands_lower(close, 20, 2)) / (ta.bbands_upper(close, 20, 2) - ta.bbands_lower(close, 20, 2))',
      '%b of Bollinger: place of the close between the lower (0) and the upper (1) band.'
    ),
    (
      'bb_bandwidth', '(ta.bbands_upper(close, 20, 2) - ta.bbands_lower(close, 20, 2)) / ta.bbands_middle(close, 20)',
      'Bandwidth of Bollinger: distance of the bands relative to the middle one.'
    ),
    ('obv', 'ta.obv(close, volume)', 'On-balance volume since the first bar.'),
    ('mfi_14', 'ta.mfi(high, low, close, volume, 14)', 'Money flow index over 14 bars, 0 to 100.')
  ]::feature.definition[]
);
