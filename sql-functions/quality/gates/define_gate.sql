-- Says which findings hold a step back.
create or replace function quality.define_gate(
  p_step text,
  p_datasets text[],
  p_severities text[],
  p_rules text[],
  p_description text
)
returns quality.gate
language plpgsql
volatile
parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_gate quality.gate;
  v_wrong text;
begin
  if p_step is null or p_step not in ('features', 'train', 'predict') then
    raise exception using errcode = 'MB003',
      message = format('The step %s has no gate.', coalesce(quote_literal(left(p_step, 80)), 'NULL')),
      hint = 'Steps with a gate: features, train, predict.';
  end if;
  select wrong into v_wrong from unnest(p_severities) as wrong where wrong is null or wrong not in ('critical', 'error', 'warning', 'info') limit 1;
  if found then
    raise exception using errcode = 'MB001',
      message = format('%s is no severity.', coalesce(quote_literal(left(v_wrong, 80)), 'NULL')),
      hint = 'There are critical, error, warning and info.';
  end if;
  select wrong into v_wrong
  from unnest(p_rules) as wrong
  where not exists (select from quality.validation_rule as known where known.rule = wrong)
  limit 1;
  if found then
    raise exception using errcode = 'MB003',
      message = format('There is no rule %s.', coalesce(quote_literal(left(v_wrong, 80)), 'NULL')),
      hint = 'quality.rule_in_force lists them.';
  end if;
  if coalesce(p_description, '') !~ '\S' or p_datasets is null or array_position(p_datasets, null) is not null then
    raise exception using errcode = 'MB001',
      message = 'A gate says on which datasets the step depends, and why.',
      hint = 'Datasets are those of rules, such as price_data.';
  end if;

  perform pg_advisory_xact_lock(hashtextextended('quality.define_gate ' || p_step, 0));
  insert into quality.gate (step, datasets, severities, rules, description)
  select p_step, p_datasets, coalesce(p_severities, '{}'), coalesce(p_rules, '{}'), p_description
  where not exists (
    select
    from quality.gate_in_force as known
    where known.step = p_step
      and (known.datasets, known.severities, known.rules, known.description)
        = (p_datasets, coalesce(p_severities, '{}'), coalesce(p_rules, '{}'), p_description)
  );
  select gate.* into strict v_gate from quality.gate as gate where gate.step = p_step order by gate.in_force_from desc limit 1;
  return v_gate;
end;
$$;

comment on function quality.define_gate(text, text[], text[], text[], text) is
'Says which findings hold the step p_step (features, train or predict) back: those of rules of the severities p_severities in the stored datasets p_datasets, and those of the rules p_rules whatever their severity, also on bodies. Without severities and rules (empty arrays or NULL) the gate is open for good. Content decides: what is said already changes nothing. A row that a critical rule refused is in quarantine and holds nothing back unless its rule is named: nothing depends on it.
Errors: MB001 for a severity, a dataset or a description that is none, MB003 for an unknown step or rule.';

revoke all on function quality.define_gate(text, text[], text[], text[], text) from public;
grant execute on function quality.define_gate(text, text[], text[], text[], text) to marketbase_worker, marketbase_author;
