-- The portfolio of a name.
create or replace function portfolio.find_portfolio(p_name text) returns portfolio.portfolio
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_portfolio portfolio.portfolio;
begin
  select * into v_portfolio from portfolio.portfolio where name = p_name;
  if not found then
    raise exception using
      errcode = 'MB003',
      message = format('there is no portfolio %s', coalesce(quote_literal(p_name), 'null')),
      hint = coalesce(
        'The portfolios are: ' || (select string_agg(name, ', ' order by name) from portfolio.portfolio) || '.',
        'Define one with portfolio.define_portfolio.'
      );
  end if;
  return v_portfolio;
end
$$;

comment on function portfolio.find_portfolio(text) is
'The row of portfolio.portfolio whose name is p_name. MB003 where there is none, with the known names in the hint.';

revoke all on function portfolio.find_portfolio(text) from public;
grant execute on function portfolio.find_portfolio(text) to marketbase_reader;
