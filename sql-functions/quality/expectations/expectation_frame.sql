-- The rows of a dataset that an expectation looks at, as SQL.
create or replace function quality.expectation_frame(p_dataset text, p_parameters jsonb, p_is_whole boolean)
returns quality.expectation_frame
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_frame quality.expectation_frame;
  v_has_instrument boolean;
  v_has_provider boolean;
  v_time text;
  v_key text[];
begin
  v_frame.relation := quality.dataset_relation(p_dataset);
  v_frame.group_by := p_parameters ->> 'group_by';
  v_frame.is_by_instrument := coalesce(v_frame.group_by = 'instrument_id', false);
  v_has_instrument := quality.dataset_type(v_frame.relation, 'instrument_id') is not null;
  v_has_provider := quality.dataset_type(v_frame.relation, 'provider') is not null;

  select array_agg(attribute.attname::text order by array_position(index.indkey::smallint[], attribute.attnum))
  into v_key
  from pg_index as index
  join pg_attribute as attribute on attribute.attrelid = index.indrelid and attribute.attnum = any (index.indkey)
  where index.indrelid = v_frame.relation and index.indisprimary;
  -- A view says its key in its comment.
  v_key := coalesce(v_key, string_to_array((regexp_match(obj_description(v_frame.relation, 'pg_class'), '@primaryKey ([\w,]+)'))[1], ','));
  select format('jsonb_build_object(%s)', coalesce(string_agg(format('%L, d.%I', part.name, part.name), ', ' order by part.position), '''row'', md5(d::text)'))
  into v_frame.key_sql
  from unnest(v_key) with ordinality as part (name, position)
  where part.name <> 'instrument_id';

  v_time := case quality.dataset_type(v_frame.relation, p_parameters ->> 'time_column')
    when 'timestamptz'::regtype then format('d.%I', p_parameters ->> 'time_column')
    when 'date'::regtype then format('(d.%I::timestamp at time zone ''UTC'')', p_parameters ->> 'time_column')
    when 'timestamp'::regtype then format('(d.%I at time zone ''UTC'')', p_parameters ->> 'time_column')
    else 'null::timestamptz'
  end;

  -- A dataset of which no incident is known does not pay for the question.
  v_frame.incident_sql := case
    when exists (
      select from quality.known_incident as incident
      where incident.withdrawn_at is null and incident.dataset = (select relation.relname from pg_class as relation where relation.oid = v_frame.relation)
    ) then format(
      'exists (select from quality.known_incident as incident where incident.withdrawn_at is null and incident.dataset = %L and %%s and %%s between incident.from_ts and incident.to_ts)',
      (select relation.relname from pg_class as relation where relation.oid = v_frame.relation)
    )
  end;
  v_frame.rows_sql := format(
    'select d.*, %s as _group, %s as _instrument_id, %s as _ts, %s as _masked from %s as d where true%s%s%s',
    coalesce('d.' || quote_ident(v_frame.group_by), '0'),
    case when v_has_instrument then 'd.instrument_id' else 'null::bigint' end,
    v_time,
    coalesce(
      format(
        v_frame.incident_sql,
        case when v_has_instrument then '(incident.instrument_id is null or incident.instrument_id = d.instrument_id)' else 'incident.instrument_id is null' end
          || case when v_has_provider then ' and (incident.provider is null or incident.provider = d.provider)' else ' and incident.provider is null' end,
        v_time
      ),
      'false'
    ),
    v_frame.relation,
    case when v_frame.is_by_instrument then ' and d.instrument_id = any ($1)' else '' end,
    case when not p_is_whole and v_time <> 'null::timestamptz' then format(' and %s >= $2', v_time) else '' end,
    ' and ' || case when p_parameters ->> 'row_condition' is not null then quality.compile_condition(p_parameters ->> 'row_condition', v_frame.relation) end
  );
  return v_frame;
end;
$$;

comment on function quality.expectation_frame(text, jsonb, boolean) is
E'@behavior -*\nThe rows of p_dataset by the parameters row_condition, group_by and time_column, as SQL with $1 (instruments) and $2 (first time); all times where p_is_whole. Errors: MB003 for an unknown dataset, MB001 for a row_condition that is none.';

revoke all on function quality.expectation_frame(text, jsonb, boolean) from public;
grant execute on function quality.expectation_frame(text, jsonb, boolean) to marketbase_worker, marketbase_author;
