-- Optimises weights over a window of returns and stores them.
create or replace function portfolio.optimize(
  p_run_id bigint,
  p_method text,
  p_symbols text[],
  p_from date,
  p_to date,
  p_parameters jsonb default '{}'
) returns portfolio.portfolio_optimization
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_ids bigint[];
  v_count integer;
  v_problem text;
  v_from date;
  v_to date;
  v_observations integer;
  v_covariance double precision[];
  v_lower double precision[];
  v_upper double precision[];
  v_weights double precision[];
  v_variance double precision;
  v_result portfolio.portfolio_optimization;
begin
  v_ids := market.instrument_ids(p_symbols);
  v_count := coalesce(cardinality(v_ids), 0);
  if p_method is null or p_method not in ('equal_weight', 'min_variance') then
    v_problem := format('the method %s is not known; equal_weight and min_variance are', coalesce(quote_literal(p_method), 'null'));
  elsif v_count = 0 then
    v_problem := 'there are no instruments to weigh';
  elsif v_count > (select count(distinct id) from unnest(v_ids) as id) then
    v_problem := 'an instrument was given twice';
  elsif p_from is null or p_to is null or p_from > p_to then
    v_problem := format('the window from %s to %s is empty', p_from, p_to);
  elsif jsonb_typeof(p_parameters) is distinct from 'object' then
    v_problem := 'the parameters must be a JSON object';
  elsif p_method = 'equal_weight' and p_parameters <> '{}' then
    v_problem := 'equal_weight takes no parameters';
  elsif exists (
    select from jsonb_each(p_parameters) as given (name, value)
    where name not in ('min_weight', 'max_weight') or jsonb_typeof(value) <> 'number'
  ) then
    v_problem := 'the parameters of min_variance are the numbers min_weight and max_weight';
  end if;
  if v_problem is not null then
    raise exception using errcode = 'MB001', message = v_problem, hint = 'See the comment of portfolio.optimize.';
  end if;

  -- Returns between the sessions on which every instrument has a price.
  with price as (
    select instrument_id, session_date, price from portfolio.return_prices(v_ids, p_from, p_to)
  ),
  common as (
    select session_date from price group by session_date having count(*) = v_count
  ),
  period as (
    select
      price.instrument_id,
      price.session_date,
      price.price / lag(price.price) over (partition by price.instrument_id order by price.session_date) - 1 as return
    from price
    join common on common.session_date = price.session_date
  ),
  pair as (
    select a.position as row_position, b.position as column_position, covar_samp(x.return, y.return) as covariance
    from unnest(v_ids) with ordinality as a (instrument_id, position)
    cross join unnest(v_ids) with ordinality as b (instrument_id, position)
    join period x on x.instrument_id = a.instrument_id
    join period y on y.instrument_id = b.instrument_id and y.session_date = x.session_date
    group by a.position, b.position
  ),
  covariance_row as (
    select row_position, array_agg(covariance order by column_position) as row_values from pair group by row_position
  )
  select
    (select min(session_date) from common),
    (select max(session_date) from common),
    (select count(*) - 1 from common),
    (select array_agg(row_values order by row_position) from covariance_row)
  into v_from, v_to, v_observations, v_covariance;

  if v_observations < v_count + 1 then
    raise exception using
      errcode = 'MB007',
      message = format(
        'weights of %s instruments need %s common daily returns at least; there are %s from %s to %s',
        v_count, v_count + 1, greatest(v_observations, 0), p_from, p_to
      ),
      hint = 'Ingest more bars or choose a longer window.';
  end if;

  if p_method = 'equal_weight' then
    v_weights := array_fill(1.0::double precision / v_count, array[v_count]);
  else
    v_lower := array_fill(coalesce((p_parameters -> 'min_weight')::double precision, 0), array[v_count]);
    v_upper := array_fill(coalesce((p_parameters -> 'max_weight')::double precision, 1), array[v_count]);
    v_weights := portfolio.min_variance_weights(v_covariance, v_lower, v_upper);
  end if;

  v_variance := 0;
  for i in 1 .. v_count loop
    for j in 1 .. v_count loop
      v_variance := v_variance + v_weights[i] * v_covariance[i][j] * v_weights[j];
    end loop;
  end loop;

  -- What was found before from the same window is not stored again.
  perform pg_advisory_xact_lock(hashtextextended('portfolio.optimize', 0));
  select * into v_result
  from portfolio.portfolio_optimization
  where method = p_method
    and instrument_ids = v_ids
    and weights = v_weights
    and expected_volatility = sqrt(v_variance * 252)
    and (from_date, to_date, observation_count) = (v_from, v_to, v_observations)
    and parameters = p_parameters
  limit 1;
  if not found then
    insert into portfolio.portfolio_optimization (
      method, instrument_ids, weights, expected_volatility, from_date, to_date, observation_count, parameters, run_id
    )
    values (p_method, v_ids, v_weights, sqrt(v_variance * 252), v_from, v_to, v_observations, p_parameters, p_run_id)
    returning * into v_result;
  end if;
  return v_result;
end
$$;

comment on function portfolio.optimize(bigint, text, text[], date, date, jsonb) is
'Weights for p_symbols (NULL: all instruments) from their daily returns between the common sessions from p_from to p_to, as now known, by p_method:
equal_weight (1/n each) or min_variance (long only, fully invested, least sample variance; parameters min_weight, default 0, and max_weight, default 1, hold
for each instrument). Prices as portfolio.return_prices. Stored in portfolio.portfolio_optimization with the sessions that were there; what was found before
is returned, not stored again. MB001 bad argument, MB002 unknown symbol, MB007 fewer returns than instruments + 1, MB009 infeasible bounds or singular
covariance.';

revoke all on function portfolio.optimize(bigint, text, text[], date, date, jsonb) from public;
grant execute on function portfolio.optimize(bigint, text, text[], date, date, jsonb) to marketbase_worker;
