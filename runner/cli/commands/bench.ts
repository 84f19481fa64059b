import { EXIT, UserError } from "../../config/user-error.ts";
import type { Command } from "../command.ts";

/** `marketbase bench`: measures, beside what users would do instead. */
const command: Command = {
  name: "bench",
  summary: "Measure how fast it is, beside what one would do instead",
  usage: "[NAME…] [--scale N] [--rounds N] [--full]",
  details:
    "Without a name all benchmarks run: features (computing and storing them), point-in-time (joining labels), online (answers over HTTP), audit (sealing and verifying), quality (all rules on prices), defects (what the rules find in real files, and of defects planted in others).\n" +
    "Each has a server of its own, set as the embedded one is, which is gone afterwards: your data is neither read nor changed. At full size it takes about ten minutes and 6 GB of disk.\n" +
    "With --json every single measurement is printed too.",
  examples: [
    ["npm run bench features", "the figures that the documentation speaks of"],
    ["npm run bench features -- --scale 0.1 --rounds 1", "a quick look, at a tenth of the size"],
    ["npm run --silent bench features -- --json > bench.json", "for programs"],
  ],
  arguments: { min: 0, max: 10 },
  options: {
    scale: { type: "string", value: "N", description: "size, as a fraction of the full one (default: 1)" },
    rounds: { type: "string", value: "N", description: "how often each thing is measured (default: 3)" },
    full: { type: "boolean", description: "also what takes long: ten million bars" },
  },
  async run(context) {
    const { benchmarks } = await import("../../bench/benchmarks.ts");
    const { runBenchmarks } = await import("../../bench/run.ts");
    const { describe } = await import("../../bench/describe.ts");
    const { createProgress } = await import("../../output/progress.ts");
    const { positiveInteger } = await import("../positive-integer.ts");
    const names = context.args.length > 0 ? context.args : Object.keys(benchmarks);
    const chosen = await Promise.all(
      names.map(async (name) => {
        const load = benchmarks[name];
        if (load === undefined) throw new UserError(`There is no benchmark ${name}.`, { exitCode: EXIT.usage, hint: `There are: ${Object.keys(benchmarks).join(", ")}.` });
        return (await load()).benchmark;
      }),
    );
    const scale = Number(context.option("scale") ?? "1");
    if (!(scale > 0 && scale <= 10)) throw new UserError(`--scale takes a number above 0 and up to 10, not ${context.option("scale") ?? ""}.`, { exitCode: EXIT.usage });
    const rounds = positiveInteger("--rounds", context.option("rounds") ?? "3", 100);
    // It takes long: progress is shown whatever the form of the result.
    const found = await runBenchmarks(context.config, chosen, { scale, rounds, full: context.flag("full"), progress: createProgress(), signal: context.signal });
    context.print(describe(found.machine, found.findings), { machine: found.machine, scale, rounds, benchmarks: found.findings });
  },
};

export default command;
