-- Registers a rule and puts its newest content in force.
-- security definer: an author may define rules but owns no table; what is written was checked, and a rule that is a function stays with the worker and the owner.
create or replace function quality.define_rule(
  p_rule text,
  p_dataset text,
  p_family text default 'custom',
  p_severity text default 'error',
  p_parameters jsonb default '{}',
  p_description text default null,
  p_remedy text default null,
  p_population text default null,
  p_expectation text default null,
  p_expression text default null
)
returns quality.validation_rule
language plpgsql
volatile
parallel unsafe
security definer
set search_path to pg_catalog, pg_temp
as $$
declare
  v_expectation constant text := coalesce(p_expectation, case when p_expression is not null then 'condition' end);
  v_is_candidate constant boolean := p_dataset in ('candidate_bar', 'candidate_fact', 'raw_response');
  v_counts_itself constant boolean := v_is_candidate or p_dataset = 'feature_set';
  v_dataset text := p_dataset;
  v_parameters jsonb := p_parameters;
  v_population text := coalesce(p_population, p_dataset);
  v_signature text;
  -- Rules on single bars are functions of one.
  v_bar_signature constant text := format(
    'quality.rule_%s(%s, jsonb)', p_rule, case p_dataset when 'price_data' then 'quality.judged_bar' when 'candidate_bar' then 'ingest.candidate_bar' end
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
  elsif p_severity is null or p_severity not in ('critical', 'error', 'warning', 'info') then
    raise exception using errcode = 'MB001',
      message = format('%s is not a severity.', coalesce(quote_literal(left(p_severity, 40)), 'null')), hint = 'It is critical, error, warning or info.';
  elsif coalesce(trim(p_description), '') = '' or coalesce(trim(p_remedy), '') = '' then
    raise exception using errcode = 'MB001',
      message = format('Rule %s has no %s.', p_rule, case when coalesce(trim(p_description), '') = '' then 'description' else 'remedy' end),
      hint = 'Say what it means when the rule fails (description) and what to do then (remedy).';
  end if;
  perform quality.refuse_other_kind(p_rule, v_expectation is not null);

  if v_expectation is not null then
    if p_population is not null then
      raise exception using errcode = 'MB001', message = 'An expectation counts for itself and has no population.', hint = 'Leave the population out.';
    elsif p_expression is not null then
      if v_expectation <> 'condition' then
        raise exception using errcode = 'MB001', message = format('%s takes no expression.', v_expectation), hint = 'Give either an expression or an expectation.';
      end if;
      v_parameters := jsonb_build_object('expression', p_expression) || v_parameters;
    end if;
    v_parameters := quality.check_expectation(p_dataset, v_expectation, v_parameters);
    select relation.relname into v_dataset from pg_class as relation where relation.oid = quality.dataset_relation(p_dataset);
    v_population := v_dataset;
    select format('quality.expect_%s(quality.expectation_frame, text, jsonb)', known.family) into v_signature
    from quality.expectation as known
    where known.expectation = v_expectation;
    v_function := v_signature::regprocedure;
  else
    v_signature := format(
      'quality.rule_%s(%s)',
      p_rule,
      case
        when v_is_candidate then 'bigint, jsonb'
        when p_dataset = 'feature_set' then 'text, jsonb'
        else 'bigint[], timestamp with time zone, timestamp with time zone, jsonb'
      end
    );
    v_function := coalesce(case when p_dataset in ('price_data', 'candidate_bar') then to_regprocedure(v_bar_signature) end, to_regprocedure(v_signature));
    if v_function is null then
      raise exception using errcode = 'MB003',
        message = format('Rule %s has no function %s.', p_rule, v_signature),
        hint = 'Create the function first (sql-functions/quality/README.md shows one), or give an expectation or an expression.';
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
  end if;

  v_version := left(encode(sha256(convert_to(
    (
      jsonb_build_array(
        quality.rule_definitions(v_function)
          || case when p_dataset = 'price_data' and v_function = to_regprocedure(v_bar_signature)
            then quality.rule_definitions('quality.judged_bars(bigint[], timestamp with time zone, timestamp with time zone)')
          end,
        quality.rule_definitions(v_counter),
        v_dataset, p_family, p_severity, v_parameters, v_population, p_description, p_remedy
      ) || case when v_expectation is not null then jsonb_build_array(v_expectation) else '[]' end
    )::text, 'UTF8')), 'hex'), 12);

  -- One definition of a rule at a time: two sessions that replay the files must not both activate it.
  perform pg_advisory_xact_lock(hashtextextended('quality.define_rule ' || p_rule, 0));

  insert into quality.validation_rule (
    rule, version, dataset, family, severity, parameters, population, function_name, description, remedy, expectation
  )
  values (
    p_rule, v_version, v_dataset, p_family, p_severity, v_parameters, v_population,
    split_part(v_signature, '(', 1), p_description, p_remedy, v_expectation
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

comment on function quality.define_rule(text, text, text, text, jsonb, text, text, text, text, text) is
'Registers the rule p_rule and puts it in force. Content decides: what is registered already changes nothing; a changed function (or a function of this schema that it calls), severity, parameter or wording is a new version; an earlier content that returns is its earlier version again.
Without p_expectation and p_expression the rule is the function quality.rule_<p_rule>, which must exist. p_dataset is then candidate_bar, candidate_fact or, for bodies as a whole, raw_response (function of (raw_response_id bigint, parameters jsonb), for candidate_bar better of (candidate ingest.candidate_bar, parameters jsonb), which gives one quality.violation or NULL); price_data, company_fundamental, feature_vector, model_prediction or online_vector (function of (instrument_ids bigint[], from timestamptz, to timestamptz, parameters jsonb), for price_data better of (bar quality.judged_bar, parameters jsonb), which gives one quality.violation or NULL); feature_set (function of (set text, parameters jsonb), which gives a quality.set_verdict and is asked by quality.validate_set). p_population: which quality.population_<name> counts the rows that the rule looks at; by default that of the dataset. Only the worker and the owner may define such a rule.
With p_expectation it is one of quality.expectation on any table or view p_dataset that readers may read; with p_expression a condition on its columns, such as close between low and high (quality.compile_condition). An author may define it: select quality.define_rule(''close_band'', ''price_data'', p_expectation => ''values_between'', p_parameters => ''{"column": "close", "min": 0.01}'', p_severity => ''warning'', p_description => …, p_remedy => …).
p_family: a word by which rules are found; custom unless said. p_severity: critical (a candidate is quarantined), error, warning or info. p_parameters: thresholds, a JSON object; max_findings (default 1000) limits the stored findings of one result. p_description: what it means when the rule fails. p_remedy: what to do then.
Errors: MB001 for a name, severity, parameter or expression that is none or a population that does not fit, MB003 where the function, population, dataset or expectation does not exist, MB008 for a name that belongs to a rule of the other kind, 42501 where an author defines a rule that is a function.';

revoke all on function quality.define_rule(text, text, text, text, jsonb, text, text, text, text, text) from public;
grant execute on function quality.define_rule(text, text, text, text, jsonb, text, text, text, text, text) to marketbase_worker, marketbase_author;
