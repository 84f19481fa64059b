-- Whether a feature vector can be used: it is there and every value is a finite number.
create or replace function ml.is_complete(p_features double precision[]) returns boolean
language sql immutable parallel safe
return cardinality(p_features) > 0
  and array_position(p_features, null) is null
  and not p_features && array['NaN', 'Infinity', '-Infinity']::double precision[];

comment on function ml.is_complete(double precision[]) is
'True where p_features has elements and all of them are finite; false where one is NULL, NaN or infinite; NULL for NULL.';

revoke all on function ml.is_complete(double precision[]) from public;
grant execute on function ml.is_complete(double precision[]) to marketbase_reader;
