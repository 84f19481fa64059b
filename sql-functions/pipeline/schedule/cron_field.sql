-- One field of a cron line as the numbers that it means.
create or replace function pipeline.cron_field(p_field text, p_low integer, p_high integer, p_names text[] default '{}') returns integer[]
language plpgsql immutable parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  item text;
  parts text[];
  first integer;
  last integer;
  step integer;
  numbers integer[] := '{}';
begin
  foreach item in array string_to_array(lower(p_field), ',') loop
    -- names stand for their place in the list: sun is 0, jan is 1
    for i in 1 .. cardinality(p_names) loop
      item := regexp_replace(item, '\m' || p_names[i] || '\M', (i - 1 + p_low)::text, 'g');
    end loop;
    parts := regexp_match(item, '^(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:/(\d{1,2}))?$');
    first := coalesce(parts[1]::integer, p_low);
    last := coalesce(parts[2]::integer, case when parts[1] is null or parts[3] is not null then p_high else first end);
    step := coalesce(parts[3]::integer, 1);
    if parts is null or first < p_low or last > p_high or first > last or step < 1 then
      raise exception using
        errcode = 'MB001',
        message = format('"%s" cannot be a part of a cron line', left(item, 40)),
        hint = format('It is *, a number from %s to %s, a span such as %s-%s, a step such as */5, or several of them with commas.', p_low, p_high, p_low, p_high);
    end if;
    numbers := numbers || array(select number from generate_series(first, last, step) as number);
  end loop;
  return array(select distinct number from unnest(numbers) as number order by number);
end
$$;

comment on function pipeline.cron_field(text, integer, integer, text[]) is
'The numbers from p_low to p_high that a field of a cron line means (*, 5, 1-5, */15, 1-9/2, lists with commas, names of p_names for the numbers from p_low), ascending. NULL for NULL. MB001 for anything else.';

revoke all on function pipeline.cron_field(text, integer, integer, text[]) from public;
grant execute on function pipeline.cron_field(text, integer, integer, text[]) to marketbase_reader;
