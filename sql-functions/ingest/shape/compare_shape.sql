-- What is new, missing or of another type in a body, compared with those before it.
create or replace function ingest.compare_shape(p_raw_response_id bigint, p_window integer default 20, p_min_bodies integer default 3)
returns setof ingest.shape_difference
language sql stable parallel safe
begin atomic
  with body as (
    select body_shape.*, shape.paths
    from ingest.body_shape
    join ingest.known_shape as shape using (sha256)
    where body_shape.raw_response_id = p_raw_response_id
  ),
  earlier as (
    select earlier.sha256, earlier.raw_response_id
    from body
    join ingest.body_shape as earlier using (provider, dataset)
    where earlier.raw_response_id < body.raw_response_id
  ),
  last as (
    select earlier.sha256 from earlier order by earlier.raw_response_id desc limit p_window
  ),
  compared as (
    select count(*) as body_count from last
  ),
  -- Everything that was ever seen: a field that comes and goes is new once.
  known as (
    select field.path, jsonb_agg(distinct type.name) as types
    from (select distinct earlier.sha256 from earlier) as seen
    join ingest.known_shape as shape using (sha256)
    cross join lateral jsonb_each(shape.paths) as field (path, types)
    cross join lateral jsonb_array_elements_text(field.types) as type (name)
    group by field.path
  ),
  -- What each of the last bodies had is not optional.
  constant as (
    select field.path
    from (select last.sha256, count(*) as body_count from last group by last.sha256) as had
    join ingest.known_shape as shape using (sha256)
    cross join lateral jsonb_object_keys(shape.paths) as field (path)
    group by field.path
    having sum(had.body_count) = (select compared.body_count from compared)
  ),
  now as (
    select field.path, field.types
    from body
    cross join lateral jsonb_each(body.paths) as field (path, types)
  ),
  judged as (
    select
      coalesce(now.path, constant.path) as path,
      regexp_replace(coalesce(now.path, constant.path), '(\.?[^.\[\]]+|\[\])$', '') as parent,
      case
        when now.path is null then 'missing'
        when known.path is null then 'new'
        when known.types - 'null' <> '[]' and not known.types @> (now.types - 'null') then 'retyped'
      end as change,
      known.types as before, now.types as after
    from now
    full join constant using (path)
    left join known on known.path = coalesce(now.path, constant.path)
  )
  select
    judged.path,
    case
      -- A field is missing where the object is there that had it; a list may be empty, a map too.
      when judged.change = 'missing'
        and (judged.path ~ '(\[\]|\.\*)$' or (judged.parent <> '' and not exists (select from now as holder where holder.path = judged.parent))) then null
      -- What is below something new is new with it.
      when judged.change = 'new' and exists (select from judged as holder where holder.path = judged.parent and holder.change = 'new') then null
      else judged.change
    end,
    judged.before, judged.after, compared.body_count
  from judged
  cross join compared
  where compared.body_count >= p_min_bodies
  order by judged.path;
end;

comment on function ingest.compare_shape(bigint, integer, integer) is
'The paths of a body whose shape is remembered, and those that it lacks, compared with the bodies of its provider and dataset before it: new (seen in no body before), missing (in each of the last p_window bodies, though the object that had it is there) or retyped (a type that was never seen there; null is none). A path that one of the last p_window bodies lacked is optional and missing for nobody; one that was seen once is not new again. Of a part that is new the topmost path is named; lists and maps may be empty. No row while there were fewer than p_min_bodies.';

revoke all on function ingest.compare_shape(bigint, integer, integer) from public;
grant execute on function ingest.compare_shape(bigint, integer, integer) to marketbase_reader;
