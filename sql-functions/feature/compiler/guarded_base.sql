-- Keeps a power from raising an error on a base for which it is not defined.
create or replace function feature.guarded_base(p_base text, p_exponent jsonb) returns text
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  exponent constant double precision := p_exponent ->> 'text';
begin
  if exponent is null or abs(exponent) > 16 then
    raise exception using
      errcode = 'MB001',
      message = 'The exponent of a power must be a number between -16 and 16.',
      hint = 'For other powers write exp(exponent * ln(base)).';
  end if;
  return case
    when exponent <> floor(exponent) then format('case when %1$s > 0 then %1$s end', p_base)
    when exponent < 0 then format('nullif(%s, 0)', p_base)
    else p_base
  end;
end
$$;

comment on function feature.guarded_base(text, jsonb) is
'SQL of the base of a power that is NULL where the power is not defined. p_base: its SQL. p_exponent: tree of the exponent.
Errors: MB001 unless the exponent is a constant between -16 and 16.';

revoke all on function feature.guarded_base(text, jsonb) from public;
