import { changeDestination } from "../change-destination.ts";
import type { Command } from "../command.ts";

/** `marketbase alerts remove`. */
const command: Command = {
  name: "alerts remove",
  summary: "Remove a destination of alerts",
  usage: "NAME",
  details: "What waits for it is not sent; the events stay in pipeline.outbox_event for the time of marketbase.outbox_retention.",
  examples: [["marketbase alerts remove on-call", "nothing is sent there any more"]],
  options: {},
  arguments: { min: 1, max: 1 },
  run: (context) => changeDestination(context, "remove", "is removed"),
};

export default command;
