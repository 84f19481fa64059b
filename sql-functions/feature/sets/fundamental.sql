-- Ratios of the figures of a company, on what had been filed by then.
select feature.define_set(
  'fundamental',
  'Ratios of the figures that a company had filed when the bar closed, restated or not: twelve months up to the latest quarter, latest balances, market capitalisation from the close as quoted and the shares outstanding. Null where a figure is not known.',
  array[
    ('market_cap', 'market_cap', 'Close as quoted times shares outstanding, in USD.'),
    ('enterprise_value', 'market_cap + coalesce(long_term_debt, 0) - cash', 'Market capitalisation plus long-term debt less cash and equivalents, in USD; no debt where none is reported.'),
    ('pe', 'case when net_income_ttm > 0 then market_cap / net_income_ttm end', 'Price to earnings: market capitalisation to net income of twelve months; null for losses.'),
    ('earnings_yield', 'net_income_ttm / market_cap', 'Net income of twelve months to market capitalisation; negative for losses.'),
    ('pb', 'case when equity > 0 then market_cap / equity end', 'Price to book: market capitalisation to equity; null where equity is negative.'),
    ('ps', 'market_cap / revenue_ttm', 'Price to sales: market capitalisation to revenue of twelve months.'),
    ('fcf_yield', '(operating_cash_flow_ttm - capital_expenditure_ttm) / market_cap', 'Free cash flow of twelve months to market capitalisation.'),
    ('ev_to_sales', '(market_cap + coalesce(long_term_debt, 0) - cash) / revenue_ttm', 'Enterprise value to revenue of twelve months.'),
    ('ev_to_operating_income', 'case when operating_income_ttm > 0 then (market_cap + coalesce(long_term_debt, 0) - cash) / operating_income_ttm end', 'Enterprise value to operating income of twelve months; null for losses.'),
    ('roe', 'net_income_ttm / ((equity + equity_year_ago) / 2)', 'Return on equity: net income of twelve months to the mean of equity now and a year before.'),
    ('roa', 'net_income_ttm / ((total_assets + total_assets_year_ago) / 2)', 'Return on assets: net income of twelve months to the mean of assets now and a year before.'),
    ('asset_turnover', 'revenue_ttm / ((total_assets + total_assets_year_ago) / 2)', 'Revenue of twelve months to the mean of assets now and a year before.'),
    ('gross_margin', 'gross_profit_ttm / revenue_ttm', 'Gross profit to revenue, twelve months.'),
    ('operating_margin', 'operating_income_ttm / revenue_ttm', 'Operating income to revenue, twelve months.'),
    ('net_margin', 'net_income_ttm / revenue_ttm', 'Net income to revenue, twelve months.'),
    ('debt_to_equity', 'case when equity > 0 then long_term_debt / equity end', 'Long-term debt, with the part due within a year, to equity.'),
    ('liabilities_to_assets', 'total_liabilities / total_assets', 'Liabilities to assets.'),
    ('current_ratio', 'current_assets / current_liabilities', 'Current assets to current liabilities.'),
    ('revenue_growth', 'revenue_ttm / revenue_ttm_year_ago - 1', 'Growth of the revenue of twelve months over that of the twelve months before.'),
    ('net_income_growth', '(net_income_ttm - net_income_ttm_year_ago) / abs(net_income_ttm_year_ago)', 'Change of the net income of twelve months relative to the size of that of the twelve months before.'),
    ('eps_growth', '(eps_diluted_ttm - eps_diluted_ttm_year_ago) / abs(eps_diluted_ttm_year_ago)', 'Change of diluted earnings per share of twelve months relative to the size of those of the twelve months before, in equal shares.'),
    ('share_growth', 'shares_outstanding / shares_outstanding_year_ago - 1', 'Growth of the shares outstanding over a year, in equal shares; negative for buybacks.'),
    ('accruals', '(net_income_ttm - operating_cash_flow_ttm) / total_assets', 'Net income less operating cash flow of twelve months, to assets (Sloan 1996, in its cash flow form).'),
    ('days_since_filing', 'days_since_filing', 'Days since the last filing that changed the figures.')
  ]::feature.definition[],
  '1d',
  false
);
