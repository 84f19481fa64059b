-- Creates the view of a set, a column for each feature; nothing happens where it is there already.
create or replace function feature.create_set_view(p_set text) returns void
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  known record;
  part record;
  definition text;
  comment_text text;
begin
  select feature_set.name, feature_set.description, feature_set.bar_interval, version.*
  into strict known
  from feature.feature_set as feature_set
  join feature.feature_set_version as version using (feature_set_id)
  where feature_set.name = p_set and version.is_current;

  select format(
    E'select instrument.symbol, vector.instrument_id, vector.ts, bar.session_date, %1$L::text as bar_interval%2$s\n'
    'from feature.feature_vector as vector\n'
    'join market.instrument as instrument on instrument.instrument_id = vector.instrument_id\n'
    'left join market.price_data as bar on bar.instrument_id = vector.instrument_id and bar.bar_interval = %1$L and bar.ts = vector.ts\n'
    'where vector.feature_set_version_id = %3$s',
    known.bar_interval,
    string_agg(format(E',\n  vector.values[%s] as %I', named.position, named.name), '' order by named.position),
    known.feature_set_version_id
  )
  into definition
  from unnest(known.feature_names) with ordinality as named (name, position);

  comment_text := format(
    E'@primaryKey instrument_id,ts\n'
    '@foreignKey (instrument_id) references market.instrument (instrument_id)\n'
    '@foreignKey (instrument_id, bar_interval, ts) references market.price_data (instrument_id, bar_interval, ts)\n'
    '%s Version %s.',
    regexp_replace(known.description, '^@+', ''), known.version
  );
  if obj_description(to_regclass(format('feature.%I', p_set)), 'pg_class') = comment_text
    and not exists (
      select
      from feature.feature_definition as stored
      where stored.feature_set_version_id = known.feature_set_version_id
        and stored.description is distinct from (
          select col_description(attribute.attrelid, attribute.attnum)
          from pg_attribute as attribute
          where attribute.attrelid = to_regclass(format('feature.%I', p_set)) and attribute.attname = stored.name
        )
    )
  then
    return;
  end if;

  begin
    begin
      execute format(E'create or replace view feature.%I with (security_invoker = true) as\n%s', p_set, definition);
    exception
      -- Columns of a view are only ever added at its end; otherwise it is made anew.
      when invalid_table_definition then
        execute format('drop view feature.%I', p_set);
        execute format(E'create view feature.%I with (security_invoker = true) as\n%s', p_set, definition);
    end;
  exception
    when dependent_objects_still_exist then
      raise exception using
        errcode = 'MB008',
        message = format('The view feature.%s has other columns now, but other objects depend on it.', p_set),
        detail = sqlerrm,
        hint = 'Drop those objects first, or give the set with the new features another name.';
  end;

  execute format('comment on view feature.%I is %L', p_set, comment_text);
  execute format('comment on column feature.%I.symbol is %L', p_set, 'Symbol of the instrument.');
  execute format('comment on column feature.%I.instrument_id is %L', p_set, 'Instrument.');
  execute format('comment on column feature.%I.ts is %L', p_set, 'Start of the bar.');
  execute format('comment on column feature.%I.session_date is %L', p_set, 'Local date of the session of the bar; null where the bar is gone.');
  execute format('comment on column feature.%I.bar_interval is %L', p_set, 'Length of the bar.');
  for part in
    select stored.name, stored.description from feature.feature_definition as stored where stored.feature_set_version_id = known.feature_set_version_id
  loop
    execute format('comment on column feature.%I.%I is %L', p_set, part.name, part.description);
  end loop;
  execute format('revoke all on feature.%I from public', p_set);
  execute format('grant select on feature.%I to marketbase_reader', p_set);
end
$$;

comment on function feature.create_set_view(text) is
'Creates or replaces the view feature.<p_set> of the current version: symbol, instrument_id, ts, session_date, bar_interval and a column for each feature, with comments. Does nothing where it is there as it should be.
Errors: MB008 when other objects depend on a view whose columns change.';

revoke all on function feature.create_set_view(text) from public;
