import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { UserError } from "../config/user-error.ts";

/** The passwords of the embedded server, made once at random and kept in a file that only its owner can read. */
export interface Secrets {
  readonly superuser: string;
  readonly migrator: string;
  readonly worker: string;
  readonly authenticator: string;
}

/** Reads the file of passwords, or makes it when the server is new. */
export function readOrMakeSecrets(path: string, serverIsNew: boolean): Secrets {
  if (existsSync(path)) return JSON.parse(readFileSync(path, "utf8")) as Secrets;
  if (!serverIsNew) {
    throw new UserError(`The file of passwords ${path} is missing, and the database cannot be opened without it.`, {
      hint: "Restore the file from a backup, or delete the folder that holds it to begin with an empty database.",
    });
  }
  const password = () => randomBytes(24).toString("base64url");
  const secrets: Secrets = { superuser: password(), migrator: password(), worker: password(), authenticator: password() };
  writeFileSync(`${path}.new`, JSON.stringify(secrets, undefined, 2), { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return secrets;
}
