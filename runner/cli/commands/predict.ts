import type { Command } from "../command.ts";

/** `marketbase predict`: the step predict by itself. */
const command: Command = {
  name: "predict",
  summary: "Predict with the current models and join known outcomes",
  usage: "",
  details: "Predictions that were made stay; new bars get new ones.",
  examples: [
    ["marketbase predict", "predict for new bars"],
  ],
  options: {},
  async run(context) {
    const { runSingleStep } = await import("../../flow/single-step.ts");
    return await runSingleStep(context, "predict");
  },
};

export default command;
