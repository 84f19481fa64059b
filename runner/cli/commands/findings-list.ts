import { EXIT, type ExitCode } from "../../config/user-error.ts";
import { moment } from "../decision.ts";
import type { Command } from "../command.ts";

interface Finding extends Record<string, unknown> {
  readonly finding_id: number;
  readonly state: string;
  readonly severity: string;
  readonly rule: string;
  readonly about: string | null;
  readonly at: string | null;
  readonly message: string;
  readonly last_seen: string;
  readonly decided_by: string | null;
}

const severities = ["critical", "error", "warning", "info"] as const;

/** `marketbase findings list`: what rules found wrong and what became of it. */
const command: Command = {
  name: "findings list",
  summary: "List what rules found wrong, with its state",
  usage: "[--state STATE…] [--rule NAME] [--symbol SYMBOL] [--provider NAME] [--severity NAME…] [--as-of MOMENT] [--limit N]",
  details:
    "A finding that later looks see again stays the same finding. It is open; acknowledged by somebody, until a time or for good; resolved by a look that found the row right; masked by a known incident\n" +
    "(marketbase incidents list); or reopened.\n" +
    "Without --state those that need somebody: open and reopened ones of rules in force. Acknowledged and masked ones are counted below the list. Exit status 3 when open or reopened ones are listed.",
  examples: [
    ["marketbase findings list", "what is wrong now, the gravest first"],
    ["marketbase findings list --state acknowledged", "what somebody has acknowledged, and who"],
    ["marketbase findings list --symbol AAPL --severity critical --severity error --json", "for programs"],
    ["marketbase findings list --as-of 2026-11-01", "what was known to be wrong then"],
  ],
  options: {
    state: { type: "string", value: "STATE", description: "only these states", choices: ["open", "acknowledged", "reopened", "resolved", "masked"], multiple: true },
    rule: { type: "string", value: "NAME", description: "only this rule" },
    symbol: { type: "string", value: "SYMBOL", description: "only this instrument" },
    provider: { type: "string", value: "NAME", description: "only the bodies of this provider" },
    severity: { type: "string", value: "NAME", description: "only these severities", choices: severities, multiple: true },
    "as-of": { type: "string", value: "MOMENT", description: "as they were at this moment (default: now)" },
    limit: { type: "string", value: "N", description: "at most so many, 1 to 100000 (default: 50)" },
  },
  async run(context): Promise<ExitCode> {
    const { option, all, print } = context;
    const { positiveInteger } = await import("../positive-integer.ts");
    const limit = positiveInteger("--limit", option("limit") ?? "50", 100_000);
    const asOf = moment("--as-of", option("as-of"));
    const states = all("state").length > 0 ? all("state") : ["open", "reopened"];
    const { one, rows } = await import("../../database/pool.ts");
    const { count, table } = await import("../../output/table.ts");
    const { withPool } = await import("../with-pool.ts");
    return await withPool(context, "marketbase findings list", "reader", 1, async (pool) => {
      const filter =
        `from quality.findings_as_of(coalesce($1::timestamptz, 'infinity')) as finding
         where ($2::text is null or finding.rule = $2) and ($3::text is null or finding.symbol = upper($3)) and ($4::text is null or finding.provider = $4)
           and (cardinality($5::text[]) = 0 or finding.severity = any ($5))`;
      const values = [asOf ?? null, option("rule") ?? null, option("symbol") ?? null, option("provider") ?? null, all("severity")];
      const findings = await rows<Finding>(
        pool,
        `select finding.finding_id::float8, finding.state, finding.severity, finding.rule, coalesce(finding.symbol, concat_ws(' ', finding.provider, finding.subject)) as about,
           to_char(finding.ts at time zone 'UTC', case when finding.ts = date_trunc('day', finding.ts, 'UTC') then 'YYYY-MM-DD' else 'YYYY-MM-DD HH24:MI"Z"' end) as at,
           finding.message, to_char(finding.first_seen_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI"Z"') as first_seen,
           to_char(finding.last_seen_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI"Z"') as last_seen,
           finding.key, finding.observed, finding.expected, finding.dataset, finding.provider, finding.subject, finding.symbol, finding.since, finding.decided_by, finding.reason, finding.until
         ${filter} and finding.state = any ($6) and (finding.is_in_force or cardinality($7::text[]) > 0)
         order by array_position(array['critical', 'error', 'warning', 'info'], finding.severity), finding.rule, about, finding.ts, finding.finding_id
         limit $8`,
        [...values, states, all("state"), limit + 1],
      );
      const shown = findings.slice(0, limit);
      const { suppressed, masked } = await one<{ suppressed: number; masked: number }>(
        pool,
        `select count(*) filter (where finding.state = 'acknowledged')::int as suppressed, count(*) filter (where finding.state = 'masked')::int as masked ${filter}`,
        values,
      );
      const isDecided = shown.some(({ decided_by }) => decided_by !== null);
      print(
        [
          shown.length === 0
            ? "No finding."
            : table(
                ["finding", "state", "severity", "rule", "about", "at", "what is wrong", "last seen", ...(isDecided ? ["by"] : [])],
                shown.map((one) => [
                  one.finding_id, one.state, one.severity, one.rule, one.about ?? "", one.at ?? "", one.message.length > 90 ? `${one.message.slice(0, 89)}…` : one.message, one.last_seen,
                  ...(isDecided ? [one.decided_by ?? ""] : []),
                ]),
              ),
          ...(findings.length > limit ? [`There are more: --limit ${limit * 2} shows them.`] : []),
          ...(suppressed > 0 ? [`${count(suppressed)} acknowledged${states.includes("acknowledged") ? "" : ", not shown: --state acknowledged"}.`] : []),
          ...(masked > 0 ? [`${count(masked)} masked by known incidents${states.includes("masked") ? "" : ", not shown: --state masked"}.`] : []),
        ].join("\n"),
        { findings: shown, suppressed, masked, more: findings.length > limit },
      );
      return shown.some(({ state }) => state === "open" || state === "reopened") ? EXIT.findings : EXIT.ok;
    });
  },
};

export default command;
