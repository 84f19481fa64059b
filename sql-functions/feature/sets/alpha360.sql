-- The 360 features of qlib's Alpha360, CLOSE59 to CLOSE0, then OPEN, HIGH, LOW, VWAP and VOLUME likewise; not active from the start.
-- NULL where there are not so many earlier bars.
with part (position, name, expression, divisor, description) as (
  values
    (1, 'close', 'close', 'close', 'close of {n} bars ago, relative to the latest close.'),
    (2, 'open', 'open', 'close', 'open of {n} bars ago, relative to the latest close.'),
    (3, 'high', 'high', 'close', 'high of {n} bars ago, relative to the latest close.'),
    (4, 'low', 'low', 'close', 'low of {n} bars ago, relative to the latest close.'),
    (5, 'vwap', '(high + low + close) / 3', 'close', 'typical price of {n} bars ago, in place of the volume-weighted one, relative to the latest close.'),
    (6, 'volume', 'volume', '(volume + 1e-12)', 'volume of {n} bars ago, relative to the latest volume.')
)
select feature.define_set(
  'alpha360',
  'The 360 features of Alpha360, as in Microsoft qlib 0.9.7 (qlib/contrib/data/loader.py): prices and volume of the last 60 bars, relative to '
    || 'the latest close and volume, oldest first. The typical price (high + low + close) / 3 stands for the volume-weighted average, which bars do not '
    || 'have.',
  array(
    select row(
      part.name || bar.n,
      format(case bar.n when 0 then '%1$s / %3$s' else 'ta.ref(%1$s, %2$s) / %3$s' end, part.expression, bar.n, part.divisor),
      upper(part.name) || bar.n || ': ' || replace(part.description, '{n}', bar.n::text)
    )::feature.definition
    from part
    cross join generate_series(59, 0, -1) as bar (n)
    order by part.position, bar.n desc
  ),
  '1d',
  false
);
