-- Defines a portfolio.
create or replace function portfolio.define_portfolio(
  p_name text,
  p_inception_date date,
  p_initial_cash numeric,
  p_base_currency text default 'USD'
) returns portfolio.portfolio
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_portfolio portfolio.portfolio;
begin
  if p_name is null or btrim(p_name) = '' or p_inception_date is null or not p_initial_cash >= 0 or p_initial_cash in ('NaN', 'infinity')
    or p_initial_cash is null or p_base_currency is null or p_base_currency !~ '^[A-Z]{3}$'
  then
    raise exception using
      errcode = 'MB001',
      message = 'a portfolio needs a name, an inception date, initial cash that is not negative and a currency of three capitals',
      hint = 'For example: select portfolio.define_portfolio(''demo'', ''2013-07-01'', 150000).';
  end if;

  insert into portfolio.portfolio (name, base_currency, initial_cash, inception_date)
  values (p_name, p_base_currency, p_initial_cash, p_inception_date)
  on conflict (name) do nothing;
  select * into strict v_portfolio from portfolio.portfolio where name = p_name;
  if (v_portfolio.base_currency, v_portfolio.initial_cash, v_portfolio.inception_date) is distinct from (p_base_currency, p_initial_cash, p_inception_date) then
    raise exception using
      errcode = 'MB008',
      message = format('portfolio %s is there already, with other terms', p_name),
      hint = 'Currency, initial cash and inception date of a portfolio do not change; define one with another name.';
  end if;
  return v_portfolio;
end
$$;

comment on function portfolio.define_portfolio(text, date, numeric, text) is
'Defines portfolio p_name with p_initial_cash in p_base_currency (ISO 4217) at p_inception_date; what is there already changes nothing.
MB001 bad argument, MB008 where it exists with other terms.';

revoke all on function portfolio.define_portfolio(text, date, numeric, text) from public;
grant execute on function portfolio.define_portfolio(text, date, numeric, text) to marketbase_worker;
