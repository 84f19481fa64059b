-- What is wrong with the bars of a vendor, to be sent to it: rows that contradict themselves, days that were copied, prices that cannot be, missing sessions.
--
--   psql "$URL" -X -f db/reports/vendor_defects.sql                                        all instruments, all sessions
--   psql "$URL" -X -v symbol=FLR -f db/reports/vendor_defects.sql                          one instrument
--   psql "$URL" -X -v from=2014-01-01 -v to=2014-12-31 -f db/reports/vendor_defects.sql    the sessions of a year
\set ON_ERROR_STOP on
\set report 'vendor_defects'
\set title 'defects of bars, for their vendor'
\set takes 'as_of from to symbol lines'
\ir common/begin.sql
\echo '# Symbol:  ' :symbol_title
\echo '# Sessions:' :span_title
\ir common/lists.sql

\echo '# 1. Kinds of defect, the gravest first: critical rows contradict themselves and were refused, error means wrong,'
\echo '#    warning probably wrong; findings that somebody accepted are counted beside'
-- chart: bars of rows over defect
select
  defect.severity,
  defect.rule as defect,
  count(*) filter (where defect.state <> 'acknowledged') as rows,
  count(*) filter (where defect.state = 'acknowledged') as accepted,
  count(distinct defect.instrument_id) as symbols,
  count(distinct defect.session_date) as days,
  min(defect.session_date) as first_day,
  max(defect.session_date) as last_day
from quality.bar_defects(:instrument_id, :'from_date', :'to_date', :'as_of') as defect
group by defect.severity, defect.rule
order by array_position(array['critical', 'error', 'warning', 'info'], defect.severity), count(*) desc, defect.rule
limit :lines;

\echo '# 2. What they mean'
select
  case when line.no = 1 then known.rule end as defect,
  line.text as meaning
from (
  select distinct on (rule.rule) rule.rule, rule.severity, quality.report_text(rule.description, 1000) as description
  from quality.bar_defects(:instrument_id, :'from_date', :'to_date', :'as_of') as defect
  join quality.validation_rule as rule on rule.rule = defect.rule and rule.version = defect.rule_version
  order by rule.rule, rule.in_force_from desc, rule.version
) as known
cross join lateral (
  select btrim(piece.words[1]) as text, row_number() over () as no
  from regexp_matches(known.description, '.{1,80}(?:\s+|$)', 'g') as piece (words)
) as line
order by array_position(array['critical', 'error', 'warning', 'info'], known.severity), known.rule, line.no
limit 3 * :lines;

\echo '# 3. The same defect in five symbols or more on one day: a fault of the feed rather than of a row'
-- chart: bars of symbols over day
select
  common.severity,
  common.rule as defect,
  common.session_date as day,
  common.symbols,
  round(100.0 * common.symbols / nullif((
    select count(*) from quality.session_presence(0, common.session_date, common.session_date, :'as_of') as day where day.is_present
  ), 0), 1) as pct_of_bars,
  quality.report_text(array_to_string(common.names[1:7], ' ') || case when common.symbols > 7 then ' …' else '' end, 44) as examples
from (
  select
    defect.severity, defect.rule, defect.session_date,
    count(distinct defect.instrument_id) as symbols, array_agg(distinct defect.symbol order by defect.symbol) as names
  from quality.bar_defects(:instrument_id, :'from_date', :'to_date', :'as_of') as defect
  where defect.state <> 'acknowledged'
  group by defect.severity, defect.rule, defect.session_date
  having count(distinct defect.instrument_id) >= 5
) as common
order by array_position(array['critical', 'error', 'warning', 'info'], common.severity), common.symbols desc, common.rule, common.session_date
limit :lines;

\echo '# 4. Rows that contradict themselves or lack a value, and were refused'
select
  refused.symbol,
  refused.session_date as day,
  refused.row_no as row,
  quality.report_text(refused.source, 24) as source,
  quality.report_text(string_agg(refused.message, ' ' order by refused.rule), 64) as what_is_wrong
from quality.bar_defects(:instrument_id, :'from_date', :'to_date', :'as_of') as refused
where refused.severity = 'critical' and refused.row_no is not null and refused.state <> 'acknowledged'
group by refused.symbol, refused.session_date, refused.row_no, refused.source
order by refused.symbol, refused.session_date, refused.source, refused.row_no
limit :lines;

\echo '# 5. Rows that are wrong or probably wrong, but for those of 3 and 4, the gravest first'
with defect as materialized (
  select
    found.*,
    array_position(array['critical', 'error', 'warning', 'info'], found.severity) as rank,
    -- Another rule says more of the same row.
    found.rule = 'price_return_outlier' as is_general,
    dense_rank() over (partition by found.rule, found.session_date order by found.instrument_id)
      + dense_rank() over (partition by found.rule, found.session_date order by found.instrument_id desc) - 1 as symbols
  from quality.bar_defects(:instrument_id, :'from_date', :'to_date', :'as_of') as found
  where found.row_no is null and found.rule <> 'price_no_gap' and found.state <> 'acknowledged'
)
select
  (array_agg(defect.severity order by defect.rank, defect.is_general, defect.rule))[1] as severity,
  defect.symbol,
  defect.session_date as day,
  quality.report_text((array_agg(replace(defect.rule, 'price_', '') order by defect.rank, defect.is_general, defect.rule))[1], 17) as defect,
  quality.report_text((array_agg(defect.message order by defect.rank, defect.is_general, defect.rule))[1], 62) as what_is_wrong
from defect
where defect.symbols < 5
group by defect.instrument_id, defect.symbol, defect.session_date
order by min(defect.rank), count(*) desc, defect.symbol, defect.session_date, defect.instrument_id
limit :lines;

\echo '# 6. Sessions without any row, the longest gaps first'
with missing as (
  select distinct defect.instrument_id, defect.symbol, defect.session_date
  from quality.bar_defects(:instrument_id, :'from_date', :'to_date', :'as_of') as defect
  where defect.rule = 'price_no_gap' and defect.state <> 'acknowledged'
),
placed as (
  select
    missing.*,
    -- Between two missing sessions of one gap there is no bar.
    (
      select count(*)
      from market.price_data as price
      where price.instrument_id = missing.instrument_id and price.bar_interval = '1d' and price.ts < missing.session_date::timestamp at time zone 'UTC'
    ) as bars_before
  from missing
)
select
  placed.symbol,
  min(placed.session_date) as first_missing,
  max(placed.session_date) as last_missing,
  count(*) as sessions
from placed
group by placed.instrument_id, placed.symbol, placed.bars_before
order by count(*) desc, placed.symbol, min(placed.session_date), placed.instrument_id
limit :lines;

\ir common/end.sql
