-- Registers a rule and puts its newest content in force.
create or replace function quality.define_rule(
  p_rule text,
  p_dataset text,
  p_family text,
  p_severity text,
  p_parameters jsonb,
  p_description text,
  p_remedy text,
  p_population text default null
)
returns quality.validation_rule
language plpgsql
volatile
parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_is_candidate constant boolean := p_dataset in ('candidate_bar', 'candidate_fact', 'raw_response');
  v_counts_itself constant boolean := v_is_candidate or p_dataset = 'feature_set';
  v_population constant text := coalesce(p_population, p_dataset);
  v_signature constant text := format(
    'quality.rule_%s(%s)',
    p_rule,
    case
      when v_is_candidate then 'bigint, jsonb'
      when p_dataset = 'feature_set' then 'text, jsonb'
      else 'bigint[], timestamp with time zone, timestamp with time zone, jsonb'
    end
  );
  v_counter_signature constant text := format(
    'quality.population_%s(bigint[], timestamp with time zone, timestamp with time zone)', v_population
  );
  v_function regprocedure;
  v_counter regprocedure;
  v_version text;
  v_in_force text;
  v_rule quality.validation_rule;
begin
  if p_rule is null or p_rule !~ '^[a-z][a-z0-9_]{1,57}$' then
    raise exception using errcode = 'MB001',
      message = format('%s is not a name for a rule.', coalesce(quote_literal(left(p_rule, 80)), 'null')),
      hint = 'Use lower case letters, digits and underscores, at most 58, beginning with a letter.';
  end if;
  v_function := to_regprocedure(v_signature);
  if v_function is null then
    raise exception using errcode = 'MB003',
      message = format('Rule %s has no function %s.', p_rule, v_signature),
      hint = 'Create the function first; sql-functions/quality/README.md shows one.';
  end if;
  if not v_counts_itself then
    v_counter := to_regprocedure(v_counter_signature);
    if v_counter is null then
      raise exception using errcode = 'MB003',
        message = format('Rule %s has no population: there is no function %s.', p_rule, v_counter_signature),
        hint = 'Name one of sql-functions/quality/populations.';
    end if;
  elsif v_population <> p_dataset then
    raise exception using errcode = 'MB001',
      message = format('The population of rule %s can only be %s.', p_rule, p_dataset),
      hint = 'Leave the population out for a rule on candidates or on sets.';
  end if;

  v_version := left(encode(sha256(convert_to(
    jsonb_build_array(
      quality.rule_definitions(v_function), quality.rule_definitions(v_counter),
      p_dataset, p_family, p_severity, p_parameters, v_population, p_description, p_remedy
    )::text, 'UTF8')), 'hex'), 12);

  -- One definition of a rule at a time: two sessions that replay the files must not both activate it.
  perform pg_advisory_xact_lock(hashtextextended('quality.define_rule ' || p_rule, 0));

  insert into quality.validation_rule (
    rule, version, dataset, family, severity, parameters, population, function_name, description, remedy
  )
  values (
    p_rule, v_version, p_dataset, p_family, p_severity, p_parameters, v_population, 'quality.rule_' || p_rule, p_description, p_remedy
  )
  on conflict (rule, version) do nothing;

  select activation.version into v_in_force
  from quality.rule_activation as activation
  where activation.rule = p_rule
  order by activation.in_force_from desc
  limit 1;

  if v_in_force is distinct from v_version then
    insert into quality.rule_activation (rule, version) values (p_rule, v_version);
  end if;

  select r.* into strict v_rule
  from quality.validation_rule as r
  where r.rule = p_rule and r.version = v_version;
  return v_rule;
end;
$$;

comment on function quality.define_rule(text, text, text, text, jsonb, text, text, text) is
'Registers the rule p_rule, whose function quality.rule_<p_rule> must exist, and puts it in force. Content decides: what is registered already changes nothing; a changed function (or a function of this schema that it calls), severity, parameter or wording is a new version; an earlier content that returns is its earlier version again.
p_dataset: candidate_bar, candidate_fact or, for bodies as a whole, raw_response (function of (raw_response_id bigint, parameters jsonb)); price_data, company_fundamental, feature_vector, model_prediction or online_vector (function of (instrument_ids bigint[], from timestamptz, to timestamptz, parameters jsonb)); feature_set (function of (set text, parameters jsonb), which gives a quality.set_verdict and is asked by quality.validate_set). p_severity: critical (the row is quarantined), error, warning or info. p_parameters: thresholds, a JSON object; max_findings (default 1000) limits the stored findings of one result. p_population: which quality.population_<name> counts the rows that the rule looks at; by default that of the dataset.
Errors: MB001 for a name that is none or a population that does not fit, MB003 where the function or the population does not exist.';

revoke all on function quality.define_rule(text, text, text, text, jsonb, text, text, text) from public;
grant execute on function quality.define_rule(text, text, text, text, jsonb, text, text, text) to marketbase_worker;
