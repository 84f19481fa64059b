import { changeSchedule } from "../change-schedule.ts";
import type { Command } from "../command.ts";

/** `marketbase schedule pause`. */
const command: Command = {
  name: "schedule pause",
  summary: "Stop a schedule for now",
  usage: "NAME",
  details: "What becomes due meanwhile is made up once when it goes on.",
  examples: [["marketbase schedule pause yahoo-daily", "the one of that name"]],
  options: {},
  arguments: { min: 1, max: 1 },
  run: (context) => changeSchedule(context, "pause", "is paused; marketbase schedule resume has it go on"),
};

export default command;
