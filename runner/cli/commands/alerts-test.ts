import { EXIT, UserError } from "../../config/user-error.ts";
import type { Command } from "../command.ts";

/** How long a worker that has the event in hand may take to settle it. */
const PATIENCE_MS = 8_000;

/** `marketbase alerts test`. */
const command: Command = {
  name: "alerts test",
  summary: "Send an event that tells nothing to a destination, and say what came of it",
  usage: "NAME",
  details: "It is sent from here, behind what waits for the destination: the variables with its address and its secret have to be set here too. Exit status 75 when it was not taken.",
  examples: [["marketbase alerts test on-call", "does it arrive?"]],
  options: {},
  arguments: { min: 1, max: 1 },
  async run(context) {
    const { setTimeout: sleep } = await import("node:timers/promises");
    const { deliverDue } = await import("../../alerts/deliver.ts");
    const { one, value } = await import("../../database/pool.ts");
    const { withPool } = await import("../with-pool.ts");
    const [name = ""] = context.args;
    await withPool(context, "marketbase alerts test", "worker", 2, async (pool) => {
      const eventId = await value<string>(pool, "select pipeline.test_destination($1)", [name]);
      const until = performance.now() + PATIENCE_MS;
      for (;;) {
        await deliverDue(pool, process.env, name);
        const { state, waiting, is_due, last_error } = await one<{ state: string; waiting: number; is_due: boolean; last_error: string | null }>(
          pool,
          `select case when delivery.delivered_at is not null then 'delivered' when delivery.dead_at is not null then 'dead' else 'waiting' end as state,
             status.waiting::int as waiting, coalesce(status.next_attempt_at <= clock_timestamp(), false) as is_due, coalesce(delivery.last_error, status.last_error) as last_error
           from pipeline.outbox_delivery as delivery
           join pipeline.outbox_status as status using (destination)
           where delivery.event_id = $1 and delivery.destination = $2`,
          [eventId, name],
        );
        if (state === "delivered") return context.print(`${name} took the event ${eventId}.`, { name, event_id: eventId, state });
        if (state === "dead" || !is_due || performance.now() > until) {
          throw new UserError(`${name} did not take the event: ${last_error ?? "it is still in hand."}`, {
            exitCode: EXIT.tryAgain,
            hint: state === "dead" ? `Mend the cause, then marketbase alerts retry ${name}.` : `${waiting} wait for it and are sent again by a worker; marketbase alerts retry ${name} does not wait.`,
          });
        }
        await sleep(200, undefined, { signal: context.signal });
      }
    });
  },
};

export default command;
