-- Totals of statements, each beside the same line of the periods around it.
create or replace function quality.statement_totals(p_instrument_ids bigint[], p_from timestamptz, p_to timestamptz, p_items text[])
returns table (
  instrument_id bigint,
  ts timestamptz,
  item text,
  period_start date,
  period_end date,
  unit text,
  value numeric,
  one_side numeric,
  other_side numeric
)
language sql
stable
parallel safe
begin atomic
  select total.instrument_id, total.ts, total.item, total.period_start, total.period_end, total.unit, total.value, total.one_side, total.other_side
  from (
    select
      wanted.id as instrument_id, line.period_end::timestamp at time zone 'UTC' as ts, line.item, line.period_start, line.period_end, line.unit, line.value,
      coalesce(lag(line.value) over same, lead(line.value, 2) over same) as one_side,
      coalesce(lead(line.value) over same, lag(line.value, 2) over same) as other_side
    from unnest(p_instrument_ids) as wanted (id)
    cross join lateral market.statement_values(wanted.id, 'infinity', p_items) as line
    where line.value > 0
    window same as (partition by wanted.id, line.item, line.months order by line.period_end, line.period_start)
  ) as total
  where total.ts between p_from and p_to and total.one_side is not null and total.other_side is not null;
end;

comment on function quality.statement_totals(bigint[], timestamptz, timestamptz, text[]) is
'Each reported value above 0 of p_items (lines of market.statement_item) for periods that end from p_from to p_to, with the one before and the one after of the same length; at the ends of a series the two nearest ones on one side. Fewer than two others: no row.';

revoke all on function quality.statement_totals(bigint[], timestamptz, timestamptz, text[]) from public;
grant execute on function quality.statement_totals(bigint[], timestamptz, timestamptz, text[]) to marketbase_worker;
