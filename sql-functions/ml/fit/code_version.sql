-- The version of the code that trains.
create or replace function ml.code_version() returns text
language sql stable parallel safe
begin atomic
  select left(encode(sha256(convert_to(string_agg(internal.function_version(trainer), ' ' order by position), 'UTF8')), 'hex'), 12)
  from unnest(array[
    'ml.train(bigint, text)', 'ml.fit_ridge(ml.training_row[], double precision)', 'ml.solve_spd(double precision[], double precision[])',
    'ml.apply_fit(ml.ridge_fit, double precision[])', 'ml.score(double precision[], double precision[], double precision[])'
  ]::regprocedure[]) with ordinality as code (trainer, position);
end;

comment on function ml.code_version() is
'First 12 hex digits of the sha256 over the versions of the functions that train a model: a changed function makes a new version, hence a new training.';

revoke all on function ml.code_version() from public;
grant execute on function ml.code_version() to marketbase_worker;
