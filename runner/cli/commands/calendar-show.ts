import { EXIT, UserError } from "../../config/user-error.ts";
import type { Command } from "../command.ts";

/** `marketbase calendar show`: the sessions of an exchange, and why there is none on a day. */
const command: Command = {
  name: "calendar show",
  summary: "Show the sessions of an exchange, in UTC",
  usage: "MIC [--from DATE] [--to DATE]",
  details: "MIC is a market identifier code or a name such as NYSE, LSE, FX or crypto. Without dates: the four weeks from today on. With --json every session is there.",
  examples: [
    ["marketbase calendar show XLON --from 2026-12-21 --to 2027-01-04", "half days and holidays"],
    ["marketbase calendar show fx", "Sunday 17:00 to Friday 17:00, New York time"],
  ],
  options: {
    from: { type: "string", value: "DATE", description: "first day, as 2024-12-31" },
    to: { type: "string", value: "DATE", description: "last day" },
  },
  arguments: { min: 1, max: 1 },
  async run(context) {
    const from = day(context.option("from"), "--from") ?? new Date().toISOString().slice(0, 10);
    const to = day(context.option("to"), "--to") ?? new Date(Date.parse(from) + 27 * 86_400_000).toISOString().slice(0, 10);
    if (to < from) throw new UserError(`The first day, ${from}, lies after the last day, ${to}.`, { exitCode: EXIT.usage });
    const { withPool } = await import("../with-pool.ts");
    const { one, rows } = await import("../../database/pool.ts");
    const { table } = await import("../../output/table.ts");
    await withPool(context, "marketbase calendar show", "reader", 1, async (pool) => {
      const exchange = await one<{ mic: string; name: string; calendar: string; time_zone: string }>(
        pool, "select mic, name, calendar, time_zone from market.exchange where mic = market.exchange_mic($1)", [context.args[0]],
      );
      const instant = (column: string) => `to_char(hours.${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as ${column}`;
      const sessions = await rows(
        pool,
        `select hours.session_date::text as date, ${["open_at", "close_at", "break_start", "break_end"].map(instant).join(", ")}, hours.is_half_day
         from market.session_hours($1, $2, $3) as hours order by hours.session_date`,
        [exchange.mic, from, to],
      );
      const days = await rows(
        pool, "select session_date::text as date, effect, reason from market.calendar_days($1, $2, $3) where extract(isodow from session_date) < 6", [exchange.mic, from, to],
      );
      const reasons = new Map(days.map(({ date, reason }) => [date, reason]));
      const lines = [
        ...sessions.map((one) => [one["date"], one["open_at"], one["close_at"], one["break_start"] === null ? "" : `${String(one["break_start"])} to ${String(one["break_end"])}`, one["is_half_day"] === true ? `half day${reasons.has(one["date"]) ? `: ${String(reasons.get(one["date"]))}` : ""}` : ""]),
        ...days.filter(({ effect, date }) => effect === "closed" && !sessions.some((one) => one["date"] === date)).map(({ date, reason }) => [date, "closed", "", "", reason]),
      ].sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
      const note = exchange.calendar === "weekdays" ? `\n\nNo calendar of ${exchange.mic} is known, so that every weekday counts: marketbase calendar import FILE brings one.` : "";
      context.print(
        `${exchange.mic}, ${exchange.name} (${exchange.time_zone})\n${lines.length === 0 ? `There is no session from ${from} to ${to}.` : table(["date", "opens", "closes", "break", ""], lines)}${note}`,
        { ...exchange, sessions, exceptions: days },
      );
    });
  },
};

/** The day that an option names. */
function day(text: string | undefined, name: string): string | undefined {
  if (text === undefined) return undefined;
  const date = /^\d{4}-\d\d-\d\d$/.test(text) ? new Date(`${text}T00:00:00Z`) : undefined;
  if (date === undefined || Number.isNaN(date.valueOf()) || date.toISOString().slice(0, 10) !== text) {
    throw new UserError(`${name}: "${text.slice(0, 40)}" is not a date.`, { exitCode: EXIT.usage, hint: "Write it as 2024-12-31." });
  }
  return text;
}

export default command;
