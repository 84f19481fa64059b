-- The columns that belong to a bar, and where each comes from.
create or replace view feature.bar_column with (security_invoker = true) as
select column_name, 'bar' as source, null::text as source_function, null::text[] as concepts
from unnest('{open,high,low,close,volume}'::text[]) as column_name
union all
select
  returned.column_name,
  case source.proname when 'fundamental_columns' then 'fundamental' when 'calendar_columns' then 'calendar' else 'adjusted' end,
  'feature.' || source.proname,
  case when source.proname = 'fundamental_columns' then coalesce(
    (
      select array_agg(concept.concept)
      from market.fundamental_concept concept
      where returned.column_name in (concept.concept, concept.concept || '_year_ago', concept.concept || '_quarter', concept.concept || '_annual',
        concept.concept || '_ttm', concept.concept || '_ttm_year_ago')
    ),
    case returned.column_name when 'raw_close' then '{}'::text[] when 'market_cap' then '{shares_outstanding}'::text[] end
  ) end
from pg_proc as source
cross join lateral unnest(source.proargnames, source.proargmodes::text[], source.proallargtypes) as returned (column_name, mode, type)
where source.pronamespace = 'feature'::regnamespace
  and source.proname in ('fundamental_columns', 'calendar_columns', 'adjusted_columns')
  and returned.mode = 't'
  and returned.type = 'double precision'::regtype;

comment on view feature.bar_column is
E'@primaryKey column_name\nThe columns of a bar: its prices and volume, as they came and adjusted, what was known of the company when it closed, and where its session lies in the calendar.';
comment on column feature.bar_column.column_name is 'Name, such as close, revenue_ttm or sessions_to_month_end.';
comment on column feature.bar_column.source is 'bar, adjusted, fundamental or calendar.';
comment on column feature.bar_column.source_function is 'Function that gives it for each bar, by instrument_id and ts; null for those of the bar itself.';
comment on column feature.bar_column.concepts is 'Of a fundamental column the concepts of market.fundamental_concept that it is made of; null where it depends on all of them.';

revoke all on feature.bar_column from public;
grant select on feature.bar_column to marketbase_reader;
