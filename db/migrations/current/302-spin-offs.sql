-- A spin-off is a distribution of shares of another company, told by its value in cash per share.
alter table market.corporate_action
  drop constraint if exists corporate_action_type_check,
  drop constraint if exists corporate_action_currency_check,
  add constraint corporate_action_type_check check (action_type in ('split', 'dividend', 'spin_off')),
  add constraint corporate_action_currency_check check ((action_type <> 'split') = (currency is not null));
alter table market.corporate_action_observation
  drop constraint if exists corporate_action_observation_type_check,
  drop constraint if exists corporate_action_observation_currency_check,
  add constraint corporate_action_observation_type_check check (action_type in ('split', 'dividend', 'spin_off')),
  add constraint corporate_action_observation_currency_check check ((currency is not null) = (action_type <> 'split' and amount is not null));
comment on table market.corporate_action is
'Splits, cash dividends and spin-offs by ex-date, as now known. A change closes the old version into market.corporate_action_history.';
comment on column market.corporate_action.action_type is 'split, dividend or spin_off.';
comment on column market.corporate_action.amount is 'New shares per old share of a split; cash per share of a dividend; value of what a share was given in a spin-off.';
comment on column market.corporate_action.currency is 'Currency of a dividend or spin-off; null for a split.';
comment on column market.corporate_action_history.action_type is 'split, dividend or spin_off.';
comment on column market.corporate_action_history.amount is 'New shares per old share of a split; cash per share of a dividend; value of what a share was given in a spin-off.';
comment on column market.corporate_action_observation.action_type is 'split, dividend or spin_off.';
comment on column market.corporate_action_observation.currency is 'Currency of a dividend or spin-off.';
comment on column ingest.candidate_action.action_type is 'split, dividend or spin_off.';
comment on column ingest.candidate_action.amount is 'New shares per old share of a split; cash per share of a dividend; value of what a share was given in a spin-off.';
