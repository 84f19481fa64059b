-- Which rules, feature sets, readers and models changed when, and what was different: who wants to compare two figures has to know.
--
--   psql "$URL" -X -f db/reports/rule_changes.sql                                      all changes, newest first
--   psql "$URL" -X -v from=2026-01-01 -v to=2026-03-31 -f db/reports/rule_changes.sql  those of a quarter
\set ON_ERROR_STOP on
\set report 'rule_changes'
\set title 'changes of rules, features, readers and models'
\set takes 'as_of from to lines'
\ir common/begin.sql
\echo '# Days:    ' :span_title
\ir common/lists.sql

\echo '# 1. Rules in force at that moment, and how many changes there were'
-- chart: bars of in_force over family
with activation as (
  select activation.*, row_number() over (partition by activation.rule order by activation.in_force_from desc) = 1 as is_last
  from quality.rule_activation as activation
  where activation.in_force_from <= :'as_of'::timestamptz
)
select
  family.family,
  count(*) filter (where activation.is_last and activation.version is not null) as in_force,
  count(*) filter (where activation.is_last and activation.version is null) as retired,
  count(*) filter (
    where activation.in_force_from >= :'from_date'::date and activation.in_force_from < :'to_date'::date + interval '1 day'
  ) as changes,
  to_char(max(activation.in_force_from), 'YYYY-MM-DD HH24:MI:SS') as last_change
from activation
join lateral (
  select rule.family
  from quality.validation_rule as rule
  where rule.rule = activation.rule and rule.in_force_from <= activation.in_force_from
  order by rule.in_force_from desc, rule.version
  limit 1
) as family on true
group by family.family
order by family.family;

\echo '# 2. Changes of rules, newest first'
select
  to_char(change.in_force_from, 'YYYY-MM-DD HH24:MI:SS') as since,
  change.rule,
  case
    when change.version is null then 'retired'
    when change.before is null and change.place = 1 then 'new'
    when change.before is null then 'back'
    else 'changed'
  end as what,
  change.before as version_before,
  change.version as version_after,
  case
    when new.rule is null or old.rule is null then new.severity
    else quality.report_text(concat_ws(', ',
      case when new.severity <> old.severity then old.severity || ' > ' || new.severity end,
      case when new.parameters <> old.parameters then 'parameters' end,
      case when (new.population, new.function_name, new.dataset, new.family) is distinct from (old.population, old.function_name, old.dataset, old.family)
        then 'scope' end,
      case when (new.description, new.remedy) is distinct from (old.description, old.remedy) then 'wording' end,
      case when (new.severity, new.parameters, new.population, new.function_name, new.dataset, new.family, new.description, new.remedy)
        is not distinct from (old.severity, old.parameters, old.population, old.function_name, old.dataset, old.family, old.description, old.remedy)
        then 'code' end
    ), 26)
  end as difference
from (
  select
    activation.rule, activation.version, activation.in_force_from,
    lag(activation.version) over history as before,
    row_number() over history as place
  from quality.rule_activation as activation
  where activation.in_force_from <= :'as_of'::timestamptz
  window history as (partition by activation.rule order by activation.in_force_from)
) as change
left join quality.validation_rule as new on new.rule = change.rule and new.version = change.version
left join quality.validation_rule as old on old.rule = change.rule and old.version = change.before
where change.in_force_from >= :'from_date'::date and change.in_force_from < :'to_date'::date + interval '1 day'
order by change.in_force_from desc, change.rule
limit :lines;

\echo '# 3. Parameters and severities that changed, newest first'
select
  to_char(change.in_force_from, 'YYYY-MM-DD HH24:MI') as since,
  change.rule,
  quality.report_text(changed.name, 24) as parameter,
  quality.report_text(changed.before, 16) as before,
  quality.report_text(changed.after, 16) as after
from (
  select
    activation.rule, activation.version, activation.in_force_from,
    lag(activation.version) over (partition by activation.rule order by activation.in_force_from) as before
  from quality.rule_activation as activation
  where activation.in_force_from <= :'as_of'::timestamptz
) as change
join quality.validation_rule as new on new.rule = change.rule and new.version = change.version
join quality.validation_rule as old on old.rule = change.rule and old.version = change.before
cross join lateral (
  select 'severity' as name, old.severity as before, new.severity as after
  union all
  select key.name, old.parameters ->> key.name, new.parameters ->> key.name
  from jsonb_object_keys(old.parameters || new.parameters) as key (name)
) as changed
where changed.before is distinct from changed.after
  and change.in_force_from >= :'from_date'::date and change.in_force_from < :'to_date'::date + interval '1 day'
order by change.in_force_from desc, change.rule, changed.name
limit :lines;

\echo '# 4. Versions of feature sets, newest first'
select
  feature_set.name as feature_set,
  made.version,
  cardinality(made.feature_names) as features,
  made.lookback,
  to_char(made.in_force_from, 'YYYY-MM-DD HH24:MI:SS') as in_force_from,
  case when made.in_force_to <= :'as_of'::timestamptz then to_char(made.in_force_to, 'YYYY-MM-DD HH24:MI:SS') end as in_force_to,
  (
    select count(*)
    from jsonb_each_text(made.kernels) as kernel
    where before.feature_set_version_id is not null and before.kernels ->> kernel.key is distinct from kernel.value
  ) as changed_kernels
from feature.feature_set_version as made
join feature.feature_set as feature_set on feature_set.feature_set_id = made.feature_set_id
left join lateral (
  select earlier.feature_set_version_id, earlier.kernels
  from feature.feature_set_version as earlier
  where earlier.feature_set_id = made.feature_set_id and earlier.in_force_from < made.in_force_from
  order by earlier.in_force_from desc, earlier.feature_set_version_id desc
  limit 1
) as before on true
where made.in_force_from <= :'as_of'::timestamptz
  and made.in_force_from >= :'from_date'::date and made.in_force_from < :'to_date'::date + interval '1 day'
order by made.in_force_from desc, feature_set.name, made.feature_set_version_id desc
limit :lines;

\echo '# 5. Versions of the functions that read bodies, by their first use, newest first'
select
  normalisation.normaliser,
  normalisation.normaliser_version as version,
  to_char(min(normalisation.recorded_at), 'YYYY-MM-DD HH24:MI:SS') as first_used,
  to_char(max(normalisation.recorded_at), 'YYYY-MM-DD HH24:MI:SS') as last_used,
  count(*) as bodies
from ingest.normalisation as normalisation
where normalisation.recorded_at <= :'as_of'::timestamptz
group by normalisation.normaliser, normalisation.normaliser_version
having min(normalisation.recorded_at) >= :'from_date'::date and min(normalisation.recorded_at) < :'to_date'::date + interval '1 day'
order by min(normalisation.recorded_at) desc, normalisation.normaliser, normalisation.normaliser_version
limit :lines;

\echo '# 6. Versions of the code that trained models, by their first use, newest first'
select
  model.name as model,
  training.code_version,
  to_char(min(training.finished_at), 'YYYY-MM-DD HH24:MI:SS') as first_used,
  to_char(max(training.finished_at), 'YYYY-MM-DD HH24:MI:SS') as last_used,
  count(*) as trainings
from ml.model_training_run as training
join ml.model as model on model.model_id = training.model_id
where training.finished_at <= :'as_of'::timestamptz
group by model.name, training.code_version
having min(training.finished_at) >= :'from_date'::date and min(training.finished_at) < :'to_date'::date + interval '1 day'
order by min(training.finished_at) desc, model.name, training.code_version
limit :lines;

\ir common/end.sql
