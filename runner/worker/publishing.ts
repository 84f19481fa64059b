import type pg from "pg";
import { value } from "../database/pool.ts";
import { auditOnline } from "../online/audit.ts";
import type { Publisher } from "../online/publish.ts";

/** How often it is looked whether a change is to be published … */
const PUBLISH_MS = 500;
/** … how often all that should be in Redis is looked at … */
const SWEEP_MS = 60_000;
/** … and how often it is looked whether an audit is due. */
const AUDIT_MS = 300_000;

/** Values that an audit compares. */
const AUDIT_SAMPLE = 1_000;

const auditDueQuery = `
  select not exists (
    select
    from pipeline.pipeline_run as run
    where run.flow = 'features audit' and run.started_at > now() - interval '1 hour'
  )`;

/**
 * Keeps Redis like the database while the worker runs: warms it at once, publishes each change after its commit, renews what is there, and compares a
 * sample with the database every hour. Whatever fails is said and tried again at the next turn.
 */
export function keepPublishing(pool: pg.Pool, publisher: Publisher, redisUrl: string, say: (message: string) => void): { stop(): Promise<void> } {
  const trouble = (error: Error) => say(`Features could not be published: ${error.message}`);
  let swept = -Infinity;
  let audited = performance.now();
  let busy: Promise<void> | undefined;
  const turn = async () => {
    const now = performance.now();
    if (now - swept >= SWEEP_MS) {
      swept = now;
      await publisher.sweep();
    } else await publisher.publish();
    if (now - audited < AUDIT_MS) return;
    audited = now;
    if (!(await value<boolean>(pool, auditDueQuery))) return;
    const differing = (await auditOnline(pool, redisUrl, AUDIT_SAMPLE))?.differing ?? [];
    for (const { message } of differing.slice(0, 10)) say(`Audit of Redis: ${message}`);
  };
  const tick = () => {
    busy ??= turn().catch(trouble).finally(() => (busy = undefined));
  };
  tick();
  const timer = setInterval(tick, PUBLISH_MS);
  return {
    stop: async () => {
      clearInterval(timer);
      await busy;
      publisher.close();
    },
  };
}
