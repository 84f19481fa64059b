import type { Command } from "../command.ts";

/** `marketbase demo`: the whole flow, then the end. */
const command: Command = {
  name: "demo",
  summary: "Run the whole flow over the sample universe and exit",
  usage: "[--json]",
  details: "Does what marketbase start does, without serving GraphQL afterwards.",
  examples: [
    ["marketbase demo", "run the flow and print what came of it"],
    ["marketbase demo --json", "the same figures for a program"],
  ],
  options: {},
  async run(context) {
    const { runDemonstration } = await import("../../flow/session.ts");
    return await runDemonstration(context, { serve: false });
  },
};

export default command;
