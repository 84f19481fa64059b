-- A statement of a company for years, quarters or twelve months, as it could be known at a moment.
create or replace function market.statement(
  p_symbol text,
  p_kind text,
  p_period text default 'annual',
  p_as_of timestamptz default now()
) returns setof market.statement_line
language plpgsql stable parallel safe
rows 500
-- The planner takes the intermediate results for one row each, and would compare every one with every other.
set enable_nestloop to off
-- Compiling the query would take longer than running it.
set jit to off
set search_path to pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  if p_kind is null or p_kind not in ('income', 'balance', 'cash_flow') then
    raise exception using
      errcode = 'MB001',
      message = format('there is no statement "%s"', coalesce(p_kind, 'null')),
      hint = 'Statements: income, balance, cash_flow.';
  end if;
  if p_period is null or p_period not in ('annual', 'quarterly', 'trailing') then
    raise exception using
      errcode = 'MB001',
      message = format('there is no period "%s"', coalesce(p_period, 'null')),
      hint = 'Periods: annual, quarterly, trailing (twelve months up to each quarter).';
  end if;

  return query
  with known as materialized (
    -- Revenue, net income and operating cash flow tell where years and quarters end, also to the balance sheet.
    select value.*
    from market.statement_values(market.instrument_id(p_symbol), p_as_of, (
      select array_agg(distinct line.item) from market.statement_item line where line.statement = p_kind or line.item in ('revenue', 'net_income', 'operating_cash_flow')
    )) as value
  ),
  -- Quarters: as filed, or the year to date less the year to the quarter before; of cash flows, which companies report to date, the other way round.
  -- The tag in use goes before others, whose meaning may be narrower.
  stretch as (
    select
      known.*,
      lag(known.months) over to_date as months_before, lag(known.value) over to_date as value_before, lag(known.period_end) over to_date as end_before,
      lag(known.filed) over to_date as filed_before, lag(known.known_from) over to_date as known_before,
      lag(known.is_usual_tag) over to_date as was_usual_tag,
      count(*) over same_start = max(known.months) over same_start / 3 as is_gapless
    from known
    where known.months in (3, 6, 9, 12)
    window
      to_date as (partition by known.item, known.period_start order by known.period_end),
      same_start as (partition by known.item, known.period_start)
  ), part as (
    select distinct on (candidate.item, candidate.period_end) candidate.*
    from (
      select item, measure, period_start, period_end, value, unit, 'filed' as basis,
        case when is_usual_tag then 2 else 5 end as choice, tag, filed, known_from
      from stretch
      where months = 3
      union all
      select
        item, measure, end_before + 1, period_end, value - value_before, unit, 'year to date',
        case when p_kind = 'cash_flow' and is_gapless then 1 else 3 end + case when is_usual_tag and was_usual_tag then 0 else 3 end, tag,
        greatest(filed, filed_before), greatest(known_from, known_before)
      from stretch
      where months = months_before + 3 and measure <> 'average shares'
    ) as candidate
    order by candidate.item, candidate.period_end, candidate.choice, candidate.period_start
  ),
  -- Of the fourth quarter most companies file the year alone. One under another tag than the year would not go with it.
  quarter as (
    select distinct on (candidate.item, candidate.period_end) candidate.*
    from (
      select
        part.item, part.measure, part.period_start, part.period_end, part.value, part.unit, part.basis,
        case when year.tag <> part.tag and part.choice > 3 then 8 else part.choice end as choice, part.tag, part.filed, part.known_from
      from part
      left join stretch as year on year.item = part.item and year.period_end = part.period_end and year.months = 12
      union all
      select
        year.item, year.measure, max(other.period_end) + 1, year.period_end, year.value - sum(other.value), year.unit, 'year less quarters', 7, year.tag,
        greatest(year.filed, max(other.filed)), greatest(year.known_from, max(other.known_from))
      from stretch as year
      join part as other
        on other.item = year.item and other.period_start > year.period_start - 15 and other.period_end < year.period_end - 15
      where year.months = 12 and year.measure <> 'average shares'
      group by year.item, year.measure, year.period_start, year.period_end, year.value, year.unit, year.tag, year.filed, year.known_from
      having count(*) = 3
    ) as candidate
    order by candidate.item, candidate.period_end, candidate.choice, candidate.period_start
  ), twelve_months as (
    select distinct on (candidate.item, candidate.period_end) candidate.*
    from (
      select item, measure, period_start, period_end, value, unit, 'filed' as basis, 1 as choice, tag, filed, known_from from stretch where months = 12
      union all
      select
        item, measure, first_value(period_start) over last_four, period_end,
        case measure when 'average shares' then round(avg(value) over last_four) else sum(value) over last_four end,
        unit, 'four quarters',
        case when count(*) over last_four = 4 and period_end - first_value(period_start) over last_four between 350 and 380 then 2 end,
        tag, max(filed) over last_four, max(known_from) over last_four
      from quarter
      window last_four as (partition by item order by period_end rows 3 preceding)
    ) as candidate
    where candidate.choice is not null
    order by candidate.item, candidate.period_end, candidate.choice
  ), duration as (
    select item, period_start, period_end, value, unit, basis, tag, filed, known_from from twelve_months where p_period = 'trailing'
    union all
    select item, period_start, period_end, value, unit, basis, tag, filed, known_from from quarter where p_period = 'quarterly'
    union all
    select item, period_start, period_end, value, unit, 'filed', tag, filed, known_from from stretch where p_period = 'annual' and months = 12
  ),
  -- Where the periods end: of ends that lie close together that of which most is known; of a company that filed balance sheets alone, their days.
  counted as (
    select period_end, mode() within group (order by period_start) as period_start, count(*) as lines from duration group by period_end
    union all
    select period_end, period_end, count(*)
    from known
    where months = 0 and (is_yearly or p_period <> 'annual') and not exists (select from duration)
    group by period_end
  ), period as (
    select counted.period_end
    from counted
    where not exists (
      select from counted as other
      where other.period_end <> counted.period_end and abs(other.period_end - counted.period_end) < case p_period when 'annual' then 300 else 45 end
        and (other.lines, other.period_end) > (counted.lines, counted.period_end)
    )
  ), figure as (
    select duration.* from duration
    union all
    select item, period_start, period_end, value, unit, 'filed', tag, filed, known_from from known where months = 0
  )
  select
    line.statement, figure.period_start, figure.period_end, line.position, line.item, line.title, figure.value, figure.unit, figure.basis, figure.tag,
    figure.filed, figure.known_from
  from market.statement_item line
  join figure on figure.item = line.item
  join period on period.period_end = figure.period_end
  where line.statement = p_kind
  order by figure.period_end, line.position;
end
$$;

comment on function market.statement(text, text, text, timestamptz) is
'A statement of a company as it could be known at p_as_of. p_kind: income, balance or cash_flow; p_period: annual, quarterly, or trailing (twelve months up to the end of each quarter). One row for each period and line of market.statement_item
that is known; each is the value last filed for its period by then, restated or not, under the tags of market.statement_tag. Periods go by their first and last day; fiscal year and period of a filing are not trusted.
A quarter is as filed, else the year to date less the year to the quarter before (of cash flows first this), else the year less its other three quarters; twelve months are a fiscal year as filed, else four quarters in a row. Average shares of a fourth quarter are not
derived; those of twelve months are the mean of four quarters. Figures per share of a derived quarter are differences of rounded figures, which are close and not exact.
Balances are those of the days on which years or quarters end. All is from one provider and in one currency (see market.statement_values). MB001 for another statement or period, MB002 for an unknown symbol.';

revoke all on function market.statement(text, text, text, timestamptz) from public;
grant execute on function market.statement(text, text, text, timestamptz) to marketbase_reader;
