-- Value at risk of a portfolio at the close of its sessions, by historical simulation.
create or replace function risk.compute_var(
  p_run_id bigint,
  p_portfolio text,
  p_confidence double precision default 0.99,
  p_horizon_days integer default 1,
  p_window_days integer default 500,
  p_from date default null
) returns bigint
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_portfolio constant portfolio.portfolio := portfolio.find_portfolio(p_portfolio);
  v_needed integer;
  v_sessions bigint;
  v_most integer;
  v_count bigint;
begin
  if not coalesce(p_confidence > 0 and p_confidence < 1 and p_horizon_days between 1 and 250 and p_window_days between 2 and 10000, false) then
    raise exception using
      errcode = 'MB001',
      message = 'the confidence must lie between 0 and 1, the horizon between 1 and 250 sessions, the window between 2 and 10000 sessions',
      hint = 'For example: risk.compute_var(run, ''demo'', 0.99, 1, 500).';
  end if;
  v_needed := ceil(1 / (1 - p_confidence) - 1e-9);
  if p_window_days < v_needed then
    raise exception using
      errcode = 'MB007',
      message = format('a confidence of %s needs a window of %s returns at least, not %s', p_confidence, v_needed, p_window_days),
      hint = 'Use a longer window or a lower confidence.';
  end if;
  perform pg_advisory_xact_lock(hashtextextended('portfolio ' || p_portfolio, 0));

  with sample as (
    select
      value.session_date,
      value.net_asset_value,
      risk.simulated_profits(v_portfolio.portfolio_id, value.session_date, p_horizon_days, p_window_days) as profits
    from portfolio.valuations(v_portfolio.portfolio_id) as value
    where value.net_asset_value > 0 and value.session_date >= coalesce(p_from, '-infinity')
  ),
  calculated as (
    select
      session_date,
      cardinality(profits) as observation_count,
      risk.historical_var(profits, p_confidence) / net_asset_value::double precision as value_at_risk,
      risk.historical_es(profits, p_confidence) / net_asset_value::double precision as expected_shortfall,
      net_asset_value
    from sample
    where cardinality(profits) = p_window_days
  ),
  written as (
    insert into risk.var_calculation as stored (
      portfolio_id, session_date, method, confidence, horizon_days, window_days, observation_count, value_at_risk, expected_shortfall, portfolio_value, run_id
    )
    select
      v_portfolio.portfolio_id, session_date, 'historical', p_confidence, p_horizon_days, p_window_days, observation_count,
      value_at_risk, expected_shortfall, net_asset_value, p_run_id
    from calculated
    order by session_date
    on conflict (portfolio_id, session_date, method, confidence, horizon_days, window_days) do update
    set
      observation_count = excluded.observation_count, value_at_risk = excluded.value_at_risk, expected_shortfall = excluded.expected_shortfall,
      portfolio_value = excluded.portfolio_value, recorded_at = excluded.recorded_at, run_id = excluded.run_id
    where (stored.observation_count, stored.value_at_risk, stored.expected_shortfall, stored.portfolio_value)
      is distinct from (excluded.observation_count, excluded.value_at_risk, excluded.expected_shortfall, excluded.portfolio_value)
    returning 1
  )
  select
    (select count(*) from calculated),
    (select max(cardinality(profits)) from sample),
    (select count(*) from written)
  into v_sessions, v_most, v_count;

  if v_sessions = 0 then
    raise exception using
      errcode = 'MB007',
      message = format(
        'portfolio %s has no session with %s past returns of what it held; the most is %s', p_portfolio, p_window_days, coalesce(v_most, 0)
      ),
      hint = 'Compute its positions first, ingest more bars, or use a shorter window.';
  end if;
  return v_count;
end
$$;

comment on function risk.compute_var(bigint, text, double precision, integer, integer, date) is
'Writes value at risk and expected shortfall of portfolio p_portfolio, by historical simulation, for every session (from p_from on) at whose close it held
something and p_window_days past returns of all that it held were there, and returns how many were new or changed; 0 where all is as it was. The holdings of
that close are taken through the returns of the last p_window_days sessions (overlapping over p_horizon_days), made from portfolio.return_prices as now
known; losses are fractions of the net asset value, cash included. Conventions as risk.historical_var and risk.historical_es. MB001 bad argument, MB003
unknown portfolio, MB007 too few returns.';

revoke all on function risk.compute_var(bigint, text, double precision, integer, integer, date) from public;
grant execute on function risk.compute_var(bigint, text, double precision, integer, integer, date) to marketbase_worker;
