-- Every value of a concept that was ever filed, whatever its tag, with the time during which it was the one to know.
create or replace function market.concept_values(p_instrument_ids bigint[], p_concepts text[] default null) returns setof market.concept_value
language sql stable parallel safe
rows 1000
-- Facts are found by their key, whatever its caller prefers.
set enable_nestloop to on
begin atomic
  with source as (
    select
      tag.concept, concept.kind, concept.unit, tag.priority, tag.taxonomy, tag.tag, tag.weight,
      count(*) over (partition by tag.concept, tag.priority) as tag_count,
      string_agg(case tag.weight when -1 then ' - ' else ' + ' end || tag.tag, '') over (
        partition by tag.concept, tag.priority order by tag.weight desc, tag.tag desc rows between unbounded preceding and unbounded following
      ) as formula
    from market.concept_tag tag
    join market.fundamental_concept concept using (concept)
    where p_concepts is null or tag.concept = any (p_concepts)
  ), filed as (
    select
      fact.instrument_id, source.concept, source.kind, source.priority, ltrim(source.formula, ' +') as formula, source.tag_count, source.weight,
      fact.period_start, fact.period_end, fact.value, fact.filed, fact.known_from,
      -- One number for what belongs together, which is found faster than five columns are.
      dense_rank() over (order by fact.instrument_id, source.concept, source.priority, fact.period_start, fact.period_end) as place,
      -- Filings may arrive out of order: the next version known ends one, as in market.company_fundamental_version.
      least(fact.known_to, lead(fact.known_from) over (
        partition by fact.instrument_id, source.concept, source.priority, source.taxonomy, source.tag, fact.period_start, fact.period_end
        order by fact.known_from, fact.version
      )) as known_to
    from source
    cross join lateral (
      select current.instrument_id, current.period_start, current.period_end, current.version, current.value, current.filed, current.known_from,
        null::timestamptz as known_to
      from market.company_fundamental current
      where current.instrument_id = any (p_instrument_ids)
        and current.taxonomy = source.taxonomy and current.concept = source.tag and current.unit = source.unit
      union all
      select history.instrument_id, history.period_start, history.period_end, history.version, history.value, history.filed, history.known_from,
        history.known_to
      from market.company_fundamental_history history
      where history.instrument_id = any (p_instrument_ids) and history.known_to > history.known_from
        and history.taxonomy = source.taxonomy and history.concept = source.tag and history.unit = source.unit
    ) as fact
  ), change as (
    -- Tags that count together change when one of them does.
    select filed.place, edge.moment as known_from, lead(edge.moment) over (partition by filed.place order by edge.moment) as known_to
    from filed
    cross join lateral (values (filed.known_from), (filed.known_to)) as edge (moment)
    where filed.tag_count > 1 and edge.moment is not null
    group by filed.place, edge.moment
  )
  select instrument_id, concept, kind, priority, formula, period_start, period_end, value, filed, known_from, known_to
  from filed
  where tag_count = 1
  union all
  select
    part.instrument_id, part.concept, part.kind, part.priority, part.formula, part.period_start, part.period_end,
    sum(part.weight * part.value), max(part.filed), change.known_from, change.known_to
  from change
  join filed as part
    on part.place = change.place and part.known_from <= change.known_from and (part.known_to is null or part.known_to > change.known_from)
  group by
    change.place, change.known_from, change.known_to, part.instrument_id, part.concept, part.kind, part.priority, part.formula, part.period_start,
    part.period_end, part.tag_count
  having count(*) = part.tag_count;
end;

comment on function market.concept_values(bigint[], text[]) is
'Every value of the concepts p_concepts (NULL: all of market.fundamental_concept) that the companies p_instrument_ids ever filed, by the tags of market.concept_tag: one row for each priority, period and version.
Tags of one priority give their sum, from when all of them were known. Values are as filed: not adjusted for splits, and in the unit of the concept. No row for NULL as instruments.';

revoke all on function market.concept_values(bigint[], text[]) from public;
grant execute on function market.concept_values(bigint[], text[]) to marketbase_reader;
