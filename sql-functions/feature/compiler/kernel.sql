-- The kernels that expressions may use.
create or replace view feature.kernel with (security_invoker = true) as
select
  'ta.' || kernel.proname as kernel,
  pg_get_function_arguments(kernel.oid) as arguments,
  (regexp_match(described.comment, '\mlookback: *([^\n]+?)\s*$'))[1] as lookback,
  regexp_replace(described.comment, '\s*\m(row form:.*)?lookback:[^\n]*$', '') as description,
  kernel.oid as kernel_oid,
  regexp_replace((regexp_match(described.comment, '\mrow form: *(.*?)\s*lookback:'))[1], '\s+', ' ', 'g') as row_form
from pg_proc as kernel
cross join lateral (select obj_description(kernel.oid, 'pg_proc') as comment) as described
where kernel.pronamespace = 'ta'::regnamespace
  and kernel.prorettype = 'double precision[]'::regtype
  and kernel.provolatile = 'i'
  and described.comment ~ '\mlookback: *[^\n]+$';

comment on view feature.kernel is
E'@primaryKey kernel\nIndicator kernels that the expression of a feature may call: immutable functions of schema ta on arrays whose comment says how far they look back.';
comment on column feature.kernel.kernel is 'Name, such as ta.rsi.';
comment on column feature.kernel.arguments is 'Arguments with their types and defaults; an array is a series, given as an expression over bars.';
comment on column feature.kernel.lookback is 'Earlier bars that a value depends on, in terms of the arguments; unbounded where it depends on all of them.';
comment on column feature.kernel.description is 'What it computes, by which convention.';
comment on column feature.kernel.kernel_oid is E'@behavior -select -filterBy -orderBy\nThe function''s object identifier.';
comment on column feature.kernel.row_form is
'The same over rows with PostgreSQL''s own windows, where there is such a form: {argument} stands for an argument, frame for the window of the bar and the lookback before it, bars for all bars in order, bar_number for the place of the bar.';

revoke all on feature.kernel from public;
grant select on feature.kernel to marketbase_reader;
