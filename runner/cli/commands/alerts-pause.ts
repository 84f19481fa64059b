import { changeDestination } from "../change-destination.ts";
import type { Command } from "../command.ts";

/** `marketbase alerts pause`. */
const command: Command = {
  name: "alerts pause",
  summary: "Send nothing to a destination of alerts for a while",
  usage: "NAME",
  details: "It gets no new events; what waits already is sent when it goes on.",
  examples: [["marketbase alerts pause on-call", "until it is resumed"]],
  options: {},
  arguments: { min: 1, max: 1 },
  run: (context) => changeDestination(context, "pause", "is paused"),
};

export default command;
