import { changeDestination } from "../change-destination.ts";
import type { Command } from "../command.ts";

/** `marketbase alerts resume`. */
const command: Command = {
  name: "alerts resume",
  summary: "Let a destination of alerts that was paused go on",
  usage: "NAME",
  details: "A running worker sends at once what waited.",
  examples: [["marketbase alerts resume on-call", "what waited is sent"]],
  options: {},
  arguments: { min: 1, max: 1 },
  run: (context) => changeDestination(context, "resume", "goes on"),
};

export default command;
