-- The flow of the demonstration: real bars, filings, trades and notes, from the fetch to the predictions.
insert into pipeline.flow_step (flow, step, stage, task, parameters, description)
values
  ('demo', 'fetch_bars_aapl', 1, 'fetch', '{"provider": "sample", "dataset": "bars", "subject": "AAPL"}', 'fetch the daily bars of AAPL'),
  ('demo', 'fetch_actions_aapl', 1, 'fetch', '{"provider": "sample", "dataset": "actions", "subject": "AAPL"}', 'fetch the split and the dividends of AAPL'),
  ('demo', 'fetch_bars_gspc', 1, 'fetch', '{"provider": "sample", "dataset": "bars", "subject": "^GSPC"}', 'fetch the daily bars of the S&P 500'),
  ('demo', 'fetch_fundamentals_aapl', 1, 'fetch', '{"provider": "sample", "dataset": "fundamentals", "subject": "AAPL"}',
    'fetch figures of Apple''s annual reports'),
  ('demo', 'fetch_trades', 1, 'fetch', '{"provider": "sample", "dataset": "trades", "subject": "demo"}', 'fetch the trades of the portfolio demo'),
  ('demo', 'fetch_documents', 1, 'fetch', '{"provider": "sample", "dataset": "documents", "subject": "notes"}', 'fetch notes on Apple and the market'),
  ('demo', 'normalise', 2, 'run_step', '{}', 'normalise the bodies, apply the critical rules, accept or quarantine'),
  ('demo', 'validate', 3, 'run_step', '{}', 'validate what is stored'),
  ('demo', 'features', 4, 'run_step', '{}', 'compute the feature sets'),
  ('demo', 'portfolio', 4, 'run_step', '{}', 'fold trades into positions, compute performance'),
  ('demo', 'train', 5, 'run_step', '{}', 'train the models, walking forward'),
  ('demo', 'risk', 5, 'run_step', '{"optimize": {"symbols": ["AAPL", "^GSPC"], "from": "2015-01-02", "to": "2017-12-29"}}',
    'compute value at risk and optimise weights'),
  ('demo', 'publish', 5, 'publish', '{}', 'publish the latest features to Redis'),
  ('demo', 'predict', 6, 'run_step', '{}', 'predict, and join the outcomes'),
  ('demo', 'validate_derived', 7, 'run_step', '{}', 'validate features and predictions')
on conflict (flow, step) do update
set stage = excluded.stage, task = excluded.task, parameters = excluded.parameters, description = excluded.description;
