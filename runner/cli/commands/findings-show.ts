import { EXIT, UserError } from "../../config/user-error.ts";
import { findingIds } from "../decision.ts";
import type { Command } from "../command.ts";

interface Shown extends Record<string, unknown> {
  readonly finding_id: number;
  readonly state: string;
  readonly severity: string;
  readonly rule: string;
  readonly rule_version: string;
  readonly about: string | null;
  readonly at: string | null;
  readonly message: string;
  readonly key: unknown;
  readonly observed: unknown;
  readonly expected: string;
  readonly description: string;
  readonly remedy: string;
  readonly sightings: number;
}

interface Event extends Record<string, unknown> {
  readonly event: string;
  readonly recorded_at: string;
  readonly run_id: number | null;
  readonly decided_by: string | null;
  readonly reason: string | null;
  readonly until: string | null;
}

/** `marketbase findings show`: one finding and its life. */
const command: Command = {
  name: "findings show",
  summary: "Show a finding, what to do about it, and its life",
  usage: "ID",
  examples: [
    ["marketbase findings show 17", "the finding 17"],
    ["marketbase findings show 17 --json", "for programs"],
  ],
  options: {},
  arguments: { min: 1, max: 1 },
  async run(context) {
    const [id] = findingIds(context.args);
    const { rows } = await import("../../database/pool.ts");
    const { count, table } = await import("../../output/table.ts");
    const { withPool } = await import("../with-pool.ts");
    await withPool(context, "marketbase findings show", "reader", 1, async (pool) => {
      const [finding] = await rows<Shown>(
        pool,
        `select finding.finding_id::float8, finding.state, finding.severity, finding.rule, finding.rule_version, finding.dataset,
           coalesce(finding.symbol, concat_ws(' ', finding.provider, finding.subject)) as about, finding.symbol, finding.provider, finding.subject,
           to_char(finding.ts at time zone 'UTC', 'YYYY-MM-DD HH24:MI"Z"') as at, finding.message, finding.key, finding.observed, finding.expected,
           rule.description, rule.remedy, (select count(*)::float8 from quality.finding_sighting as seen where seen.finding_id = finding.finding_id) as sightings,
           finding.first_seen_at, finding.last_seen_at, finding.decided_by, finding.reason, finding.until
         from quality.finding
         join quality.validation_rule as rule on rule.rule = finding.rule and rule.version = finding.rule_version
         where finding.finding_id = $1`,
        [id],
      );
      if (finding === undefined) throw new UserError(`There is no finding ${id ?? ""}.`, { exitCode: EXIT.failed, hint: "marketbase findings list shows them." });
      const events = await rows<Event>(
        pool,
        `select event.event, to_char(event.recorded_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS"Z"') as recorded_at, event.run_id::float8, event.decided_by, coalesce(event.reason, incident.reason) as reason, event.known_incident_id::float8,
           to_char(event.until at time zone 'UTC', 'YYYY-MM-DD HH24:MI"Z"') as until, event.recorded_by
         from quality.finding_event as event
         left join quality.known_incident as incident on incident.known_incident_id = event.known_incident_id
         where event.finding_id = $1 order by event.finding_event_id`,
        [id],
      );
      const text = [
        `finding ${finding.finding_id}: ${finding.state}, ${finding.severity}`,
        `rule     ${finding.rule} ${finding.rule_version}`,
        `about    ${[finding.about, finding.at].filter((part) => part !== null && part !== "").join(", ")}`,
        `wrong    ${finding.message}`,
        `key      ${JSON.stringify(finding.key)}`,
        `observed ${JSON.stringify(finding.observed)}`,
        `expected ${finding.expected}`,
        `means    ${finding.description}`,
        `to do    ${finding.remedy}`,
        `seen     ${count(finding.sightings)} ${finding.sightings === 1 ? "time" : "times"}`,
        "",
        table(
          ["when", "what", "by", "why", "until"],
          events.map((one) => [one.recorded_at, one.event, one.decided_by ?? `run ${one.run_id ?? ""}`, one.reason ?? "", one.until ?? ""]),
        ),
      ];
      context.print(text.join("\n"), { ...finding, events });
    });
  },
};

export default command;
