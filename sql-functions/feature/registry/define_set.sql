-- Defines a set of features, or changes it; the same definitions again change nothing.
-- security definer: an author may define features but owns no table and creates no view. What is created is written from a checked tree, not from the author's text.
create or replace function feature.define_set(
  p_name text,
  p_description text,
  p_definitions feature.definition[],
  p_bar_interval text default '1d',
  p_is_active boolean default true
) returns feature.feature_set_version
language plpgsql volatile parallel unsafe security definer
set search_path to pg_catalog, pg_temp
as $$
declare
  known feature.feature_set;
  compiled feature.compiled_set[];
  current_version feature.feature_set_version;
begin
  if p_name is null or p_name !~ '^[a-z][a-z0-9_]{0,47}$' then
    raise exception using
      errcode = 'MB001',
      message = format('%L is not a name for a set.', left(p_name, 80)),
      hint = 'Use lower-case letters, digits and underscores, a letter first, at most 48.';
  elsif coalesce(trim(p_description), '') = '' then
    raise exception using errcode = 'MB001', message = format('Set %s has no description.', p_name), hint = 'Say what it is for and where its formulas come from.';
  elsif p_bar_interval is null or p_bar_interval not in ('1m', '5m', '15m', '30m', '1h', '1d', '1w', '1mo') then
    raise exception using
      errcode = 'MB001',
      message = format('%L is not a length of bars.', left(p_bar_interval, 20)),
      hint = 'It is 1m, 5m, 15m, 30m, 1h, 1d, 1w or 1mo.';
  end if;
  perform pg_advisory_xact_lock(hashtextextended('feature.define_set', 0));

  compiled := array(select stage from feature.compile_set(p_definitions, p_bar_interval) as stage);

  select * into known from feature.feature_set where name = p_name;
  if known.companion_of is not null then
    raise exception using
      errcode = 'MB008',
      message = format('Set %s is the first stage of another one and follows from it.', p_name),
      hint = (select format('Define %s, or a set of another name.', parent.name) from feature.feature_set as parent where parent.feature_set_id = known.companion_of);
  elsif known.feature_set_id is null then
    if feature.is_name_taken(p_name) then
      raise exception using
        errcode = 'MB008',
        message = format('A set cannot be named %s: its view would have the name of something else, in the database or in the API.', p_name),
        hint = 'Choose another name; plurals and underscores make no difference.';
    end if;
    insert into feature.feature_set (name, description, bar_interval, is_active)
    values (p_name, p_description, p_bar_interval, p_is_active)
    returning * into known;
  elsif known.bar_interval <> p_bar_interval then
    raise exception using
      errcode = 'MB008',
      message = format('Set %s is made of bars of length %s, not %s.', p_name, known.bar_interval, p_bar_interval),
      hint = 'Define a set of another name for other bars.';
  else
    update feature.feature_set set description = p_description where feature_set_id = known.feature_set_id and description <> p_description;
  end if;

  current_version := feature.store_version(
    known.feature_set_id, compiled[cardinality(compiled)],
    case when cardinality(compiled) = 2 then feature.store_companion(known.feature_set_id, compiled[1]) end
  );
  if cardinality(compiled) = 1 then
    -- A companion that is no longer needed; its values stay.
    delete from feature.computation_task as task
    using feature.feature_set as companion
    where companion.companion_of = known.feature_set_id and task.feature_set_id = companion.feature_set_id;
    update feature.feature_set_version as version
    set is_current = false, in_force_to = clock_timestamp()
    from feature.feature_set as companion
    where companion.companion_of = known.feature_set_id and version.feature_set_id = companion.feature_set_id and version.is_current;
  end if;

  perform feature.create_set_view(p_name);
  return current_version;
end
$$;

comment on function feature.define_set(text, text, feature.definition[], text, boolean) is
'Defines the set p_name, or changes it, and creates its view feature.<p_name> with a column for each feature. Gives the version that is now in force.
p_description: what the set is for and where its formulas come from. p_definitions: the features, in order. p_bar_interval: length of the bars (default 1d). p_is_active: whether a new set is computed for every instrument from now on (default); see feature.activate_set.
An expression has numbers, the columns of feature.bar_column (open, high, low, close, volume, what was known of the company, the calendar), calls of the kernels in feature.kernel, + - * / ^, comparisons, and, or, not, is null, case, the names of other features of the set, and
abs, atan, ceil, coalesce, exp, floor, greatest, least, ln, log10, nullif, power, round, sign, sqrt, tanh. What cannot be computed, such as a division by zero, is NULL.
Instruments are compared by cs.rank(x), cs.zscore(x), cs.demean(x), cs.scale(x), cs.winsorize(x, share) and cs.quantile(x, count) among all that have a value at the same time, or, with a kind of group
as the last argument, such as cs.demean(ta.roc(close, 5), sector), among those of the same group at that date (market.instrument_group); feature.plan_cross says how. What they compare is computed first, in a set <p_name>_base, and may be seen there.
The version is the hash of names, expressions, kernels and the query made of them; an equal one changes nothing but descriptions. Values of older versions stay.
Errors: MB001 for a bad name or expression, MB003 for an unknown column, function, kernel or kind of group, MB008 for a name that is taken, other bars, or a view that cannot be replaced.';

revoke all on function feature.define_set(text, text, feature.definition[], text, boolean) from public;
grant execute on function feature.define_set(text, text, feature.definition[], text, boolean) to marketbase_worker, marketbase_author;
