import type { Command } from "../command.ts";

/** `marketbase features`: the step features by itself. */
const command: Command = {
  name: "features",
  summary: "Compute the feature sets where bars changed",
  usage: "[--all]",
  details: "Only what depends on a changed bar is computed again.",
  examples: [
    ["marketbase features", "compute what is out of date"],
    ["marketbase features --all", "compute everything again; equal values change nothing"],
  ],
  options: { all: { type: "boolean", description: "take every instrument, not only those whose data changed" } },
  async run(context) {
    const { runSingleStep } = await import("../../flow/single-step.ts");
    return await runSingleStep(context, "features");
  },
};

export default command;
