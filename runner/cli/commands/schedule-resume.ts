import { changeSchedule } from "../change-schedule.ts";
import type { Command } from "../command.ts";

/** `marketbase schedule resume`. */
const command: Command = {
  name: "schedule resume",
  summary: "Have a paused schedule go on",
  usage: "NAME",
  details: "What became due while it was paused is made up once.",
  examples: [["marketbase schedule resume yahoo-daily", "the one of that name"]],
  options: {},
  arguments: { min: 1, max: 1 },
  run: (context) => changeSchedule(context, "resume", "goes on"),
};

export default command;
