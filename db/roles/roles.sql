-- The roles of marketbase: for the whole server, before the migrations, by a superuser or a role that may create roles. Safe to repeat.

do $$
declare
  v_role text;
begin
  foreach v_role in array array[
    'marketbase_owner', 'marketbase_reader', 'marketbase_analyst', 'marketbase_auditor', 'marketbase_author',
    'marketbase_probe', 'marketbase_migrator', 'marketbase_worker', 'marketbase_authenticator'
  ] loop
    if to_regrole(v_role) is null then
      execute format('create role %I nologin', v_role);
    end if;
    if (select rolsuper from pg_roles where rolname = current_user) then
      -- Only a superuser may say this, even where it is so already.
      execute format('alter role %I nosuperuser nobypassrls noreplication nocreaterole nocreatedb', v_role);
    else
      -- Whoever created a role may administer it but not use it; the installation needs both.
      execute format('grant %I to current_user with inherit true, set true', v_role);
    end if;
  end loop;
end;
$$;

comment on role marketbase_owner is 'marketbase: owns the database and every object; nobody logs in as it.';
comment on role marketbase_reader is 'marketbase: reads market data, features and results; anonymous GraphQL.';
comment on role marketbase_analyst is 'marketbase: a reader who may run the analysis functions.';
comment on role marketbase_auditor is 'marketbase: a reader who also sees runs, lineage and the audit chain.';
comment on role marketbase_author is 'marketbase: a reader who may define features and rules.';
comment on role marketbase_probe is 'marketbase: an analyst from whom row-level security hides all but the instruments of one look-ahead probe; the worker becomes it to compute in a closed world.';
comment on role marketbase_migrator is 'marketbase: logs in to migrate and acts as the owner.';
comment on role marketbase_worker is 'marketbase: logs in to ingest, compute and train; writes through functions.';
comment on role marketbase_authenticator is 'marketbase: logs in for GraphQL and psql; has no right but to become reader, analyst, auditor or author.';

alter role marketbase_owner nologin;
alter role marketbase_reader nologin;
alter role marketbase_analyst nologin;
alter role marketbase_auditor nologin;
alter role marketbase_author nologin;
alter role marketbase_probe nologin;

do $$
begin
  -- To see when the oldest open transaction began; where an administrator may not give it, two hours are assumed.
  grant pg_read_all_stats to marketbase_owner with inherit true;
exception
  when insufficient_privilege then null;
end;
$$;

grant marketbase_reader to marketbase_analyst, marketbase_auditor, marketbase_author with inherit true;
grant marketbase_analyst to marketbase_worker, marketbase_probe with inherit true;
-- The worker may become a probe, and is not one.
grant marketbase_probe to marketbase_worker with inherit false, set true;

alter role marketbase_migrator login noinherit connection limit 20;
grant marketbase_owner to marketbase_migrator with inherit false, set true;
alter role marketbase_migrator set role to 'marketbase_owner';
alter role marketbase_migrator set statement_timeout to '1h';
alter role marketbase_migrator set lock_timeout to '10s';
alter role marketbase_migrator set idle_in_transaction_session_timeout to '10min';
alter role marketbase_migrator set transaction_timeout to '2h';

alter role marketbase_worker login inherit connection limit 30;
alter role marketbase_worker set statement_timeout to '30min';
alter role marketbase_worker set lock_timeout to '30s';
alter role marketbase_worker set idle_in_transaction_session_timeout to '5min';
alter role marketbase_worker set transaction_timeout to '1h';

alter role marketbase_authenticator login noinherit connection limit 40;
grant marketbase_reader, marketbase_analyst, marketbase_auditor, marketbase_author to marketbase_authenticator with inherit false, set true;
alter role marketbase_authenticator set statement_timeout to '30s';
alter role marketbase_authenticator set lock_timeout to '5s';
alter role marketbase_authenticator set idle_in_transaction_session_timeout to '30s';
alter role marketbase_authenticator set transaction_timeout to '60s';
