import { EXIT, UserError } from "../../config/user-error.ts";
import { decision, decisionOptions, moment } from "../decision.ts";
import type { Command } from "../command.ts";

/** `marketbase gates release`: a person lets through what findings hold back. */
const command: Command = {
  name: "gates release",
  summary: "Let a step go on with what findings hold back",
  usage: "[--step STEP] [--dataset NAME] [--symbol SYMBOL] --by NAME --reason TEXT [--until MOMENT]",
  details:
    "Releases the findings that hold back now, by step, dataset and symbol, one of which has to be named. What is found later holds back again.\n" +
    "The findings stay open. The next run of the step does what was left; who, why and until when is kept.",
  examples: [
    ['marketbase gates release --step features --symbol AAPL --by "Ada Lovelace" --reason "the exchange confirmed the bar"', "features of AAPL"],
    ["marketbase gates release --symbol AAPL --by Ada --reason \"checked by hand\" --until 2026-12-31", "every step, until then"],
  ],
  options: {
    step: { type: "string", value: "STEP", description: "only this step", choices: ["features", "train", "predict"] },
    dataset: { type: "string", value: "NAME", description: "only findings in this dataset, such as price_data" },
    symbol: { type: "string", value: "SYMBOL", description: "only this instrument" },
    ...decisionOptions,
    until: { type: "string", value: "MOMENT", description: "when the gate closes again over them, a day or a moment in UTC (default: never)" },
  },
  async run(context) {
    const { option } = context;
    const { by, reason } = decision(context);
    const [step, dataset, symbol, until] = [option("step"), option("dataset"), option("symbol"), moment("--until", option("until"))];
    if (step === undefined && dataset === undefined && symbol === undefined) {
      throw new UserError("A release names what it releases.", { exitCode: EXIT.usage, hint: "Give --step, --dataset, --symbol or several of them." });
    }
    const { one } = await import("../../database/pool.ts");
    const { transaction } = await import("../../database/transaction.ts");
    const { count } = await import("../../output/table.ts");
    const { withPool } = await import("../with-pool.ts");
    await withPool(context, "marketbase gates release", "worker", 1, async (pool) => {
      const released = await transaction(pool, (client) =>
        one<{ gate_release_id: number; findings: number } & Record<string, unknown>>(
          client,
          "select gate_release_id::float8, finding_count::float8 as findings, step, dataset, decided_by, reason, until, recorded_at from quality.release_gate($1, $2, $3, $4, $5, $6)",
          [by, reason, step ?? null, dataset ?? null, symbol ?? null, until ?? null],
        ),
      );
      context.print(
        `release ${released.gate_release_id}: ${count(released.findings)} ${released.findings === 1 ? "finding holds" : "findings hold"} back no longer`,
        { ...released, symbol: symbol ?? null },
      );
    });
  },
};

export default command;
