-- Value at risk against what happened: Kupiec, Christoffersen and the traffic light, by portfolio and method.
--
--   psql "$URL" -X -f db/reports/var_backtests.sql                                       all portfolios, all sessions
--   psql "$URL" -X -v portfolio=demo -v from=2017-01-01 -f db/reports/var_backtests.sql  one portfolio, from a session on
\set ON_ERROR_STOP on
\set report 'var_backtests'
\set title 'backtests of value at risk'
\set takes 'as_of from to portfolio lines'
\ir common/begin.sql
select coalesce((portfolio.find_portfolio(nullif(:'portfolio', ''))).portfolio_id, 0) as portfolio_id where :'portfolio' <> ''
union all
select 0 where :'portfolio' = '' \gset
\echo '# Sessions:' :span_title
\ir common/lists.sql
\echo '# An exception is a session whose loss was greater than the value at risk of the close before. The loss is that of the'
\echo '# portfolio as it was traded, as a fraction of its value. Horizons of more than one session are not tested.'
\echo '# lr: likelihood ratio; p below 0.05 rejects the model. Zones after the Basel Committee (1996): so many exceptions or'
\echo '# fewer had a probability of 95 % (yellow) or 99.99 % (red) if the model were right.'
\echo '#'

\echo '# 1. Coverage (Kupiec): as many exceptions as there should be?'
-- chart: bars of expected, exceptions over model by portfolio
select
  book.name as portfolio,
  format('%s %s, %s days', tested.method, tested.confidence, tested.window_days) as model,
  count(*) as sessions,
  min(tested.session_date) as first,
  max(tested.session_date) as last,
  round((count(*) * (1 - tested.confidence))::numeric, 1) as expected,
  count(*) filter (where tested.is_exception) as exceptions,
  round(risk.kupiec(count(*) filter (where tested.is_exception), count(*), tested.confidence)::numeric, 3) as lr,
  round(feature.chi_square_tail(risk.kupiec(count(*) filter (where tested.is_exception), count(*), tested.confidence), 1)::numeric, 4) as p
from risk.var_tests_as_of(:portfolio_id, :'from_date', :'to_date', :'as_of') as tested
join portfolio.portfolio as book on book.portfolio_id = tested.portfolio_id
group by book.name, tested.method, tested.confidence, tested.window_days
order by book.name, tested.method, tested.confidence, tested.window_days
limit :lines;

\echo '# 2. Independence and conditional coverage (Christoffersen): do exceptions come one after the other?'
select
  sample.portfolio,
  format('%s %s, %s days', sample.method, sample.confidence, sample.window_days) as model,
  sample.in_a_row,
  round(sample.independence::numeric, 3) as lr_ind,
  round(feature.chi_square_tail(sample.independence, 1)::numeric, 4) as p_ind,
  round((sample.independence + sample.coverage)::numeric, 3) as lr_cc,
  round(feature.chi_square_tail(sample.independence + sample.coverage, 2)::numeric, 4) as p_cc
from (
  select
    book.name as portfolio,
    tested.method,
    tested.confidence,
    tested.window_days,
    count(*) filter (where tested.is_exception and tested.follows_exception) as in_a_row,
    risk.christoffersen(array_agg(tested.is_exception order by tested.session_date)) as independence,
    risk.kupiec(count(*) filter (where tested.is_exception), count(*), tested.confidence) as coverage
  from risk.var_tests_as_of(:portfolio_id, :'from_date', :'to_date', :'as_of') as tested
  join portfolio.portfolio as book on book.portfolio_id = tested.portfolio_id
  group by book.name, tested.method, tested.confidence, tested.window_days
) as sample
order by sample.portfolio, sample.method, sample.confidence, sample.window_days
limit :lines;

\echo '# 3. Traffic light: the last 250 sessions'
select
  book.name as portfolio,
  format('%s %s, %s days', tested.method, tested.confidence, tested.window_days) as model,
  count(*) as sessions,
  min(tested.session_date) as first,
  max(tested.session_date) as last,
  count(*) filter (where tested.is_exception) as exceptions,
  risk.traffic_light(count(*) filter (where tested.is_exception), count(*), tested.confidence) as zone
from (
  select
    test.*,
    row_number() over (partition by test.portfolio_id, test.method, test.confidence, test.window_days order by test.session_date desc) as place
  from risk.var_tests_as_of(:portfolio_id, :'from_date', :'to_date', :'as_of') as test
) as tested
join portfolio.portfolio as book on book.portfolio_id = tested.portfolio_id
where tested.place <= 250
group by book.name, tested.method, tested.confidence, tested.window_days
order by book.name, tested.method, tested.confidence, tested.window_days
limit :lines;

\echo '# 4. By year, newest first'
-- chart: bars of expected, exceptions over year by portfolio, model
select
  book.name as portfolio,
  format('%s %s, %s days', tested.method, tested.confidence, tested.window_days) as model,
  extract(year from tested.session_date)::integer as year,
  count(*) as sessions,
  round((count(*) * (1 - tested.confidence))::numeric, 1) as expected,
  count(*) filter (where tested.is_exception) as exceptions,
  risk.traffic_light(count(*) filter (where tested.is_exception), count(*), tested.confidence) as zone,
  round((100 * max(tested.loss))::numeric, 3) as worst_loss_pct
from risk.var_tests_as_of(:portfolio_id, :'from_date', :'to_date', :'as_of') as tested
join portfolio.portfolio as book on book.portfolio_id = tested.portfolio_id
group by book.name, tested.method, tested.confidence, tested.window_days, extract(year from tested.session_date)
order by book.name, tested.method, tested.confidence, tested.window_days, 3 desc
limit :lines;

\echo '# 5. The exceptions, newest first'
select
  book.name as portfolio,
  format('%s %s, %s days', tested.method, tested.confidence, tested.window_days) as model,
  tested.session_date as session,
  round((100 * tested.value_at_risk)::numeric, 3) as var_pct,
  round((100 * tested.expected_shortfall)::numeric, 3) as shortfall_pct,
  round((100 * tested.loss)::numeric, 3) as loss_pct,
  round((tested.loss / nullif(tested.value_at_risk, 0))::numeric, 2) as times_var,
  case when tested.follows_exception then 'yes' else 'no' end as in_a_row
from risk.var_tests_as_of(:portfolio_id, :'from_date', :'to_date', :'as_of') as tested
join portfolio.portfolio as book on book.portfolio_id = tested.portfolio_id
where tested.is_exception
order by tested.session_date desc, book.name, tested.method, tested.confidence, tested.window_days
limit :lines;

\echo '# 6. The last sessions: loss and value at risk'
-- chart: lines of loss_pct, var_pct over session by portfolio, model
select
  book.name as portfolio,
  format('%s %s, %s days', tested.method, tested.confidence, tested.window_days) as model,
  tested.session_date as session,
  round((100 * tested.loss)::numeric, 3) as loss_pct,
  round((100 * tested.value_at_risk)::numeric, 3) as var_pct,
  case when tested.is_exception then 'exception' end as verdict
from risk.var_tests_as_of(:portfolio_id, :'from_date', :'to_date', :'as_of') as tested
join portfolio.portfolio as book on book.portfolio_id = tested.portfolio_id
order by tested.session_date desc, book.name, tested.method, tested.confidence, tested.window_days
limit :lines;

\echo '# 7. Values at risk that are not tested: of longer horizons, or whose next session has no return yet'
select
  book.name as portfolio,
  calculation.method,
  calculation.confidence,
  calculation.horizon_days as horizon,
  calculation.window_days as window,
  count(*) as sessions,
  min(calculation.session_date) as first_session,
  max(calculation.session_date) as last_session
from risk.var_calculations_as_of(:'as_of') as calculation
join portfolio.portfolio as book on book.portfolio_id = calculation.portfolio_id
where :portfolio_id in (0, calculation.portfolio_id) and calculation.session_date between :'from_date'::date and :'to_date'::date
  and calculation.var_calculation_id not in (
    select tested.var_calculation_id from risk.var_tests_as_of(:portfolio_id, :'from_date', :'to_date', :'as_of') as tested
  )
group by book.name, calculation.method, calculation.confidence, calculation.horizon_days, calculation.window_days
order by book.name, calculation.method, calculation.confidence, calculation.horizon_days, calculation.window_days
limit :lines;

\ir common/end.sql
