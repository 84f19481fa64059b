import type { Command } from "../command.ts";

/** `marketbase alerts retry`. */
const command: Command = {
  name: "alerts retry",
  summary: "Send again what a destination did not take, what was given up as well",
  usage: "[NAME]",
  details: "The events keep their keys and their order, the attempts are counted anew. A running worker sends them.",
  examples: [
    ["marketbase alerts retry on-call", "the destination of that name"],
    ["marketbase alerts retry", "every destination"],
  ],
  options: {},
  arguments: { min: 0, max: 1 },
  async run(context) {
    const { value } = await import("../../database/pool.ts");
    const { withPool } = await import("../with-pool.ts");
    const [name] = context.args;
    await withPool(context, "marketbase alerts retry", "worker", 1, async (pool) => {
      const count = await value<number>(pool, "select pipeline.retry_deliveries($1)", [name ?? null]);
      context.print(`${count} ${count === 1 ? "event is" : "events are"} sent again.`, { name: name ?? null, count });
    });
  },
};

export default command;
