-- Checks the parameters of an expectation and fills in what was left out.
create or replace function quality.check_parameters(p_dataset text, p_expectation text, p_parameters jsonb)
returns jsonb
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  c_common constant jsonb := '{
    "mostly": "number?", "row_condition": "text?", "group_by": "column?", "time_column": "column?",
    "warn": "object?", "fail": "object?", "max_findings": "number?"
  }';
  v_relation constant regclass := quality.dataset_relation(p_dataset);
  v_known quality.expectation;
  v_kinds jsonb;
  v_name text;
  v_kind text;
  v_value jsonb;
  v_all jsonb;
  v_wrong text;
begin
  select known.* into v_known from quality.expectation as known where known.expectation = p_expectation;
  if not found then
    raise exception using errcode = 'MB003',
      message = format('There is no expectation %s.', coalesce(quote_literal(left(p_expectation, 80)), 'null')),
      hint = (select format('There are %s.', string_agg(known.expectation, ', ' order by known.expectation)) from quality.expectation as known);
  elsif jsonb_typeof(p_parameters) is distinct from 'object' then
    raise exception using errcode = 'MB001', message = 'The parameters are not a JSON object.', hint = 'Write them as {"column": "close", "min": 0.01}.';
  end if;
  v_kinds := v_known.parameters || c_common;
  -- What a level replaces is a parameter like any other.
  v_all := p_parameters || '{}';
  for v_name, v_value in
    select given.key, given.value
    from (
      select 0 as level, each.key, each.value from jsonb_each(p_parameters) as each
      union all
      select 1, each.key, each.value
      from (values ('warn'), ('fail')) as level (name)
      cross join lateral jsonb_each(case when jsonb_typeof(p_parameters -> level.name) = 'object' then p_parameters -> level.name else '{}' end) as each
    ) as given
    order by given.level, given.key
  loop
    v_kind := rtrim(v_kinds ->> v_name, '?');
    if v_kind is null then
      raise exception using errcode = 'MB001',
        message = format('%s has no parameter %s.', p_expectation, quote_literal(left(v_name, 80))),
        hint = format('It takes %s.', (select string_agg(kind.key, ', ' order by kind.key) from jsonb_each(v_kinds) as kind));
    end if;
    continue when v_value = 'null';
    v_wrong := case v_kind
      when 'number' then case when jsonb_typeof(v_value) <> 'number' then 'a number' end
      when 'boolean' then case when jsonb_typeof(v_value) <> 'boolean' then 'true or false' end
      when 'text' then case when jsonb_typeof(v_value) <> 'string' then 'a text' end
      when 'column' then case when jsonb_typeof(v_value) <> 'string' then 'the name of a column' end
      when 'scalar' then case when jsonb_typeof(v_value) not in ('number', 'string', 'boolean') then 'a number or a text' end
      when 'object' then case when jsonb_typeof(v_value) <> 'object' then 'a JSON object' end
      when 'list' then case when jsonb_typeof(v_value) <> 'array' or v_value = '[]' then 'a list that is not empty' end
      else case
        when v_kind = 'texts' and jsonb_typeof(v_value) = 'string' then null
        when jsonb_typeof(v_value) <> 'array' or v_value = '[]' or jsonb_path_exists(v_value, '$[*] ? (@.type() != "string")')
          then case v_kind when 'columns' then 'a list of columns' else 'a text or a list of texts' end
      end
    end;
    if v_wrong is not null then
      raise exception using errcode = 'MB001',
        message = format('%s of %s is %s, not %s.', v_name, p_expectation, left(v_value::text, 80), v_wrong),
        hint = v_known.description;
    elsif v_kind = 'column' then
      perform quality.dataset_column(v_relation, v_value #>> '{}');
    elsif v_kind = 'columns' then
      perform quality.dataset_column(v_relation, listed.value) from jsonb_array_elements_text(v_value) as listed (value);
    elsif v_name = 'mostly' and (v_value::numeric <= 0 or v_value::numeric > 1) then
      raise exception using errcode = 'MB001', message = format('mostly is %s, not a share above 0 and up to 1.', v_value), hint = 'Write 0.99 for 99 of 100.';
    elsif v_name = 'max_findings' and v_value::numeric < 0 then
      raise exception using errcode = 'MB001', message = format('max_findings is %s.', v_value), hint = 'It is a number of findings from 0 on.';
    elsif v_name in ('tolerance', 'max_score', 'max_phi', 'max_divergence', 'baseline', 'min_baseline') and v_value::numeric < 0 then
      raise exception using errcode = 'MB001', message = format('%s is %s.', v_name, v_value), hint = 'It cannot be below 0.';
    end if;
  end loop;
  select kind.key into v_wrong
  from jsonb_each_text(v_known.parameters) as kind
  where kind.value not like '%?' and coalesce(p_parameters -> kind.key, 'null') = 'null'
  limit 1;
  if found then
    raise exception using errcode = 'MB001',
      message = format('%s needs the parameter %s.', p_expectation, v_wrong),
      hint = (
        select format('It takes %s. %s', string_agg(kind.key || case when kind.value like '%?' then ' (optional)' else '' end, ', '), v_known.description)
        from jsonb_each_text(v_known.parameters) as kind
      );
  end if;
  if not v_all ? 'group_by' then
    v_all := v_all || jsonb_build_object('group_by', case when quality.dataset_type(v_relation, 'instrument_id') is not null then 'instrument_id' end);
  end if;
  if not v_all ? 'time_column' then
    v_all := v_all || jsonb_build_object('time_column', (
      select usual.name
      from unnest(array['ts', 'session_date', 'period_end', 'ex_date', 'traded_at', 'as_of', 'known_from', 'recorded_at', 'started_at', 'created_at'])
        with ordinality as usual (name, position)
      where quality.dataset_type(v_relation, usual.name) in ('timestamptz'::regtype, 'date'::regtype, 'timestamp'::regtype)
      order by usual.position
      limit 1
    ));
  elsif v_all ->> 'time_column' is not null
    and quality.dataset_type(v_relation, v_all ->> 'time_column') not in ('timestamptz'::regtype, 'date'::regtype, 'timestamp'::regtype)
  then
    raise exception using errcode = 'MB001',
      message = format('time_column %s is not a time but %s.', v_all ->> 'time_column', quality.dataset_type(v_relation, v_all ->> 'time_column')),
      hint = 'Name a column of dates or times, or null.';
  end if;
  return v_all;
end;
$$;

comment on function quality.check_parameters(text, text, jsonb) is
E'@behavior -*\nThe parameters p_parameters of p_expectation on p_dataset with group_by and time_column filled in: by default instrument_id, and the first of ts, session_date, period_end, ex_date and the like, where the dataset has them. Errors: MB003 for an unknown dataset or expectation; MB001 for a parameter that is unknown, missing, of another kind or the name of a column that is none, in a sentence that says what was expected.';

revoke all on function quality.check_parameters(text, text, jsonb) from public;
grant execute on function quality.check_parameters(text, text, jsonb) to marketbase_worker, marketbase_author;
