-- Defines a model, or changes its parameters.
create or replace function ml.define_model(
  p_name text,
  p_feature_set text,
  p_description text,
  p_parameters jsonb default '{}',
  p_algorithm text default 'ridge',
  p_label text default 'next_return'
) returns ml.model
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_parameters jsonb;
  v_feature_set_id bigint;
  v_problem text;
  v_model ml.model;
begin
  if p_name is null or p_name !~ '^[a-z][a-z0-9_]{0,62}$' then
    v_problem := format(
      'the name %s of a model must be lower case, begin with a letter and have no more than 63 characters', coalesce(quote_literal(p_name), 'null')
    );
  elsif p_algorithm is distinct from 'ridge' then
    v_problem := format('the algorithm %s is not known; ridge is', coalesce(quote_literal(p_algorithm), 'null'));
  elsif p_label is distinct from 'next_return' then
    v_problem := format('the label %s is not known; next_return is', coalesce(quote_literal(p_label), 'null'));
  elsif p_description is null then
    v_problem := 'a model needs a description';
  elsif jsonb_typeof(p_parameters) is distinct from 'object' then
    v_problem := 'the parameters of a model must be a JSON object';
  else
    v_parameters := '{"lambda": 1, "folds": 5}'::jsonb || p_parameters;
    if exists (select from jsonb_object_keys(v_parameters) as key where key not in ('lambda', 'folds', 'symbols')) then
      v_problem := 'the parameters of a ridge model are lambda, folds and symbols';
    elsif jsonb_typeof(v_parameters -> 'lambda') <> 'number' or (v_parameters ->> 'lambda')::numeric < 0 then
      v_problem := 'lambda must be a number that is not negative';
    elsif jsonb_typeof(v_parameters -> 'folds') <> 'number' or (v_parameters ->> 'folds') !~ '^([1-9]|1[0-2])$' then
      v_problem := 'folds must be a whole number from 1 to 12';
    elsif v_parameters ? 'symbols' and (
      jsonb_typeof(v_parameters -> 'symbols') <> 'array'
      or jsonb_array_length(v_parameters -> 'symbols') = 0
      or jsonb_path_exists(v_parameters, '$.symbols[*] ? (@.type() != "string")')
    ) then
      v_problem := 'symbols must be a list of symbols';
    end if;
  end if;
  if v_problem is not null then
    raise exception using errcode = 'MB001', message = v_problem, hint = 'See the comment of ml.define_model.';
  end if;

  select feature_set_id into v_feature_set_id from feature.feature_set where name = p_feature_set;
  if not found then
    raise exception using
      errcode = 'MB003',
      message = format('there is no feature set %s', coalesce(quote_literal(p_feature_set), 'null')),
      hint = coalesce(
        'The feature sets are: ' || (select string_agg(name, ', ' order by name) from feature.feature_set) || '.',
        'Define one with feature.define_set.'
      );
  end if;

  select * into v_model from ml.model where name = p_name;
  if not found then
    insert into ml.model (name, algorithm, feature_set_id, label, parameters, description)
    values (p_name, p_algorithm, v_feature_set_id, p_label, v_parameters, p_description)
    returning * into v_model;
  elsif v_model.feature_set_id <> v_feature_set_id then
    raise exception using
      errcode = 'MB008',
      message = format('model %s is trained on another feature set than %s', p_name, p_feature_set),
      hint = 'Define a model with a new name.';
  elsif (v_model.parameters, v_model.description) is distinct from (v_parameters, p_description) then
    update ml.model set parameters = v_parameters, description = p_description where name = p_name
    returning * into v_model;
  end if;
  return v_model;
end
$$;

comment on function ml.define_model(text, text, text, jsonb, text, text) is
'Defines model p_name on feature set p_feature_set, or changes its parameters and description; what is there already changes nothing.
p_parameters, a JSON object: lambda (penalty, not negative, default 1: the alpha of scikit-learn''s Ridge on standardised features), folds (of the walk-forward
test, 1 to 12, default 5), symbols (a list; without it every instrument that has vectors). p_algorithm: ridge. p_label: next_return.
MB001 bad argument, MB003 unknown feature set, MB008 where the model exists on another feature set.';

revoke all on function ml.define_model(text, text, text, jsonb, text, text) from public;
grant execute on function ml.define_model(text, text, text, jsonb, text, text) to marketbase_worker;
