-- Reads a landed CSV of the members of a universe.
create or replace function ingest.record_members(p_run_id bigint, p_raw_response_id bigint) returns ingest.acceptance
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  given_universe text;
  given_date date;
  fetched timestamptz;
  covered date;
  header text[];
  symbol_at integer;
  from_at integer;
  to_at integer;
  sector_at integer;
  cik_at integer;
  name_at integer;
  is_snapshot boolean;
  bad record;
  outcome ingest.acceptance;
begin
  perform ingest.require_success(p_raw_response_id);
  select response.subject, substring(response.url from '[?&]date=(\d{4}-\d\d-\d\d)')::date, response.fetched_at
  into given_universe, given_date, fetched
  from ingest.raw_response as response
  where response.raw_response_id = p_raw_response_id;
  given_date := coalesce(given_date, (fetched at time zone 'UTC')::date);
  select array_agg(lower(btrim(field, e' \t\ufeff')) order by position) into header
  from unnest(ingest.csv_fields(nullif(btrim(ingest.first_line(p_raw_response_id), e' \t\ufeff'), ''))) with ordinality as fields (field, position);
  symbol_at := coalesce(array_position(header, 'symbol'), array_position(header, 'ticker'));
  from_at := coalesce(array_position(header, 'start_date'), array_position(header, 'from_date'), array_position(header, 'valid_from'));
  to_at := coalesce(array_position(header, 'end_date'), array_position(header, 'to_date'), array_position(header, 'valid_to'));
  sector_at := coalesce(array_position(header, 'sector'), array_position(header, 'gics sector'));
  cik_at := array_position(header, 'cik');
  name_at := coalesce(array_position(header, 'security'), array_position(header, 'name'), array_position(header, 'company'));
  -- Without spells it says who is a member on one day.
  is_snapshot := from_at is null;
  if symbol_at is null or is_snapshot and to_at is not null then
    raise exception using
      errcode = 'MB005',
      message = format('the file has no column %s; its columns are %s', case when symbol_at is null then 'symbol' else 'start_date' end, coalesce(left(array_to_string(header, ', '), 500), 'none')),
      hint = 'Members need symbol (or ticker); with start_date and end_date the file tells all spells, without them the members of one day. sector, cik and name are taken in where they are given.';
  end if;

  create temporary table if not exists member_line (
    line_no bigint, field_count integer, symbol text, from_text text, to_text text, sector text, cik text, name text, instrument_id bigint
  ) on commit drop;
  delete from pg_temp.member_line;
  insert into pg_temp.member_line
  select
    lines.line_no, cardinality(fields), upper(btrim(fields[symbol_at])), nullif(btrim(fields[from_at]), ''), nullif(btrim(fields[to_at]), ''),
    nullif(btrim(fields[sector_at]), ''), nullif(btrim(fields[cik_at]), ''), nullif(btrim(fields[name_at]), '')
  from ingest.body_lines(p_raw_response_id) as lines
  cross join lateral (select ingest.csv_fields(lines.line) as fields) as split
  where lines.line_no > 1;

  select line.line_no, problem.text into bad
  from (
    select line.*, lag(line.line_no) over same as twice, lag(line.from_text) over same as before_from, lag(coalesce(line.to_text, '9999-12-31')) over same as before_to
    from pg_temp.member_line as line
    window same as (partition by line.symbol order by line.from_text, line.line_no)
  ) as line
  cross join lateral (
    select case
      when line.field_count <> cardinality(header) then format('it has %s fields where the header has %s', line.field_count, cardinality(header))
      when ingest.is_symbol(line.symbol) is not true then format('"%s" cannot be a symbol', left(line.symbol, 40))
      when is_snapshot and line.twice is not null then format('%s is there twice, first in line %s', line.symbol, line.twice)
      when not is_snapshot and line.from_text is null then 'the first day is missing'
      when not ingest.is_iso_date(line.from_text) then format('"%s" is not a date written as YYYY-MM-DD', left(line.from_text, 40))
      when not ingest.is_iso_date(line.to_text) then format('"%s" is not a date written as YYYY-MM-DD', left(line.to_text, 40))
      when line.to_text <= line.from_text then format('%s would leave on %s, not after it came on %s', line.symbol, line.to_text, line.from_text)
      when not is_snapshot and line.from_text < line.before_to then format('%s came on %s, before its spell of line %s ended', line.symbol, line.from_text, line.twice)
      when line.cik !~ '^\d{1,10}$' then format('"%s" is not a CIK', left(line.cik, 40))
    end as text
  ) as problem
  where problem.text is not null
  order by line.line_no
  limit 1;
  if found then
    raise exception using
      errcode = 'MB004', message = format('line %s: %s', bad.line_no, bad.text), hint = 'Nothing of the file was taken in. Correct the line and import it again.';
  elsif not exists (select from pg_temp.member_line) then
    raise exception using errcode = 'MB004', message = 'the file has no members', hint = 'A universe that ends is one whose members all have an end_date.';
  end if;

  perform pg_advisory_xact_lock(hashtextextended('market.universe ' || given_universe, 0));
  insert into market.universe (universe, run_id) values (given_universe, p_run_id) on conflict (universe) do nothing;
  select universe.covered_to into covered from market.universe where universe.universe = given_universe;
  update pg_temp.member_line as line
  set instrument_id = market.member_instrument_id(p_run_id, line.symbol, coalesce(line.from_text::date, given_date), coalesce(line.to_text::date, 'infinity'));

  -- What the file says, as spells.
  create temporary table if not exists member_spell (instrument_id bigint, symbol text, valid_from date, valid_to date) on commit drop;
  delete from pg_temp.member_spell;
  if is_snapshot then
    insert into pg_temp.member_spell
    select
      member.instrument_id, member.symbol, member.valid_from,
      case when member.valid_to > given_date and line.instrument_id is null then greatest(given_date, member.valid_from + 1) else member.valid_to end
    from market.universe_member as member
    left join pg_temp.member_line as line using (instrument_id)
    where member.universe = given_universe and member.known_to is null;
    insert into pg_temp.member_spell
    select line.instrument_id, line.symbol, given_date, 'infinity'
    from pg_temp.member_line as line
    where not exists (select from pg_temp.member_spell as spell where spell.instrument_id = line.instrument_id and spell.valid_to > given_date);
  else
    insert into pg_temp.member_spell
    select line.instrument_id, line.symbol, line.from_text::date, coalesce(line.to_text::date, 'infinity') from pg_temp.member_line as line;
  end if;

  -- What is no longer so ends when it ended, if that is news; a correction counts from the arrival of the file.
  with gone as (
    update market.universe_member as member
    set known_to = greatest(member.known_from, coalesce(ended.at, fetched))
    from (
      select
        current.instrument_id, current.member_id,
        case
          when spell.valid_to > coalesce(covered, '-infinity') and spell.valid_to::timestamp at time zone 'UTC' <= fetched
            then spell.valid_to::timestamp at time zone 'UTC'
        end as at
      from market.universe_member as current
      left join pg_temp.member_spell as spell
        on spell.instrument_id = current.instrument_id and spell.valid_from = current.valid_from and current.valid_to = 'infinity'
      where current.universe = given_universe and current.known_to is null
        and not exists (
          select
          from pg_temp.member_spell as same
          where same.instrument_id = current.instrument_id and same.valid_from = current.valid_from and same.valid_to = current.valid_to
        )
    ) as ended
    where member.instrument_id = ended.instrument_id and member.member_id = ended.member_id
    returning member.instrument_id, member.valid_from, member.known_to
  ), fresh as (
    select
      spell.*, gone.known_to as follows,
      spell.valid_from::timestamp at time zone 'UTC' as begins_at,
      nullif(spell.valid_to, 'infinity')::timestamp at time zone 'UTC' as ends_at,
      spell.valid_from > coalesce(covered, '-infinity') and spell.valid_from::timestamp at time zone 'UTC' <= fetched as is_news
    from pg_temp.member_spell as spell
    left join gone on gone.instrument_id = spell.instrument_id and gone.valid_from = spell.valid_from
    where not exists (
      select
      from market.universe_member as same
      where same.universe = given_universe and same.known_to is null and same.instrument_id = spell.instrument_id
        and same.valid_from = spell.valid_from and same.valid_to = spell.valid_to
    )
  ), row_to_add as (
    -- While a member was one, nobody knew when it would leave.
    select instrument_id, symbol, valid_from, date 'infinity' as valid_to, begins_at as known_from, ends_at as known_to
    from fresh
    where follows is null and is_news and ends_at <= fetched
    union all
    select
      instrument_id, symbol, valid_from, valid_to,
      case when follows is not null then follows when not is_news then fetched when ends_at <= fetched then ends_at else begins_at end,
      null::timestamptz
    from fresh
  ), added as (
    insert into market.universe_member (universe, instrument_id, symbol, valid_from, valid_to, known_from, known_to, run_id)
    select given_universe, instrument_id, symbol, valid_from, valid_to, known_from, known_to, p_run_id
    from row_to_add
    returning known_to
  )
  select
    (select count(*) from fresh where follows is null),
    (select count(*) from gone),
    (select count(*) from pg_temp.member_spell) - (select count(*) from fresh)
  into outcome.new_count, outcome.changed_count, outcome.unchanged_count
  where (select count(*) from added) >= 0;
  update market.universe
  set covered_to = greatest(covered_to, case when is_snapshot then given_date else (fetched at time zone 'UTC')::date end)
  where universe = given_universe;

  update market.instrument
  set cik = coalesce(lpad(line.cik, 10, '0'), instrument.cik), name = coalesce(instrument.name, line.name)
  from pg_temp.member_line as line
  where instrument.instrument_id = line.instrument_id and line.to_text is null
    and (coalesce(lpad(line.cik, 10, '0'), instrument.cik), coalesce(instrument.name, line.name)) is distinct from (instrument.cik, instrument.name);
  perform market.set_group(p_run_id, 'sector', named.sector, named.symbols, given_date, fetched)
  from (
    select line.sector, array_agg(instrument.symbol) as symbols
    from pg_temp.member_line as line
    join market.instrument using (instrument_id)
    where line.sector is not null and line.to_text is null
    group by line.sector
    order by line.sector
  ) as named;
  return outcome;
end
$$;

comment on function ingest.record_members(bigint, bigint) is
'Takes a CSV of members of the universe that the subject names into market.universe_member and gives how many spells are new, changed and as before. Columns: symbol (or ticker), and either start_date and end_date (all spells of all time; end_date is the first day on which it was no longer a member,
empty where it still is; spells that the file does not have were wrong), or none of them: who is a member on the date in the url (date=2024-12-31; the day of arrival without it), so that who was a member before and is not there has left.
A change is known from the day on which it took effect if that is later than what was covered before, else from the arrival of the file. Tickers are those of the time (market.member_instrument_id).
sector goes into market.instrument_group from that date on, cik and name to the instrument. MB005 for a missing column, MB004 with the number of the first bad line.';

revoke all on function ingest.record_members(bigint, bigint) from public;
grant execute on function ingest.record_members(bigint, bigint) to marketbase_worker;
