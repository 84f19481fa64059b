import { moment } from "../decision.ts";
import type { Command } from "../command.ts";

interface Incident extends Record<string, unknown> {
  readonly known_incident_id: number;
  readonly dataset: string;
  readonly about: string;
  readonly first: string | null;
  readonly last: string | null;
  readonly reason: string;
  readonly recorded_by: string;
  readonly withdrawn: string | null;
  readonly masked_findings: number;
}

/** `marketbase incidents list`: which data is known to be bad, and why. */
const command: Command = {
  name: "incidents list",
  summary: "List spans of data that are known to be bad",
  usage: "[--dataset NAME] [--all] [--as-of MOMENT]",
  details:
    "No rule keeps a finding about rows in a known incident: what it masks is counted in each result, and findings that were open before are masked by the next look.\n" +
    "Without --all those that mask; with it also those that were ended or withdrawn.",
  examples: [
    ["marketbase incidents list", "those that mask now"],
    ["marketbase incidents list --all --json", "every one that was ever recorded, for programs"],
    ["marketbase incidents list --as-of 2026-11-01", "those that masked then"],
  ],
  options: {
    dataset: { type: "string", value: "NAME", description: "only this dataset, such as price_data" },
    all: { type: "boolean", description: "also those that mask no longer" },
    "as-of": { type: "string", value: "MOMENT", description: "as they were at this moment (default: now)" },
  },
  async run(context) {
    const { flag, option, print } = context;
    const asOf = moment("--as-of", option("as-of"));
    const { rows } = await import("../../database/pool.ts");
    const { count, table } = await import("../../output/table.ts");
    const { withPool } = await import("../with-pool.ts");
    await withPool(context, "marketbase incidents list", "reader", 1, async (pool) => {
      const incidents = await rows<Incident>(
        pool,
        `select incident.known_incident_id::float8, incident.dataset, concat_ws(' ', instrument.symbol, incident.provider) as about, instrument.symbol, incident.provider,
           to_char(incident.from_ts at time zone 'UTC', 'YYYY-MM-DD HH24:MI"Z"') as first, to_char(incident.to_ts at time zone 'UTC', 'YYYY-MM-DD HH24:MI"Z"') as last,
           incident.reason, incident.recorded_by, incident.recorded_at,
           case when incident.withdrawn_at <= at.moment then to_char(incident.withdrawn_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI"Z"') end as withdrawn,
           case when incident.withdrawn_at <= at.moment then incident.withdrawn_by end as withdrawn_by,
           (
             select count(*)::float8
             from quality.finding_event as event
             where event.known_incident_id = incident.known_incident_id and event.recorded_at <= at.moment
           ) as masked_findings
         from (select coalesce($2::timestamptz, 'infinity') as moment) as at
         join quality.known_incident as incident on incident.recorded_at <= at.moment
         left join market.instrument as instrument using (instrument_id)
         where ($1::text is null or incident.dataset = $1) and ($3 or incident.withdrawn_at is null or incident.withdrawn_at > at.moment)
         order by incident.known_incident_id`,
        [option("dataset") ?? null, asOf ?? null, flag("all")],
      );
      const isWithdrawn = incidents.some(({ withdrawn }) => withdrawn !== null);
      print(
        incidents.length === 0
          ? "No incident is known."
          : table(
              ["incident", "dataset", "about", "from", "to", "what happened", "recorded by", "masked findings", ...(isWithdrawn ? ["until"] : [])],
              incidents.map((one) => [
                one.known_incident_id, one.dataset, one.about === "" ? "all" : one.about, one.first ?? "", one.last ?? "", one.reason, one.recorded_by, count(one.masked_findings),
                ...(isWithdrawn ? [one.withdrawn ?? ""] : []),
              ]),
            ),
        incidents,
      );
    });
  },
};

export default command;
