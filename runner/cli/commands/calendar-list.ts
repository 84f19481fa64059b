import type { Command } from "../command.ts";

/** `marketbase calendar list`: which exchanges have a calendar. */
const command: Command = {
  name: "calendar list",
  summary: "List the exchanges and what is known of their sessions",
  usage: "",
  examples: [["marketbase calendar list", "XNYS, XLON, FX24 and the others"]],
  options: {},
  async run(context) {
    const { withPool } = await import("../with-pool.ts");
    const { rows } = await import("../../database/pool.ts");
    const { count, table } = await import("../../output/table.ts");
    await withPool(context, "marketbase calendar list", "reader", 1, async (pool) => {
      const found = await rows(
        pool,
        `select exchange.mic, exchange.name, exchange.aliases, exchange.time_zone, exchange.calendar, exchange.calendar_mic,
           count(session.session_date)::int as sessions, min(session.session_date)::text as first_date, max(session.session_date)::text as last_date,
           coalesce(bool_or(session.run_id is not null), false) as is_imported
         from market.exchange
         left join market.trading_session as session using (mic)
         group by exchange.mic
         order by exchange.calendar = 'weekdays', exchange.mic`,
      );
      context.print(
        table(
          ["mic", "name", "also", "time zone", "sessions", "from", "to", "source"],
          found.map((one) => [
            one["mic"], one["name"], (one["aliases"] as string[]).join(", "), one["time_zone"], one["calendar"] === "sessions" ? count(Number(one["sessions"])) : "",
            one["first_date"] ?? "", one["last_date"] ?? "",
            one["calendar"] === "always" ? "never closes" : one["calendar"] === "weekdays" ? "no calendar: every weekday" : one["is_imported"] === true ? "a file" : one["calendar_mic"] === null ? "rules" : `rules of ${String(one["calendar_mic"])}`,
          ]),
        ),
        found,
      );
    });
  },
};

export default command;
