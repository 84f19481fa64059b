-- A provider sends the fields that it has always sent.
create or replace function quality.rule_provider_schema_drift(p_raw_response_id bigint, p_parameters jsonb)
returns setof quality.violation
language sql
stable
parallel safe
begin atomic
  select
    null::bigint,
    null::bigint,
    null::timestamptz,
    jsonb_build_object('provider', response.provider, 'dataset', response.dataset, 'path', difference.path, 'change', difference.change),
    jsonb_build_object(
      'before', difference.before, 'after', difference.after, 'first_body', response.raw_response_id, 'subject', response.subject,
      'compared_bodies', difference.body_count
    ),
    case difference.change
      when 'new' then format('the fields of the bodies before')
      when 'missing' then format('%s, as in each of the last %s bodies', said.before, difference.body_count)
      else format('%s, as in the bodies before', said.before)
    end,
    format('%s %s: %s %s; first body %s (%s).',
      response.provider, response.dataset, difference.path,
      case difference.change
        when 'new' then format('is new (%s)', said.after)
        when 'missing' then format('is missing (it was %s in each of the last %s bodies)', said.before, difference.body_count)
        else format('is %s and was %s', said.after, said.before)
      end,
      response.raw_response_id, response.subject)
  from ingest.raw_response as response
  cross join lateral ingest.compare_shape(
    response.raw_response_id, (p_parameters ->> 'window')::integer, (p_parameters ->> 'min_bodies')::integer
  ) as difference
  cross join lateral (
    select
      (select string_agg(type, ' or ' order by type) from jsonb_array_elements_text(difference.before) as type) as before,
      (select string_agg(type, ' or ' order by type) from jsonb_array_elements_text(difference.after) as type) as after
  ) as said
  where response.raw_response_id = p_raw_response_id and difference.change is not null;
end;

comment on function quality.rule_provider_schema_drift(bigint, jsonb) is
'Fields of a body that are new, missing or of another type, compared with the bodies of its provider and dataset before it; see ingest.compare_shape for what counts and ingest.read_shape for how much is looked at. window: how many of the last bodies have to have had a field for it to be missed; min_bodies: how many there have to be for anything to be said.';

revoke all on function quality.rule_provider_schema_drift(bigint, jsonb) from public;
grant execute on function quality.rule_provider_schema_drift(bigint, jsonb) to marketbase_worker;

select quality.define_rule(
  'provider_schema_drift', 'raw_response', 'pipeline', 'warning', '{"window": 20, "min_bodies": 3}',
  'A provider has added, dropped or retyped a field: what is read from its bodies may be wrong or incomplete from here on.',
  'Look at the first body; adapt the normaliser (ingest.normalise_<provider>_<dataset>), replay the bodies since, then acknowledge the finding.'
);
