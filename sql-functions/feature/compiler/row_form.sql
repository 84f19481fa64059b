-- Writes a kernel call as an expression over rows and their windows.
create or replace function feature.row_form(p_row_form text, p_names text[], p_calls text[], p_lookback integer) returns text
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  result text := regexp_replace(p_row_form, '\mover frame\M', 'over frame_' || p_lookback, 'g');
begin
  for i in 1 .. cardinality(p_calls) loop
    result := replace(result, format('{%s}', p_names[i]), p_calls[i]);
  end loop;
  return result;
end
$$;

comment on function feature.row_form(text, text[], text[], integer) is
'p_row_form of feature.kernel with the arguments p_calls in the place of their names p_names, and the frame that holds the bar and p_lookback bars before it.';

revoke all on function feature.row_form(text, text[], text[], integer) from public;
