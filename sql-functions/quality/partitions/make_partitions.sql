-- Months of results and findings get their partition before they begin.
-- security definer: only the owner of a table may attach a partition to it, and the worker, whose clock calls this, owns none; no name comes from the caller.
create or replace function quality.make_partitions(p_from date default current_date, p_ahead integer default 3)
returns bigint
language plpgsql
volatile
parallel unsafe
security definer
set search_path to pg_catalog, pg_temp
-- The writers of a table do not wait for next month: who finds it busy tries again later.
set lock_timeout to '2s'
-- A month is one of UTC, whoever asks.
set timezone to 'UTC'
as $$
declare
  v_made bigint := 0;
  v_month date;
  v_name text;
  v_parent text;
  v_is_late boolean;
begin
  if p_from is null or p_ahead is null or p_ahead not between 0 and 120 or p_from < date '2000-01-01' then
    raise exception using errcode = 'MB001',
      message = format('Partitions are made from a month since 2000 on and up to 120 months ahead, not from %s on and %s ahead.',
        coalesce(p_from::text, 'NULL'), coalesce(p_ahead::text, 'NULL')),
      hint = 'Without arguments they are made from this month on and three months ahead.';
  end if;
  if p_from > current_date then
    p_from := current_date;
  end if;

  for v_month in
    select month::date
    from generate_series(date_trunc('month', p_from::timestamp), date_trunc('month', current_date::timestamp) + make_interval(months => p_ahead), interval '1 month')
      as month
  loop
    foreach v_parent in array array['validation_result', 'validation_finding', 'finding_sighting'] loop
      v_name := format('%s_%s', v_parent, to_char(v_month, 'YYYY_MM'));
      continue when to_regclass(format('quality.%I', v_name)) is not null;
      -- Rows that came before their month had a partition stay where they are: a partition cannot be made over them.
      execute format('select exists (select from quality.%I where recorded_at >= $1 and recorded_at < $1 + interval ''1 month'')', v_parent || '_default')
      into v_is_late
      using v_month::timestamptz;
      continue when v_is_late;

      execute format('create table quality.%I (like quality.%I including defaults including constraints including comments)', v_name, v_parent);
      execute format('comment on table quality.%I is %L', v_name, format('Rows of quality.%s recorded in %s, UTC. Append-only.', v_parent, to_char(v_month, 'YYYY-MM')));
      execute format('alter table quality.%I enable row level security', v_name);
      execute format(
        'create trigger _100_append_only before update or delete or truncate on quality.%I for each statement execute function internal.refuse_change()', v_name
      );
      execute format('alter table quality.%I attach partition quality.%I for values from (%L) to (%L)',
        v_parent, v_name, v_month::timestamptz, (v_month + interval '1 month')::timestamptz);
      v_made := v_made + 1;
    end loop;
  end loop;
  return v_made;
end;
$$;

comment on function quality.make_partitions(date, integer) is
E'@behavior -*\nMakes the monthly partitions of quality.validation_result, validation_finding and finding_sighting that are missing, from the month of p_from up to p_ahead months (0 to 120) after this one, and gives their number; 0 when all are there. Migrations and every worker call it. A month is one of UTC. What comes while a month has no partition lies in the default partition, where nothing is lost, and stays there: such a month gets none.
Errors: MB001 for arguments that are none, 55P03 when somebody writes just then; the next call tries again.';

revoke all on function quality.make_partitions(date, integer) from public;
grant execute on function quality.make_partitions(date, integer) to marketbase_worker;
