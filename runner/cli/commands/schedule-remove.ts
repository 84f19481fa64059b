import { changeSchedule } from "../change-schedule.ts";
import type { Command } from "../command.ts";

/** `marketbase schedule remove`. */
const command: Command = {
  name: "schedule remove",
  summary: "Remove a schedule",
  usage: "NAME",
  details: "What it has fetched stays.",
  examples: [["marketbase schedule remove yahoo-daily", "the one of that name"]],
  options: {},
  arguments: { min: 1, max: 1 },
  run: (context) => changeSchedule(context, "remove", "is removed"),
};

export default command;
