-- Makes the tree of a number.
create or replace function feature.number_node(p_value double precision) returns jsonb
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
begin
  -- Within these limits the product and the ratio of two constants cannot overflow.
  if p_value <> 0 and abs(p_value) not between 1e-150 and 1e150 then
    raise exception using
      errcode = 'MB001',
      message = format('The number %s is out of range.', p_value),
      hint = 'Use 0 or a number whose size is between 1e-150 and 1e150.';
  end if;
  return jsonb_build_object('kind', 'number', 'text', p_value::text);
end
$$;

comment on function feature.number_node(double precision) is
'Tree of the number p_value; NULL has no text. Errors: MB001 for NaN, infinity and sizes outside 1e-150 to 1e150, except 0.';

revoke all on function feature.number_node(double precision) from public;
