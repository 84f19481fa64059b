-- The days on which an exchange does not keep its regular hours, and why.
create or replace function market.calendar_days(p_mic text, p_from date, p_to date)
returns table (session_date date, effect text, close_time interval, reason text)
language sql stable strict parallel safe
rows 20
begin atomic
  with keeper as (
    select coalesce(exchange.calendar_mic, exchange.mic) as mic from market.exchange where exchange.mic = p_mic
  ), named as (
    select
      rule.*,
      case
        when rule.easter_offset is not null then market.easter_sunday(year) + rule.easter_offset
        when rule.day is not null then make_date(year, rule.month, rule.day)
        else market.nth_weekday(year, rule.month, rule.weekday, rule.nth)
      end + rule.day_offset as named_date
    from keeper
    join market.calendar_rule as rule using (mic)
    -- A date may be moved into the neighbouring year.
    cross join generate_series(extract(year from p_from)::integer - 1, extract(year from p_to)::integer + 1) as year
    where year between rule.from_year and rule.to_year
  ), kept as (
    select
      named.rule, named.effect, named.close_time, named.only_on,
      named.named_date + case extract(isodow from named.named_date) when 6 then named.saturday_shift when 7 then named.sunday_shift else 0 end as session_date
    from named
  )
  select exception.session_date, exception.effect, exception.close_time, exception.reason
  from keeper
  join market.calendar_exception as exception using (mic)
  where exception.session_date between p_from and p_to
  union all
  (
    -- On a holiday nobody closes early.
    select distinct on (kept.session_date) kept.session_date, kept.effect, kept.close_time, kept.rule
    from kept
    where kept.session_date between p_from and p_to
      and (kept.only_on is null or extract(isodow from kept.session_date)::integer = any (kept.only_on))
      and not exists (
        select from keeper join market.calendar_exception as exception using (mic) where exception.session_date = kept.session_date
      )
    order by kept.session_date, kept.effect, kept.close_time, kept.rule
  )
  order by 1;
end;

comment on function market.calendar_days(text, date, date) is
'Holidays, early closes and other exceptions of an exchange from p_from to p_to, both included, by market.calendar_rule and market.calendar_exception: effect is closed, early_close (at close_time, local) or open (a regular session although a rule says otherwise).
A holiday on a day on which the exchange never trades, such as a Sunday, is among them. No row for an exchange without rules or NULL.';

revoke all on function market.calendar_days(text, date, date) from public;
grant execute on function market.calendar_days(text, date, date) to marketbase_reader;
