-- Expectations of a daily figure by its own past.
create or replace function quality.expect_metric(p_frame quality.expectation_frame, p_expectation text, p_parameters jsonb)
returns quality.expectation_plan
language plpgsql
stable
parallel safe
set search_path to pg_catalog, pg_temp
as $$
declare
  v_metric constant text := p_parameters ->> 'metric';
  v_season constant text := coalesce(p_parameters ->> 'season', 'none');
  v_name constant text := p_parameters ->> 'column';
  v_baseline constant integer := coalesce((p_parameters ->> 'baseline')::numeric, 60);
  v_min_baseline constant integer := coalesce((p_parameters ->> 'min_baseline')::numeric, 10);
  v_mic constant text := coalesce(quote_literal(p_parameters ->> 'mic'), case when p_frame.is_by_instrument then 'instrument.mic' end);
  v_value text;
  v_column text;
begin
  if v_metric not in ('row_count', 'sum', 'mean', 'null_share', 'lag') then
    raise exception using errcode = 'MB001', message = format('There is no metric %s.', quote_literal(left(v_metric, 40))), hint = 'It is row_count, sum, mean, null_share or lag.';
  elsif v_season not in ('none', 'weekday', 'session') then
    raise exception using errcode = 'MB001', message = format('There is no season %s.', quote_literal(left(v_season, 40))), hint = 'It is none, weekday or session.';
  elsif v_metric <> 'row_count' and v_name is null then
    raise exception using errcode = 'MB001', message = format('The metric %s needs a column.', v_metric), hint = 'Name one.';
  elsif p_parameters ->> 'time_column' is null then
    raise exception using errcode = 'MB001', message = format('%s has no time by which it could be cut into days.', p_frame.relation), hint = 'Name a time_column.';
  elsif v_season = 'session' and v_mic is null then
    raise exception using errcode = 'MB001', message = 'There is no exchange whose sessions could be told apart.', hint = 'Give mic, or group by instrument_id.';
  elsif p_parameters ->> 'mic' is not null and not exists (select from market.exchange as exchange where exchange.mic = p_parameters ->> 'mic') then
    raise exception using errcode = 'MB002', message = format('There is no exchange %s.', quote_literal(left(p_parameters ->> 'mic', 20))), hint = 'select mic from market.exchange lists them.';
  elsif v_baseline < 1 or v_min_baseline < 1 or v_min_baseline > v_baseline then
    raise exception using errcode = 'MB001', message = format('A baseline of %s days, at least %s of them, is none.', v_baseline, v_min_baseline), hint = 'min_baseline lies between 1 and baseline.';
  end if;
  if v_metric in ('sum', 'mean') then
    v_column := quality.number_column(p_frame.relation, v_name);
  elsif v_name is not null then
    v_column := quality.dataset_column(p_frame.relation, v_name);
    if v_metric = 'lag' and quality.dataset_type(p_frame.relation, v_name) <> 'timestamptz'::regtype then
      raise exception using errcode = 'MB001', message = format('Column %s of %s is no time of arrival but %s.', v_name, p_frame.relation, quality.dataset_type(p_frame.relation, v_name)), hint = 'Name a column such as recorded_at.';
    end if;
  end if;
  v_value := case v_metric
    when 'row_count' then 'count(*)'
    when 'sum' then format('coalesce(sum(%s), 0)', v_column)
    when 'mean' then format('avg(%s)', v_column)
    when 'null_share' then format('count(*) filter (where %s is null)::double precision / count(*)', v_column)
    when 'lag' then format('max(extract(epoch from %s - d._ts))', v_column)
  end;
  return row(
    format(
      $sql$
      with found as (
        select d._group, (d._ts at time zone 'UTC')::date as day, (%1$s)::double precision as value, bool_or(d._masked) as is_masked
        from (%2$s) as d
        where d._ts is not null and isfinite(d._ts)
        group by d._group, (d._ts at time zone 'UTC')::date
      ),
      span as (
        select found._group, min(found.day) as first_day, max(found.day) as last_day from found group by found._group
      ),
      day as (
        select
          span._group, calendar.day, calendar.season,
          coalesce(found.is_masked, false) or %3$s as is_masked,
          case when not (coalesce(found.is_masked, false) or %3$s) then %4$s end as value
        from span
        %5$s
        left join found on found._group = span._group and found.day = calendar.day
      ),
      scored as (
        select
          day.*, day.day::timestamp at time zone 'UTC' as ts, day.day >= case when $2 > '-infinity' then ($2 at time zone 'UTC')::date else '-infinity' end as is_asked,
          array_agg(day.value) over (partition by day._group, day.season order by day.day rows between %6$s preceding and 1 preceding) as baseline
        from day
      )
      select
        %7$s as instrument_id, scored.ts, case when scored.is_asked then scored.ts end as from_ts, case when scored.is_asked then scored.ts end as to_ts,
        %8$s as key,
        jsonb_build_object(
          %9$L, scored.value, 'score', quality.robust_score(scored.value, scored.baseline),
          'usual', (select percentile_cont(0.5) within group (order by x) from unnest(scored.baseline) as x)
        ) as observed,
        case
          when scored.is_asked and not scored.is_masked and scored.value is not null
            and (select count(x) from unnest(scored.baseline) as x) >= %10$s
          then %11$s(quality.robust_score(scored.value, scored.baseline)) < %12$L::double precision
        end as is_expected,
        (scored.is_masked and scored.is_asked)::integer as masked_count
      from scored
      $sql$,
      v_value,
      p_frame.rows_sql,
      -- A day without rows does not say whose they would have been.
      coalesce(
        format(
          p_frame.incident_sql,
          case
            when p_frame.is_by_instrument then '(incident.instrument_id is null or incident.instrument_id = span._group)'
            when p_frame.group_by = 'provider' then 'incident.instrument_id is null and (incident.provider is null or incident.provider = span._group)'
            else 'incident.instrument_id is null and incident.provider is null'
          end || ' and found.day is null',
          '(calendar.day::timestamp at time zone ''UTC'')'
        ),
        'false'
      ),
      case when v_metric in ('row_count', 'sum') then 'coalesce(found.value, 0)' else 'found.value' end,
      case
        when v_mic is not null then format(
          '%s cross join lateral (select traded.day, %s as season from market.session_dates(%s, span.first_day, span.last_day) as traded (day) %s) as calendar',
          case when p_frame.is_by_instrument then 'join market.instrument as instrument on instrument.instrument_id = span._group' else '' end,
          case v_season when 'none' then '0' when 'weekday' then 'extract(isodow from traded.day)::integer' else 'coalesce(session.is_half_day, false)::integer' end,
          v_mic,
          case v_season when 'session' then format('left join market.trading_session as session on session.mic = %s and session.session_date = traded.day', v_mic) else '' end
        )
        else format(
          'cross join lateral (select span.first_day + n as day, %s as season from generate_series(0, span.last_day - span.first_day) as n) as calendar',
          case v_season when 'none' then '0' else 'extract(isodow from span.first_day + n)::integer' end
        )
      end,
      v_baseline,
      case when p_frame.is_by_instrument then 'scored._group' else 'null::bigint' end,
      case when p_frame.group_by is null or p_frame.is_by_instrument then 'jsonb_build_object(''day'', scored.day)' else format('jsonb_build_object(''day'', scored.day, %L, scored._group)', p_frame.group_by) end,
      concat_ws(' of ', v_metric, v_name),
      v_min_baseline,
      case when coalesce((p_parameters -> 'two_sided')::boolean, true) then 'abs' else '' end,
      p_parameters ->> 'max_score'
    ),
    p_frame.is_by_instrument,
    format('a %s less than %s robust deviations from the %s days before%s', concat_ws(' of ', v_metric, v_name), p_parameters ->> 'max_score', v_baseline,
      case v_season when 'weekday' then ' on the same day of the week' when 'session' then ' with the same kind of session' else '' end)
  );
end;
$$;

comment on function quality.expect_metric(quality.expectation_frame, text, jsonb) is
E'@behavior -*\nHow metric_usual is checked in p_frame: the rows of each group are cut into days (UTC) of time_column, and the figure of a day is compared with those of the baseline days before it (default 60, at least min_baseline, default 10; the day itself is never among them) by quality.robust_score, which says what a past without any variance means: the same value again has the score 0, any other an infinite one.
metric: row_count, sum or mean of column, null_share of column, or lag (seconds from the time of a row to column, the largest of the day). Days are the sessions of the exchange of the instrument, or of mic; where there is neither, all from the first to the last. A day without rows has a row_count and a sum of 0 and no other figure.
season: weekday compares with the same day of the week, session half days with half days and full ones with full ones. A day with a row in a known incident, or without rows within one, is masked: neither judged nor part of a baseline. Errors: MB001 for parameters that do not fit, MB002 for an unknown exchange.';

revoke all on function quality.expect_metric(quality.expectation_frame, text, jsonb) from public;
grant execute on function quality.expect_metric(quality.expectation_frame, text, jsonb) to marketbase_worker, marketbase_author;
