import type { Command } from "../command.ts";

/** `marketbase universe list`: which universes there are. */
const command: Command = {
  name: "universe list",
  summary: "List the universes and how many members they have",
  usage: "",
  examples: [["marketbase universe list", "members today and of all time"]],
  options: {},
  async run(context) {
    const { withPool } = await import("../with-pool.ts");
    const { rows } = await import("../../database/pool.ts");
    const { count, table } = await import("../../output/table.ts");
    await withPool(context, "marketbase universe list", "reader", 1, async (pool) => {
      const found = await rows(
        pool,
        `select universe.universe, universe.description, universe.covered_to::text,
           count(*) filter (where spell.valid_from <= current_date and coalesce(spell.valid_to, 'infinity') > current_date)::int as members,
           count(distinct spell.instrument_id)::int as members_ever, count(spell.member_id)::int as spells, min(spell.valid_from)::text as first_date
         from market.universe
         left join market.universe_spell as spell using (universe)
         group by universe.universe
         order by universe.universe`,
      );
      context.print(
        found.length === 0
          ? "There is no universe yet: marketbase universe import NAME FILE."
          : table(
              ["universe", "members", "ever", "spells", "from", "covered to"],
              found.map((one) => [one["universe"], count(Number(one["members"])), count(Number(one["members_ever"])), count(Number(one["spells"])), one["first_date"] ?? "", one["covered_to"] ?? ""]),
            ),
        found,
      );
    });
  },
};

export default command;
