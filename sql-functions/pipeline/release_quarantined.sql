-- A person lets a row out of quarantine.
create or replace function pipeline.release_quarantined(p_quarantine_id bigint, p_by text, p_reason text) returns ingest.quarantine_release
language plpgsql volatile parallel unsafe
set search_path to pg_catalog, pg_temp
as $$
declare
  refused ingest.quarantine;
  before ingest.quarantine_release;
  release_id bigint;
  accepted ingest.acceptance;
  result ingest.quarantine_release;
  broken text;
begin
  perform quality.require_decision(p_by, p_reason);
  select * into refused from ingest.quarantine where quarantine.quarantine_id = p_quarantine_id;
  if not found then
    raise exception using
      errcode = 'MB002',
      message = format('There is no row %s in quarantine.', coalesce(p_quarantine_id::text, 'NULL')),
      hint = 'ingest.quarantine lists them.';
  end if;
  -- Nobody reads or releases rows of this body meanwhile.
  perform pg_advisory_xact_lock(hashtextextended('ingest.normalisation ' || refused.raw_response_id, 0));
  select * into before from ingest.quarantine_release where quarantine_release.quarantine_id = p_quarantine_id;
  if found then
    raise exception using
      errcode = 'MB008',
      message = format('Row %s of the quarantine was released by %s: %s', p_quarantine_id, before.decided_by, before.reason),
      hint = 'A row is released once; what it says is stored.';
  end if;
  if refused.instrument_id is null or refused.ts is null or refused.dataset not in ('bars', 'fundamentals')
    or not refused.payload ?& (case refused.dataset when 'bars' then array['open', 'high', 'low', 'close', 'volume'] else array['concept', 'value'] end)
    or refused.payload ? 'problem'
  then
    raise exception using
      errcode = 'MB008',
      message = format('Row %s of the quarantine cannot be stored: %s', p_quarantine_id, refused.reason),
      hint = 'Only a bar or a fact that could be read, of a known instrument, can be released. Correct the body and import it.';
  end if;

  release_id := pipeline.start_run('ingest', 'release', null, jsonb_build_object('quarantine_id', p_quarantine_id, 'by', p_by, 'reason', p_reason));
  begin
    if refused.dataset = 'bars' then
      insert into ingest.candidate_bar (
        raw_response_id, row_no, symbol, instrument_id, bar_interval, ts, session_date, open, high, low, close, volume, adjusted_close
      )
      select
        refused.raw_response_id, refused.row_no, refused.symbol, refused.instrument_id, coalesce(bar.bar_interval, '1d'), refused.ts,
        coalesce(bar.session_date, (refused.ts at time zone 'UTC')::date), bar.open, bar.high, bar.low, bar.close, bar.volume, bar.adjusted_close
      from jsonb_populate_record(null::ingest.candidate_bar, refused.payload) as bar;
      accepted := ingest.accept_bars(release_id, refused.raw_response_id);
      delete from ingest.candidate_bar candidate where candidate.raw_response_id = refused.raw_response_id;
    else
      insert into ingest.candidate_fact (
        raw_response_id, row_no, instrument_id, taxonomy, concept, unit, period_start, period_end, value, fiscal_year, fiscal_period, form, accession,
        filed, known_from
      )
      select
        refused.raw_response_id, refused.row_no, refused.instrument_id, fact.taxonomy, fact.concept, fact.unit, fact.period_start, fact.period_end,
        fact.value, fact.fiscal_year, fact.fiscal_period, fact.form, fact.accession, fact.filed, fact.known_from
      from jsonb_populate_record(null::ingest.candidate_fact, refused.payload) as fact;
      accepted := ingest.accept_facts(release_id, refused.raw_response_id);
      delete from ingest.candidate_fact candidate where candidate.raw_response_id = refused.raw_response_id;
    end if;
  exception
    when check_violation or not_null_violation then
      get stacked diagnostics broken = constraint_name;
      raise exception using
        errcode = 'MB008',
        message = format('Row %s of the quarantine cannot be stored: %s', p_quarantine_id, refused.reason),
        hint = format('No decision makes it fit into its table (%s). Correct the body and import it.', coalesce(nullif(broken, ''), 'a value is missing'));
  end;

  insert into ingest.quarantine_release (quarantine_id, decided_by, reason, new_count, changed_count, run_id)
  values (p_quarantine_id, p_by, p_reason, accepted.new_count, accepted.changed_count, release_id)
  returning * into result;

  -- What the rules found wrong about it is known now.
  perform quality.acknowledge(found.finding_ids, p_by, 'released from quarantine: ' || left(p_reason, 1900))
  from (
    select array_agg(distinct sighting.finding_id) as finding_ids
    from quality.validation_result
    join quality.validation_finding as finding using (validation_result_id, recorded_at)
    join quality.finding_sighting as sighting using (validation_finding_id, recorded_at)
    join quality.finding_states() as state using (finding_id)
    where validation_result.raw_response_id = refused.raw_response_id
      and validation_result.rule = any (refused.rules)
      and finding.instrument_id = refused.instrument_id
      and finding.ts = refused.ts
      and state.state <> 'resolved'
  ) as found
  where cardinality(found.finding_ids) > 0;

  perform pipeline.finish_run(
    release_id, 1, accepted.new_count + accepted.changed_count, jsonb_build_object('quarantine_id', p_quarantine_id),
    format('released by %s: %s', p_by, p_reason)
  );
  return result;
end
$$;

comment on function pipeline.release_quarantined(bigint, text, text) is
'Takes the row p_quarantine_id of ingest.quarantine in all the same: p_by is the person, p_reason why. It becomes a row, a version or, where a better provider or a newer body has the word, nothing, as any row of its body would have; its run is one of its own, with both in its parameters, and lineage.trace shows the release between the row and the body. The findings about it are acknowledged. All in one transaction.
Errors: MB001 without person or reason, MB002 for an unknown row, MB008 for one that was released, could not be read, has no instrument or does not fit into its table (prices that are no prices, high below low).';

revoke all on function pipeline.release_quarantined(bigint, text, text) from public;
grant execute on function pipeline.release_quarantined(bigint, text, text) to marketbase_worker;
