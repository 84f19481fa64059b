import type { Command } from "../command.ts";

/** `marketbase train`: the step train by itself. */
const command: Command = {
  name: "train",
  summary: "Train the models whose data changed",
  usage: "",
  details: "A model whose training rows, parameters and code are what they were keeps its training run.",
  examples: [
    ["marketbase train", "train what is out of date"],
  ],
  options: {},
  async run(context) {
    const { runSingleStep } = await import("../../flow/single-step.ts");
    return await runSingleStep(context, "train");
  },
};

export default command;
