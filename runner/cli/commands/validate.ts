import type { Command } from "../command.ts";

/** `marketbase validate`: the step validate by itself. */
const command: Command = {
  name: "validate",
  summary: "Apply the rules on stored data to what changed",
  usage: "[--all]",
  details: "Rules are applied to the instruments whose data changed since they were last checked. Exit status 3 when a check failed, severity info aside.",
  examples: [
    ["marketbase validate", "check what changed"],
    ["marketbase validate --all", "check everything again"],
  ],
  options: { all: { type: "boolean", description: "take every instrument, not only those whose data changed" } },
  async run(context) {
    const { runSingleStep } = await import("../../flow/single-step.ts");
    return await runSingleStep(context, "validate");
  },
};

export default command;
