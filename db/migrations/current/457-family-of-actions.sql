-- Rules on corporate actions are a family of their own.
comment on column quality.validation_rule.family is 'structure, prices, actions, calendar, fundamentals, features, online or predictions.';
