-- Writes the query that joins a table of labels with what could be known at each of them.
create or replace function feature.point_in_time_query(
  p_labels regclass,
  p_sets text[],
  p_strict boolean default false,
  p_tolerance interval default null,
  p_versions text[] default null,
  p_ttl interval default null,
  p_time_column text default 'decision_time',
  p_instrument_column text default null
) returns text
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  known_columns constant text[] := array(
    select attribute.attname
    from pg_attribute as attribute
    where attribute.attrelid = p_labels and attribute.attnum > 0 and not attribute.attisdropped
    order by attribute.attnum
  );
  instrument_column constant text := coalesce(p_instrument_column, case when 'instrument_id' = any (known_columns) then 'instrument_id' else 'symbol' end);
  wanted_column text;
  by_symbol boolean;
  asked_version feature.feature_set_version;
  label_list text;
  output_list text;
  history_list text := '';
  flag_list text := '';
  join_list text := '';
  names text[] := known_columns;
begin
  if coalesce(cardinality(p_sets), 0) = 0 or (p_versions is not null and cardinality(p_versions) <> cardinality(p_sets)) then
    raise exception using
      errcode = 'MB001',
      message = format('%s sets and %s versions were given.', coalesce(cardinality(p_sets), 0), coalesce(cardinality(p_versions), 0)),
      hint = 'Name one set at least, and for each a version or NULL, or no versions at all.';
  end if;
  foreach wanted_column in array array[p_time_column, instrument_column] loop
    if wanted_column <> all (known_columns) or wanted_column is null then
      raise exception using
        errcode = 'MB001',
        message = format('%s has no column %s.', p_labels, coalesce(quote_ident(left(wanted_column, 80)), 'NULL')),
        hint = format('It has: %s. Name the columns of the decision time and of the instrument or symbol.', array_to_string(known_columns, ', '));
    end if;
  end loop;
  select attribute.atttypid in ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype)
  into by_symbol
  from pg_attribute as attribute
  where attribute.attrelid = p_labels and attribute.attname = instrument_column;

  select
    string_agg(format('source.%I as c%s', known.name, known.position), ', ' order by known.position),
    string_agg(format('label.c%s as %I', known.position, known.name), ', ' order by known.position)
  into label_list, output_list
  from unnest(known_columns) with ordinality as known (name, position);

  for i in 1 .. cardinality(p_sets) loop
    asked_version := feature.version_of(p_sets[i], p_versions[i]);
    names := names || array(select format('%s__%s', p_sets[i], named.name) from unnest(asked_version.feature_names) as named (name));
    output_list := output_list || (
      select string_agg(format(E',\n  s%s.values[%s] as %I', i, named.position, format('%s__%s', p_sets[i], named.name)), '' order by named.position)
      from unnest(asked_version.feature_names) with ordinality as named (name, position)
    );
    history_list := history_list || format(
      E',\n    exists (\n      select from feature.feature_vector_history as history\n'
      '      where history.instrument_id = instrument.instrument_id and history.feature_set_version_id = %s\n    ) as h%s',
      asked_version.feature_set_version_id, i
    );
    flag_list := flag_list || format(', asked.h%s', i);
    join_list := join_list || format(
      E'\nleft join lateral feature.known_at(label.instrument_id, %s, label.moment, label.h%s) as s%s on %s',
      asked_version.feature_set_version_id, i, i,
      coalesce(nullif(concat_ws(
        ' and ',
        case when p_tolerance is not null then format('s%s.ts >= label.decision_time - %L::interval', i, p_tolerance) end,
        case when p_ttl is not null then format('s%s.known_from >= label.decision_time - %L::interval', i, p_ttl) end
      ), ''), 'true')
    );
  end loop;
  if exists (select from unnest(names) as named (name) group by left(named.name, 63) having count(*) > 1) then
    raise exception using
      errcode = 'MB001',
      message = 'Two columns of the result would have the same name.',
      hint = 'Name each set once, and no column of the labels set__feature.';
  end if;

  return format(
    E'with asked as materialized (\n  select\n    instrument.instrument_id, instrument.symbol%s\n  from market.instrument as instrument\n)\n'
    'select %s\n'
    'from (\n'
    '  select %s, asked.instrument_id, source.%I::timestamptz as decision_time, source.%I::timestamptz - %L::interval as moment%s\n'
    '  from %s as source\n'
    '  left join asked on asked.%s = source.%I\n'
    '  order by asked.instrument_id, source.%I::timestamptz\n'
    ') as label%s',
    history_list, output_list, label_list, p_time_column, p_time_column, case when p_strict then '1 microsecond' else '0' end, flag_list,
    p_labels, case when by_symbol then 'symbol' else 'instrument_id' end, instrument_column, p_time_column, join_list
  );
end
$$;

comment on function feature.point_in_time_query(regclass, text[], boolean, interval, text[], interval, text, text) is
E'@behavior -*\nA query that gives every row of the table or view p_labels once: its columns, then a column set__feature for each feature of p_sets with the value that was the one to know at the decision time of the row, by the rules and options of feature.point_in_time; NULL where nothing was known.
Run it with the rights of your own, or make a table or a view of it: in psql "select feature.point_in_time_query(''my.labels'', ''{qlib14,technical}'') \\gexec". Rows come in no particular order and are streamed, however many they are.
p_versions: a version for each set (NULL: those in force). p_time_column: column of the decision time. p_instrument_column: column of the instrument, by id or symbol (NULL: instrument_id, else symbol).
Convention: get_historical_features of Feast, with full feature names. Errors: MB001 for an unknown column or no set, MB003 for an unknown set or version.';

revoke all on function feature.point_in_time_query(regclass, text[], boolean, interval, text[], interval, text, text) from public;
grant execute on function feature.point_in_time_query(regclass, text[], boolean, interval, text[], interval, text, text) to marketbase_reader;
