import { createHmac } from "node:crypto";

/**
 * The headers with which a webhook is known to be ours and to be new, as the Standard Webhooks specification has them: the signature is the HMAC-SHA256, in
 * base64, of the identity, the time in seconds and the body, joined by dots. A secret that begins with whsec_ is base64, any other is taken as it is.
 */
export function signedHeaders(secret: string, id: string, body: string, now: Date = new Date()): Record<string, string> {
  const timestamp = String(Math.floor(now.getTime() / 1_000));
  const key = secret.startsWith("whsec_") ? Buffer.from(secret.slice(6), "base64") : Buffer.from(secret);
  const signature = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
  return { "webhook-timestamp": timestamp, "webhook-signature": `v1,${signature}` };
}
