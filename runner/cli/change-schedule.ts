import type { CommandContext } from "./command.ts";

/** Pauses, resumes or removes the schedule that is named, and says so. */
export async function changeSchedule(context: CommandContext, change: "pause" | "resume" | "remove", said: string): Promise<void> {
  const [name = ""] = context.args;
  const { withPool } = await import("./with-pool.ts");
  await withPool(context, `marketbase schedule ${change}`, "worker", 1, async (pool) => {
    await pool.query("select pipeline.change_schedule($1, $2)", [name, change]);
    context.print(`The schedule ${name} ${said}.`, { name, change });
  });
}
