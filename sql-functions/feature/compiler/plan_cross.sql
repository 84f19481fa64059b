-- Plans a comparison of instruments: windows over the cross-sections.
create or replace function feature.plan_cross(
  p_node jsonb,
  inout plan jsonb,
  out alias text,
  out level integer
)
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  name constant text := p_node ->> 'name';
  group_kind constant text := p_node ->> 'group';
  number constant text := p_node ->> 'number';
  -- Sums take the instruments in one order, so that the last digit is the same each time.
  section constant text := 'section' || coalesce('_' || group_kind, '');
  partition constant text := 'partition by ts' || coalesce(', group_' || group_kind, '');
  planned record;
  x text;
  places text;
  sorted text;
  sql text;
begin
  if group_kind is not null and not exists (select from market.group_kind as known where known.kind = group_kind) then
    raise exception using
      errcode = 'MB003',
      message = format('There is no kind of group named %s.', group_kind),
      detail = p_node ->> 'group_place',
      hint = format('There are: %s. market.define_group_kind defines others.', (select string_agg(known.kind, ', ' order by known.kind) from market.group_kind as known));
  end if;
  select * into planned from feature.plan_expression(p_node -> 'arguments' -> 0, plan);
  plan := planned.plan;
  x := planned.sql;
  if x !~ '^"?\w+"?$' then
    plan := feature.plan_alias(plan, 'arguments', x, planned.level);
    x := plan ->> 'alias';
  end if;

  -- The places of the first and the last of those that are equal: their sum is twice the average place.
  places := format('rank() over (%1$s order by %2$s) + count(%2$s) over (%1$s order by %2$s)', partition, x);
  sorted := format(
    'array_agg(%1$s) filter (where %1$s is not null) over (%2$s order by %1$s rows between unbounded preceding and unbounded following)', x, partition
  );
  sql := case name
    when 'rank' then format('(%s)::double precision / 2 / count(%s) over %s', places, x, section)
    when 'quantile' then format('ceil(%s * (%s)::double precision / (2 * count(%s) over %s))', number, places, x, section)
    when 'demean' then format('%1$s - avg(%1$s) over %2$s', x, section)
    when 'zscore' then format(
      'case when min(%1$s) over %2$s < max(%1$s) over %2$s then (%1$s - avg(%1$s) over %2$s) / nullif(stddev_samp(%1$s) over %2$s, 0) end', x, section
    )
    when 'scale' then format('%1$s / nullif(sum(abs(%1$s)) over %2$s, 0)', x, section)
    when 'winsorize' then format(
      'least(greatest(%1$s, feature.sorted_quantile(%2$s, %3$s)), feature.sorted_quantile(%2$s, 1 - %3$s))', x, sorted, number
    )
  end;
  if group_kind is not null or name in ('rank', 'quantile', 'winsorize') then
    sql := format('case when %s then %s end', concat_ws(' and ', x || ' is not null', 'group_' || group_kind || ' is not null'), sql);
  end if;

  level := planned.level + 1;
  plan := jsonb_set(plan, array['groups', coalesce(group_kind, '')], 'true');
  plan := feature.plan_alias(plan, 'sections', sql, level, concat_ws('_', name, x, number, group_kind));
  alias := plan ->> 'alias';
end
$$;

comment on function feature.plan_cross(jsonb, jsonb) is
'Plans the comparison of instruments p_node, see feature.cross_node. plan: an object with arguments, sections, groups and aliases.
Gives the plan, the column that holds the result and its level: 1 over the vectors of the companion, 2 over comparisons of level 1, …
cs.rank: place of the value, the average one among equals, divided by the number of values. cs.quantile(x, n): 1 to n, the n-th part in which that place lies.
cs.demean: difference from the mean. cs.zscore: that divided by the sample standard deviation; NULL where all values are equal. cs.scale: divided by the sum of the sizes; NULL where that is 0.
cs.winsorize(x, p): drawn in to the quantiles p and 1 - p, which are interpolated linearly. NULL values do not count and stay NULL; an instrument in no group of the kind has NULL.
Errors: MB003 for an unknown kind of group.';

revoke all on function feature.plan_cross(jsonb, jsonb) from public;
