-- Values at risk beside the losses that followed, as series that can be tested.
create or replace function quality.var_series(p_sessions integer)
returns table (
  portfolio_id bigint,
  portfolio text,
  method text,
  confidence double precision,
  window_days integer,
  first_date date,
  last_date date,
  session_count bigint,
  exception_count bigint,
  expected_count double precision,
  exceptions boolean[]
)
language sql
stable
parallel safe
-- The planner knows nothing of values at risk that this transaction stored, and would compare each with each.
set enable_nestloop to off
begin atomic
  select
    tested.portfolio_id, book.name, tested.method, tested.confidence, tested.window_days,
    min(tested.session_date), max(tested.session_date), count(*), count(*) filter (where tested.is_exception), count(*) * (1 - tested.confidence),
    array_agg(tested.is_exception order by tested.session_date)
  from (
    select
      test.*,
      row_number() over (partition by test.portfolio_id, test.method, test.confidence, test.window_days order by test.session_date desc) as place,
      count(*) over (partition by test.portfolio_id, test.method, test.confidence, test.window_days) as total
    from risk.var_tests_as_of(0, '-infinity', 'infinity', 'infinity') as test
  ) as tested
  join portfolio.portfolio as book on book.portfolio_id = tested.portfolio_id
  -- A year at least, as the Basel Committee has it.
  where tested.total >= 250 and (p_sessions is null or tested.place <= p_sessions)
  group by tested.portfolio_id, book.name, tested.method, tested.confidence, tested.window_days;
end;

comment on function quality.var_series(integer) is
'Each series of one-day values at risk (portfolio, method, confidence, window) that was tested on 250 sessions at least, over the last p_sessions of them (NULL: all): their number, how many losses were greater than the value at risk of the close before (exceptions, one element per session in order), and how many are expected. See risk.var_tests_as_of.';

revoke all on function quality.var_series(integer) from public;
grant execute on function quality.var_series(integer) to marketbase_worker;
