-- Writes the stages of a query that compute windows over rows.
create or replace function feature.compile_frames(
  p_windows jsonb,
  p_level integer,
  p_stage text,
  inout plan jsonb,
  out stages text[],
  out stage text
)
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  -- Partial aggregates, as (state, bars); what a longer one is made of is among them.
  partial record;
  columns_of jsonb := '{}';
  length record;
  listed text;
  frames text;
  item record;
  call record;
  sql text;
  plain text := '';
  -- What frames give: SQL, and the bars of the longest frame in it, null where one is added up at the end.
  results jsonb := '[]';
  longest integer;
  -- Bars of the longest frame that the last stage has.
  reached integer := 0;
  list text;
begin
  stage := p_stage;
  stages := '{}';

  for partial in
    with recursive needed (state, arguments, combined, bars) as (
      select aggregate.state, called.arguments, aggregate.combined, called.bars
      from jsonb_each(p_windows) as window_entry
      cross join lateral feature.frame_calls(window_entry.key) as called
      cross join lateral feature.partial_aggregate(called.aggregate) as aggregate
      where (window_entry.value ->> 'level')::integer = p_level
      union
      select needed.state, needed.arguments, needed.combined, part.bars
      from needed
      cross join lateral feature.frame_parts(needed.bars) as split
      cross join lateral unnest(array[split.newer, split.older]) as part (bars)
    )
    select needed.*, format('%s(%s)', needed.state, needed.arguments) as sql
    from needed
    order by needed.bars, needed.state, needed.arguments
  loop
    plan := feature.plan_alias(
      plan, 'frames', format('%s over %s bars at level %s', partial.sql, partial.bars, p_level), p_level,
      format('%s %s %s', split_part(partial.state, '.', -1), partial.arguments, partial.bars)
    );
    columns_of := columns_of || jsonb_build_object(
      format('%s of %s', partial.sql, partial.bars),
      jsonb_build_object('name', plan -> 'alias', 'state', partial.sql, 'combined', partial.combined, 'bars', partial.bars)
    );
  end loop;

  for item in
    select entry.key, entry.value ->> 'alias' as alias
    from jsonb_each(p_windows) as entry
    where (entry.value ->> 'level')::integer = p_level
    order by (entry.value ->> 'position')::integer
  loop
    sql := item.key;
    longest := 8;
    for call in
      select called.*, aggregate.result, columns_of -> format('%s(%s) of %s', aggregate.state, called.arguments, called.bars) ->> 'name' as name
      from feature.frame_calls(item.key) as called
      cross join lateral feature.partial_aggregate(called.aggregate) as aggregate
    loop
      sql := regexp_replace(sql, format('\m%s\M', regexp_replace(call.call, '(\W)', '\\\1', 'g')), format(call.result, call.name), 'g');
      longest := greatest(longest, call.bars);
    end loop;
    if sql = item.key and sql !~ '\mover frame_' then
      plain := plain || format(E'    %s as %s,\n', sql, item.alias);
    else
      results := results || jsonb_build_object('sql', format(E',\n    %s as %s', sql, item.alias), 'bars', case when sql !~ '\mover frame_' then longest end);
    end if;
  end loop;

  -- Short frames are added up; each longer one takes one more stage. New columns stand first: a row of a window is taken apart up to the last column
  -- that is needed. Results of shorter frames are worked out along the way, so that rows need not carry the states that they are made of.
  for length in
    select distinct greatest((entry.value ->> 'bars')::integer, 8) as bars
    from jsonb_each(columns_of) as entry
    order by bars
  loop
    if length.bars = 8 then
      select
        string_agg(format(E'    %s over frame_%s as %s,\n', entry.value ->> 'state', (entry.value ->> 'bars')::integer - 1, entry.value ->> 'name'), '' order by entry.value ->> 'state' like 'feature.%', entry.key),
        string_agg(distinct format(E',\n    frame_%1$s as (bars rows %1$s preceding)', (entry.value ->> 'bars')::integer - 1), '')
      into listed, frames
      from jsonb_each(columns_of) as entry
      where (entry.value ->> 'bars')::integer <= 8;
    else
      select string_agg(
        format(E'    %s as %s,\n', format(
          entry.value ->> 'combined',
          columns_of -> format('%s of %s', entry.value ->> 'state', split.newer) ->> 'name',
          format('lag(%s, %s) over bars', columns_of -> format('%s of %s', entry.value ->> 'state', split.older) ->> 'name', split.newer)
        ), entry.value ->> 'name'), '' order by entry.value ->> 'state' like 'feature.%', entry.key
      )
      into listed
      from jsonb_each(columns_of) as entry
      cross join lateral feature.frame_parts(length.bars) as split
      where (entry.value ->> 'bars')::integer = length.bars;
      listed := listed || plain;
      plain := '';
      frames := '';
    end if;
    list := case when length.bars = 8 then format('frames_%s', p_level) else format('frames_%s_of_%s', p_level, length.bars) end;
    stages := stages || format(
      E'%1$s as (\n  select\n%2$s    %3$s.*%4$s\n  from %3$s\n  window\n    bars as (partition by span order by ts)%5$s\n)',
      list, listed, stage, (select string_agg(result ->> 'sql', '') from jsonb_array_elements(results) as result where (result ->> 'bars')::integer = reached), frames
    );
    stage := list;
    reached := length.bars;
  end loop;

  -- What is left: results of the longest frames, and windows that are no such aggregates.
  listed := plain || format('    %s.*', stage) || coalesce(
    (select string_agg(result ->> 'sql', '') from jsonb_array_elements(results) as result where coalesce((result ->> 'bars')::integer, reached) = reached), ''
  );
  select string_agg(distinct format(E',\n    frame_%1$s as (bars rows %1$s preceding)', found.part[1]), '')
  into frames
  from regexp_matches(listed, '\mover frame_(\d+)', 'g') as found (part);
  stages := stages || format(
    E'window_%s as (\n  select\n%s\n  from %s%s\n)', p_level, listed, stage,
    case when listed ~ '\mover (bars|frame_\d+)\M' then E'\n  window\n    bars as (partition by span order by ts)' || coalesce(frames, '') else '' end
  );
  stage := format('window_%s', p_level);
end
$$;

comment on function feature.compile_frames(jsonb, integer, text, jsonb) is
'Writes the stages of a compiled query that compute p_windows (SQL over windows, with alias and level; see feature.plan_alias) of level p_level from the rows of p_stage.
Frames of up to 8 bars are added up anew at each bar. A longer one is put together from two shorter ones, one of them some bars back, as PostgreSQL puts partial aggregates together; so its cost rises with the logarithm of its length, and the result depends on the bars of the frame alone. Aggregates that have no partial form are added up, however long the frame.
plan: where the names of the columns are entered. Gives the common table expressions and the name of the last one, which has the columns of p_stage and one for each window.';

revoke all on function feature.compile_frames(jsonb, integer, text, jsonb) from public;
