import { incidentId, moment } from "../decision.ts";
import type { Command } from "../command.ts";

/** `marketbase incidents end`: the data is good again. */
const command: Command = {
  name: "incidents end",
  summary: "Say from when on the data of an incident is good again",
  usage: "ID [--at MOMENT]",
  details:
    "Rows later than that are judged again by the next validation. Nothing is overwritten: the incident is withdrawn and recorded anew with its end, so that reports of the past stay what they are.",
  examples: [
    ["marketbase incidents end 3", "now"],
    ["marketbase incidents end 3 --at 2026-11-04T21:00Z", "the last bad row is of then or before"],
  ],
  arguments: { min: 1, max: 1 },
  options: { at: { type: "string", value: "MOMENT", description: "its last moment, in UTC (default: now)" } },
  async run(context) {
    const id = incidentId(context.args);
    const at = moment("--at", context.option("at"));
    const { one } = await import("../../database/pool.ts");
    const { withPool } = await import("../with-pool.ts");
    await withPool(context, "marketbase incidents end", "author", 1, async (pool) => {
      const incident = await one<{ known_incident_id: number } & Record<string, unknown>>(
        pool,
        "select known_incident_id::float8, dataset, from_ts, to_ts, reason, recorded_by, recorded_at from quality.end_incident($1, $2)",
        [id, at ?? null],
      );
      context.print(`incident ${id} is ended; its span is on record as incident ${incident.known_incident_id}`, { ...incident, ended: Number(id) });
    });
  },
};

export default command;
