import type { CommandContext } from "./command.ts";

/** Pauses, resumes or removes the destination of alerts that is named, and says so. */
export async function changeDestination(context: CommandContext, change: "pause" | "resume" | "remove", said: string): Promise<void> {
  const [name = ""] = context.args;
  const { withPool } = await import("./with-pool.ts");
  await withPool(context, `marketbase alerts ${change}`, "worker", 1, async (pool) => {
    await pool.query("select pipeline.change_destination($1, $2)", [name, change]);
    context.print(`The destination ${name} ${said}.`, { name, change });
  });
}
