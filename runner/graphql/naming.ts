import "postgraphile";

/**
 * The names of the API are those of SQL, by one rule: table or view `x.y_z` is the type `YZ` and the list `yZs`, function `x.f_g` is `xFG`,
 * argument `p_a_b` is `aB`, a foreign key `z_id` is the field `z`, and the rows that point back are named as their table.
 * Table names are unique across the schemas (the catalogue lint holds that), so they need no prefix.
 */
export const NamingPlugin: GraphileConfig.Plugin = {
  name: "MarketbaseNamingPlugin",
  version: "1.0.0",
  after: ["PgSimplifyInflectionPlugin"],
  inflection: {
    replace: {
      _schemaPrefix() {
        return "";
      },
      // What the API leaves out (a `@behavior` in its comment) takes no name from what it shows.
      tableResourceName(previous, _preset, details) {
        return isLeftOut(details.pgClass) ? `${details.pgClass.getNamespace()?.nspname}_${previous!(details)}` : previous!(details);
      },
      classCodecName(previous, _preset, details) {
        return isLeftOut(details.pgClass) ? `${details.pgClass.getNamespace()?.nspname}_${previous!(details)}` : previous!(details);
      },
      // Two underscores, so that no table can have the name: feature.set_version is not the table feature.feature_set_version.
      functionResourceName(previous, _preset, details) {
        return `${details.pgProc.getNamespace()?.nspname}__${previous!(details)}`;
      },
      argument(previous, _preset, details) {
        return previous!({ ...details, param: { ...details.param, name: details.param.name?.replace(/^p_/, "") ?? null } });
      },
      // `price_data` is neither a datum nor many datas.
      singularize(previous, _preset, name) {
        return endsInData(name) ? name : previous!(name);
      },
      pluralize(previous, _preset, name) {
        return endsInData(name) ? name : previous!(name);
      },
      distinctPluralize(previous, _preset, name) {
        return endsInData(name) ? name : previous!(name);
      },
      // Where one row and many rows would have the same name, the one row is named with its key.
      rowByUnique(previous, preset, details) {
        const name = previous!(details);
        if (name !== this.allRowsConnection(details.resource)) return name;
        const key = details.unique.attributes.map((attributeName) => this.attribute({ codec: details.resource.codec, attributeName }));
        return this.camelCase(`${name}-by-${key.join("-and-")}`);
      },
      // `provider text references ingest.provider`: the column keeps its name, the row is providerByProvider.
      singleRelation(previous, _preset, details) {
        const name = previous!(details);
        const columns = Object.keys(details.codec.attributes).map((attributeName) => this.attribute({ codec: details.codec, attributeName }));
        return columns.includes(name) ? this.camelCase(`${name}-by-${name}`) : name;
      },
      // `run_id references pipeline_run (run_id)`: the column says nothing that the name of the table does not say.
      _manyRelation(previous, _preset, details) {
        const relation = details.registry.pgRelations[details.codec.name]?.[details.relationName];
        const sameColumns = relation?.localAttributes.every((name, index) => name === relation.remoteAttributes[index]);
        if (relation === undefined || sameColumns !== true || relation.extensions?.tags?.["foreignFieldName"] !== undefined) return previous!(details);
        return this.camelCase(this.distinctPluralize(this._singularizedCodecName(relation.remoteResource.codec)));
      },
    },
  },
};

function isLeftOut(pgClass: { getTags(): { readonly [tag: string]: unknown } }): boolean {
  return pgClass.getTags()["behavior"] !== undefined;
}

function endsInData(name: string): boolean {
  return /(^|[_-])data$|[a-z0-9]Data$/.test(name);
}
