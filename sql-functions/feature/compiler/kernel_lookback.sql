-- How far a call of a kernel looks back, from the last line of its comment.
create or replace function feature.kernel_lookback(p_kernel text, p_arguments text[]) returns double precision
language plpgsql stable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  formula text;
  names text[];
  result double precision;
begin
  select kernel.lookback, function.proargnames
  into strict formula, names
  from pg_proc as function
  join feature.kernel as kernel on kernel.kernel_oid = function.oid
  where function.proname = substr(p_kernel, 4) and function.pronamespace = 'ta'::regnamespace;
  if formula = 'unbounded' then
    return 'infinity';
  end if;
  select string_agg(coalesce(p_arguments[array_position(names, part.word[1])], part.word[1]), ' ' order by part.nr)
  into formula
  from regexp_matches(formula, '([a-z_]\w*|[\d.]+|\S)', 'g') with ordinality as part (word, nr);
  if formula ~ '[^-+*/(),.\d\sa-z_]'
    or regexp_replace(formula, '\m(ta|ma_reach|greatest|least|ceil|floor|sqrt|case|when|then|else|end)\M', '', 'g') ~ '[a-z_]'
  then
    raise exception using
      errcode = 'MB001',
      message = format('The lookback of %s cannot be found from its arguments: %s.', p_kernel, formula),
      hint = 'Correct the last line of the kernel''s comment: lookback: <arithmetic over its arguments> or lookback: unbounded.';
  end if;
  execute 'select ceil((' || formula || ')::double precision)' into result;
  if result is null or result < 0 or (result > 100000 and result < 'infinity') then
    raise exception using
      errcode = 'MB001',
      message = format('%s would look back %s bars.', p_kernel, coalesce(result::text, 'an unknown number of')),
      hint = 'Use a window of at most 100000 bars.';
  end if;
  return result;
end
$$;

comment on function feature.kernel_lookback(text, text[]) is
'Earlier bars that a value of the kernel p_kernel (such as ta.rsi) depends on when it is called with p_arguments, in order, NULL for a series; infinity where it depends on all of them.
Errors: MB001 when its comment has no usable lookback or the window is longer than 100,000 bars.';

revoke all on function feature.kernel_lookback(text, text[]) from public;
