-- Refuses a line of a file of trades that has a problem.
create or replace function portfolio.check_trade_line(p_line_no bigint, p_problem text) returns boolean
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  if p_problem is not null then
    raise exception using
      errcode = 'MB004',
      message = format('line %s of the trades: %s', p_line_no, p_problem),
      hint = 'Correct the file and land it again; nothing of it was recorded.';
  end if;
  return true;
end
$$;

comment on function portfolio.check_trade_line(bigint, text) is
'True where p_problem is NULL; otherwise MB004 with the number of the line and the problem.';

revoke all on function portfolio.check_trade_line(bigint, text) from public;
grant execute on function portfolio.check_trade_line(bigint, text) to marketbase_worker;
