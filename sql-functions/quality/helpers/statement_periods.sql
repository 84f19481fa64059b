-- Figures of one period that ought to fit together.
create or replace function quality.statement_periods(
  p_instrument_ids bigint[],
  p_from timestamptz,
  p_to timestamptz,
  p_items text[],
  p_other_items text[] default '{}'
)
returns table (instrument_id bigint, ts timestamptz, period_start date, period_end date, unit text, figures jsonb)
language sql
stable
parallel safe
begin atomic
  select
    wanted.id, line.period_end::timestamp at time zone 'UTC', line.period_start, line.period_end, max(line.unit), jsonb_object_agg(line.item, line.value)
  from unnest(p_instrument_ids) as wanted (id)
  cross join lateral market.statement_values(wanted.id, 'infinity', p_items || p_other_items) as line
  where line.period_end::timestamp at time zone 'UTC' between p_from and p_to
    -- A figure that is put together from others proves nothing about them.
    and line.tag not like '% - %' and line.tag not like '% + %'
  group by wanted.id, line.period_start, line.period_end
  having count(*) filter (where line.item = any (p_items)) = cardinality(p_items);
end;

comment on function quality.statement_periods(bigint[], timestamptz, timestamptz, text[], text[]) is
'The periods and balance sheet dates that end from p_from to p_to and for which all of p_items (lines of market.statement_item) were reported, as known now. figures: a JSON object of them and of those of p_other_items that are there; unit: their currency. Figures that market.statement_values puts together from others are left out.';

revoke all on function quality.statement_periods(bigint[], timestamptz, timestamptz, text[], text[]) from public;
grant execute on function quality.statement_periods(bigint[], timestamptz, timestamptz, text[], text[]) to marketbase_worker;
