import { UserError } from "../../config/user-error.ts";
import type { Command } from "../command.ts";

/** `marketbase universe show`: the members on a day, as known at a moment. */
const command: Command = {
  name: "universe show",
  summary: "Show the members of a universe on a day, as known at a moment",
  usage: "NAME [--date DATE] [--as-of MOMENT]",
  details: "The members of the time, also where they were delisted or renamed since. --as-of tells what was known then; without it what is known now.",
  examples: [
    ["marketbase universe show sp500 --date 2008-09-12", "with Lehman Brothers in it"],
    ["marketbase universe show sp500 --date 2017-06-19 --as-of 2017-06-01", "what one knew of that day on 1 June"],
  ],
  options: {
    date: { type: "string", value: "DATE", description: "day, as 2024-12-31 (default today)" },
    "as-of": { type: "string", value: "MOMENT", description: "what was known at that moment; UTC unless it names a zone (default now)" },
  },
  arguments: { min: 1, max: 1 },
  async run(context) {
    const { withPool } = await import("../with-pool.ts");
    const { rows } = await import("../../database/pool.ts");
    const { table } = await import("../../output/table.ts");
    const [name] = context.args;
    await withPool(context, "marketbase universe show", "reader", 1, async (pool) => {
      const universes = (await rows<{ universe: string }>(pool, "select universe from market.universe order by universe")).map(({ universe }) => universe);
      if (!universes.includes(name ?? "")) {
        throw new UserError(`There is no universe ${name ?? ""}.`, { hint: universes.length === 0 ? "marketbase universe import NAME FILE brings one." : `There are: ${universes.join(", ")}.` });
      }
      const found = await rows(
        pool,
        `select member.symbol, instrument.name, sector.name as sector, member.valid_from::text, member.valid_to::text, instrument.symbol as current_symbol
         from market.universe_members($1, coalesce($2::date, current_date), coalesce($3::timestamptz, now())) as member
         join market.instrument using (instrument_id)
         left join market.group_as_of('sector', coalesce($2::date, current_date), coalesce($3::timestamptz, now())) as sector using (instrument_id)
         order by member.symbol, member.instrument_id`,
        [name, context.option("date") ?? null, context.option("as-of") ?? null],
      );
      context.print(
        found.length === 0
          ? `${name ?? ""} had no members then.`
          : `${table(["symbol", "name", "sector", "from", "to", "now"], found.map((one) => [one["symbol"], one["name"] ?? "", one["sector"] ?? "", one["valid_from"], one["valid_to"] ?? "", one["current_symbol"] === one["symbol"] ? "" : one["current_symbol"]]))}\n${found.length} members`,
        found,
      );
    });
  },
};

export default command;
