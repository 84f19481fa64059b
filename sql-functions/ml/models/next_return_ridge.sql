-- The model of the demonstration. lambda is the noise of the label by the variance that a coefficient is expected to have: 1400 expects of fourteen
-- features that together they explain one per cent of the next return (14 / 0.01).
select ml.define_model(
  'next_return_ridge',
  'qlib14',
  'Ridge regression of the next daily return on fourteen features of Alpha158. A baseline: its out-of-sample figures show how little daily bars alone tell.',
  '{"lambda": 1400, "folds": 5}'
);
