-- The values of an array that are numbers.
create or replace function feature.finite_values(p_values double precision[]) returns double precision[]
language sql immutable parallel safe
return array(
  select value.x from unnest(p_values) as value (x) where value.x > '-infinity' and value.x < 'infinity'
);

comment on function feature.finite_values(double precision[]) is
'p_values without NULL, NaN and infinity, in any order; an empty array for NULL.';

revoke all on function feature.finite_values(double precision[]) from public;
grant execute on function feature.finite_values(double precision[]) to marketbase_reader;
