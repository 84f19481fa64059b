import { EXIT, type ExitCode } from "../../config/user-error.ts";
import type { Command } from "../command.ts";

interface Gate extends Record<string, unknown> {
  readonly step: string;
  readonly datasets: string[];
  readonly severities: string[];
  readonly rules: string[];
}

interface Held extends Record<string, unknown> {
  readonly step: string;
  readonly symbol: string;
  readonly reason: string;
  readonly findings: number;
  readonly since: string;
}

/** `marketbase gates list`: what findings hold back. */
const command: Command = {
  name: "gates list",
  summary: "List the gates of the steps, and what findings hold back now",
  usage: "",
  details:
    "A step leaves an instrument alone while a finding that its gate names is open. It goes on when the finding is resolved, acknowledged (marketbase findings acknowledge) or released\n" +
    "(marketbase gates release). marketbase gates define says which findings a gate names. Exit status 3 when something is held back.",
  examples: [
    ["marketbase gates list", "what is held back, and why"],
    ["marketbase gates list --json", "for programs"],
  ],
  options: {},
  async run(context): Promise<ExitCode> {
    const { rows } = await import("../../database/pool.ts");
    const { count, table } = await import("../../output/table.ts");
    const { withPool } = await import("../with-pool.ts");
    return await withPool(context, "marketbase gates list", "reader", 1, async (pool) => {
      const gates = await rows<Gate>(pool, "select step, datasets, severities, rules, description, in_force_from, recorded_by from quality.gate_in_force order by step");
      const held = await rows<Held>(
        pool,
        `select step, symbol, rules, datasets, reason, finding_count::float8 as findings, to_char(since at time zone 'UTC', 'YYYY-MM-DD HH24:MI"Z"') as since
         from quality.held_back order by step, symbol`,
      );
      const closes = ({ severities, rules }: Gate) => [...(severities.length > 0 ? [severities.join(", ")] : []), ...rules].join("; ");
      context.print(
        [
          table(["step", "held back by", "in"], gates.map((gate) => [gate.step, closes(gate) || "nothing", gate.datasets.join(", ")])),
          "",
          held.length === 0
            ? "Nothing is held back."
            : `${table(["step", "symbol", "findings", "rules", "since"], held.map((one) => [one.step, one.symbol, count(one.findings), one.reason, one.since]))}\n\n` +
              "marketbase gates release --step STEP --symbol SYMBOL --by NAME --reason TEXT lets one through.",
        ].join("\n"),
        { gates, held },
      );
      return held.length === 0 ? EXIT.ok : EXIT.findings;
    });
  },
};

export default command;
