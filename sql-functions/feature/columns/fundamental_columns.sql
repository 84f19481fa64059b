-- What was known of the figures of a company when each of its bars closed: the columns that expressions over fundamentals use.
create or replace function feature.fundamental_columns(
  p_instrument_ids bigint[],
  p_bar_interval text default '1d',
  p_from_ts timestamptz[] default null,
  p_to_ts timestamptz[] default null,
  p_concepts text[] default null
) returns table (
  instrument_id bigint,
  ts timestamptz,
  revenue_quarter double precision,
  revenue_annual double precision,
  revenue_ttm double precision,
  revenue_ttm_year_ago double precision,
  gross_profit_quarter double precision,
  gross_profit_annual double precision,
  gross_profit_ttm double precision,
  gross_profit_ttm_year_ago double precision,
  operating_income_quarter double precision,
  operating_income_annual double precision,
  operating_income_ttm double precision,
  operating_income_ttm_year_ago double precision,
  net_income_quarter double precision,
  net_income_annual double precision,
  net_income_ttm double precision,
  net_income_ttm_year_ago double precision,
  eps_diluted_quarter double precision,
  eps_diluted_annual double precision,
  eps_diluted_ttm double precision,
  eps_diluted_ttm_year_ago double precision,
  operating_cash_flow_quarter double precision,
  operating_cash_flow_annual double precision,
  operating_cash_flow_ttm double precision,
  operating_cash_flow_ttm_year_ago double precision,
  capital_expenditure_quarter double precision,
  capital_expenditure_annual double precision,
  capital_expenditure_ttm double precision,
  capital_expenditure_ttm_year_ago double precision,
  total_assets double precision,
  total_assets_year_ago double precision,
  current_assets double precision,
  current_assets_year_ago double precision,
  total_liabilities double precision,
  total_liabilities_year_ago double precision,
  current_liabilities double precision,
  current_liabilities_year_ago double precision,
  equity double precision,
  equity_year_ago double precision,
  cash double precision,
  cash_year_ago double precision,
  long_term_debt double precision,
  long_term_debt_year_ago double precision,
  shares_outstanding double precision,
  shares_outstanding_year_ago double precision,
  raw_close double precision,
  market_cap double precision,
  days_since_period_end double precision,
  days_since_filing double precision
)
language sql stable parallel safe
rows 10000
begin atomic
  with closed as materialized (
    select bar.* from feature.closing_bars(p_instrument_ids, p_bar_interval, p_from_ts, p_to_ts) as bar
  ), figure as materialized (
    select figure.*, dense_rank() over (partition by figure.instrument_id order by figure.known_from)::integer as position
    from market.known_fundamental(
      p_instrument_ids, p_concepts,
      (select coalesce(min(closed.closes_at), 'infinity') from closed),
      (select max(closed.closes_at) from closed)
    ) as figure
  ),
  -- Each moment at which a figure changed, with all that was known then: a figure counts until its next change.
  spell as (
    select
      figure.*,
      coalesce(
        lead(figure.position) over (partition by figure.instrument_id, figure.concept order by figure.position),
        max(figure.position) over (partition by figure.instrument_id) + 1
      ) as next_position
    from figure
  ), known as (
    select
      figure.instrument_id, moment.position,
      max(figure.value_latest) filter (where figure.concept = 'revenue') as revenue_quarter,
      max(figure.value_annual) filter (where figure.concept = 'revenue') as revenue_annual,
      max(figure.value_ttm) filter (where figure.concept = 'revenue') as revenue_ttm,
      max(figure.value_year_ago) filter (where figure.concept = 'revenue') as revenue_ttm_year_ago,
      max(figure.value_latest) filter (where figure.concept = 'gross_profit') as gross_profit_quarter,
      max(figure.value_annual) filter (where figure.concept = 'gross_profit') as gross_profit_annual,
      max(figure.value_ttm) filter (where figure.concept = 'gross_profit') as gross_profit_ttm,
      max(figure.value_year_ago) filter (where figure.concept = 'gross_profit') as gross_profit_ttm_year_ago,
      max(figure.value_latest) filter (where figure.concept = 'operating_income') as operating_income_quarter,
      max(figure.value_annual) filter (where figure.concept = 'operating_income') as operating_income_annual,
      max(figure.value_ttm) filter (where figure.concept = 'operating_income') as operating_income_ttm,
      max(figure.value_year_ago) filter (where figure.concept = 'operating_income') as operating_income_ttm_year_ago,
      max(figure.value_latest) filter (where figure.concept = 'net_income') as net_income_quarter,
      max(figure.value_annual) filter (where figure.concept = 'net_income') as net_income_annual,
      max(figure.value_ttm) filter (where figure.concept = 'net_income') as net_income_ttm,
      max(figure.value_year_ago) filter (where figure.concept = 'net_income') as net_income_ttm_year_ago,
      max(figure.value_latest) filter (where figure.concept = 'eps_diluted') as eps_diluted_quarter,
      max(figure.value_annual) filter (where figure.concept = 'eps_diluted') as eps_diluted_annual,
      max(figure.value_ttm) filter (where figure.concept = 'eps_diluted') as eps_diluted_ttm,
      max(figure.value_year_ago) filter (where figure.concept = 'eps_diluted') as eps_diluted_ttm_year_ago,
      max(figure.value_latest) filter (where figure.concept = 'operating_cash_flow') as operating_cash_flow_quarter,
      max(figure.value_annual) filter (where figure.concept = 'operating_cash_flow') as operating_cash_flow_annual,
      max(figure.value_ttm) filter (where figure.concept = 'operating_cash_flow') as operating_cash_flow_ttm,
      max(figure.value_year_ago) filter (where figure.concept = 'operating_cash_flow') as operating_cash_flow_ttm_year_ago,
      max(figure.value_latest) filter (where figure.concept = 'capital_expenditure') as capital_expenditure_quarter,
      max(figure.value_annual) filter (where figure.concept = 'capital_expenditure') as capital_expenditure_annual,
      max(figure.value_ttm) filter (where figure.concept = 'capital_expenditure') as capital_expenditure_ttm,
      max(figure.value_year_ago) filter (where figure.concept = 'capital_expenditure') as capital_expenditure_ttm_year_ago,
      max(figure.value_latest) filter (where figure.concept = 'total_assets') as total_assets,
      max(figure.value_year_ago) filter (where figure.concept = 'total_assets') as total_assets_year_ago,
      max(figure.value_latest) filter (where figure.concept = 'current_assets') as current_assets,
      max(figure.value_year_ago) filter (where figure.concept = 'current_assets') as current_assets_year_ago,
      max(figure.value_latest) filter (where figure.concept = 'total_liabilities') as total_liabilities,
      max(figure.value_year_ago) filter (where figure.concept = 'total_liabilities') as total_liabilities_year_ago,
      max(figure.value_latest) filter (where figure.concept = 'current_liabilities') as current_liabilities,
      max(figure.value_year_ago) filter (where figure.concept = 'current_liabilities') as current_liabilities_year_ago,
      max(figure.value_latest) filter (where figure.concept = 'equity') as equity,
      max(figure.value_year_ago) filter (where figure.concept = 'equity') as equity_year_ago,
      max(figure.value_latest) filter (where figure.concept = 'cash') as cash,
      max(figure.value_year_ago) filter (where figure.concept = 'cash') as cash_year_ago,
      max(figure.value_latest) filter (where figure.concept = 'long_term_debt') as long_term_debt,
      max(figure.value_year_ago) filter (where figure.concept = 'long_term_debt') as long_term_debt_year_ago,
      max(figure.value_latest) filter (where figure.concept = 'shares_outstanding') as shares_outstanding,
      max(figure.value_year_ago) filter (where figure.concept = 'shares_outstanding') as shares_outstanding_year_ago,
      max(figure.period_end) filter (where figure.concept <> 'shares_outstanding') as period_end,
      max(figure.filed) as filed
    from spell as figure
    cross join lateral generate_series(figure.position, figure.next_position - 1) as moment (position)
    group by figure.instrument_id, moment.position
  ), series as (
    select instrument_id, array_agg(distinct known_from order by known_from) as known_from from figure group by instrument_id
  ),
  -- How many shares of the beginning one has become by each split, so that the close can be counted in the shares of its day.
  split as materialized (
    select
      action.instrument_id,
      array_agg(action.ex_date order by action.ex_date) as ex_date,
      1 || array_agg(action.shares order by action.ex_date) as shares
    from (
      select instrument_id, ex_date, market.product(amount::double precision) over (partition by instrument_id order by ex_date) as shares
      from market.corporate_action
      where action_type = 'split' and instrument_id = any (p_instrument_ids)
    ) as action
    group by action.instrument_id
  ), bar as materialized (
    select
      closed.instrument_id, closed.ts, closed.session_date,
      width_bucket(closed.closes_at, series.known_from) as position,
      closed.close * coalesce(
        split.shares[width_bucket(closed.split_basis, split.ex_date) + 1] / split.shares[width_bucket(closed.session_date, split.ex_date) + 1], 1
      ) as close
    from closed
    left join series using (instrument_id)
    left join split using (instrument_id)
  )
  select
    bar.instrument_id, bar.ts,
    known.revenue_quarter, known.revenue_annual, known.revenue_ttm, known.revenue_ttm_year_ago,
    known.gross_profit_quarter, known.gross_profit_annual, known.gross_profit_ttm, known.gross_profit_ttm_year_ago,
    known.operating_income_quarter, known.operating_income_annual, known.operating_income_ttm, known.operating_income_ttm_year_ago,
    known.net_income_quarter, known.net_income_annual, known.net_income_ttm, known.net_income_ttm_year_ago,
    known.eps_diluted_quarter, known.eps_diluted_annual, known.eps_diluted_ttm, known.eps_diluted_ttm_year_ago,
    known.operating_cash_flow_quarter, known.operating_cash_flow_annual, known.operating_cash_flow_ttm, known.operating_cash_flow_ttm_year_ago,
    known.capital_expenditure_quarter, known.capital_expenditure_annual, known.capital_expenditure_ttm, known.capital_expenditure_ttm_year_ago,
    known.total_assets, known.total_assets_year_ago, known.current_assets, known.current_assets_year_ago,
    known.total_liabilities, known.total_liabilities_year_ago, known.current_liabilities, known.current_liabilities_year_ago,
    known.equity, known.equity_year_ago, known.cash, known.cash_year_ago,
    known.long_term_debt, known.long_term_debt_year_ago, known.shares_outstanding, known.shares_outstanding_year_ago,
    bar.close, bar.close * known.shares_outstanding,
    bar.session_date - known.period_end, bar.session_date - known.filed
  from bar
  left join known using (instrument_id, position);
end;

comment on function feature.fundamental_columns(bigint[], text, timestamptz[], timestamptz[], text[]) is
'One row for each bar of length p_bar_interval of p_instrument_ids: the figures of the company that could be known when the bar closed, by market.known_fundamental. Nothing filed later is in it.
p_from_ts, p_to_ts: first and last bar of each instrument, as long as p_instrument_ids (NULL, or a NULL element: no limit). p_concepts: concepts to look up (NULL: all); columns of others are NULL.
Of flows: _quarter, _annual (last fiscal year), _ttm (twelve months) and _ttm_year_ago (the twelve months before). Of balances: the latest and that of a year before. Amounts in USD.
shares_outstanding and eps_diluted count in the shares of the day of the bar; raw_close is the close as it was quoted that day, in the same shares, also where the provider adjusts its prices for later splits
(ingest.provider.splits_adjusted_to); market_cap is raw_close times shares_outstanding. Both need the splits in market.corporate_action. days_since_period_end and days_since_filing say how old the figures are. NULL where nothing was known.';

revoke all on function feature.fundamental_columns(bigint[], text, timestamptz[], timestamptz[], text[]) from public;
grant execute on function feature.fundamental_columns(bigint[], text, timestamptz[], timestamptz[], text[]) to marketbase_analyst;
