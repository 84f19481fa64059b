-- Rows of a body that fail a critical rule leave the candidates and wait in quarantine.
create or replace function pipeline.quarantine_candidates(p_run_id bigint, p_raw_response_id bigint) returns bigint
language sql volatile parallel unsafe
begin atomic
  with rejected as materialized (
    select rejected.row_no, rejected.rules, rejected.reason from quality.validate_candidates(p_run_id, p_raw_response_id) as rejected
  ),
  bar as (
    delete from ingest.candidate_bar candidate
    using rejected
    where candidate.raw_response_id = p_raw_response_id and candidate.row_no = rejected.row_no
    returning candidate.*, rejected.rules, rejected.reason
  ),
  fact as (
    delete from ingest.candidate_fact candidate
    using rejected
    where candidate.raw_response_id = p_raw_response_id and candidate.row_no = rejected.row_no
    returning candidate.*, rejected.rules, rejected.reason
  ),
  removed as (
    select
      'bars' as dataset, bar.row_no, bar.symbol, bar.instrument_id, bar.ts, bar.rules, bar.reason, bar.payload,
      jsonb_build_object(
        'symbol', bar.symbol, 'bar_interval', bar.bar_interval, 'ts', bar.ts, 'session_date', bar.session_date, 'open', bar.open, 'high', bar.high, 'low', bar.low,
        'close', bar.close, 'volume', bar.volume, 'adjusted_close', bar.adjusted_close
      ) as content
    from bar
    union all
    select
      'fundamentals', fact.row_no, instrument.symbol, fact.instrument_id, fact.period_end::timestamp at time zone 'UTC', fact.rules, fact.reason, fact.payload,
      to_jsonb(fact) - '{raw_response_id,row_no,payload,rules,reason}'::text[]
    from fact
    left join market.instrument on instrument.instrument_id = fact.instrument_id
  ),
  quarantined as (
    insert into ingest.quarantine (raw_response_id, dataset, row_no, symbol, instrument_id, ts, rules, reason, payload, run_id)
    select
      p_raw_response_id, removed.dataset, removed.row_no, removed.symbol, removed.instrument_id, removed.ts, removed.rules,
      coalesce(removed.payload ->> 'problem', removed.reason), coalesce(removed.payload, removed.content), p_run_id
    from removed
    on conflict (raw_response_id, dataset, row_no) do nothing
  )
  select count(*) from removed;
end;

comment on function pipeline.quarantine_candidates(bigint, bigint) is
'Judges the candidates of the body p_raw_response_id by quality.validate_candidates and moves those that fail a critical rule into ingest.quarantine, in the run p_run_id. Gives their number. Errors: those of quality.validate_candidates.';

revoke all on function pipeline.quarantine_candidates(bigint, bigint) from public;
grant execute on function pipeline.quarantine_candidates(bigint, bigint) to marketbase_worker;
