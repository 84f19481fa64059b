import type { Command } from "./command.ts";

/** Every command, in the order of the help. A new one is a file in `commands/` and a line here. */
export const commands: Readonly<Record<string, () => Promise<{ default: Command }>>> = {
  start: () => import("./commands/start.ts"),
  demo: () => import("./commands/demo.ts"),
  ingest: () => import("./commands/ingest.ts"),
  import: () => import("./commands/import.ts"),
  validate: () => import("./commands/validate.ts"),
  "features audit": () => import("./commands/features-audit.ts"),
  features: () => import("./commands/features.ts"),
  train: () => import("./commands/train.ts"),
  predict: () => import("./commands/predict.ts"),
  report: () => import("./commands/report.ts"),
  worker: () => import("./commands/worker.ts"),
  serve: () => import("./commands/serve.ts"),
  "db start": () => import("./commands/db-start.ts"),
  "db stop": () => import("./commands/db-stop.ts"),
  "db url": () => import("./commands/db-url.ts"),
  "db migrate": () => import("./commands/db-migrate.ts"),
  "db reset": () => import("./commands/db-reset.ts"),
  "db prepare": () => import("./commands/db-prepare.ts"),
  "db include": () => import("./commands/db-include.ts"),
  "db commit": () => import("./commands/db-commit.ts"),
  "db uncommit": () => import("./commands/db-uncommit.ts"),
  "db golden": () => import("./commands/db-golden.ts"),
  lint: () => import("./commands/lint.ts"),
  doctor: () => import("./commands/doctor.ts"),
};
