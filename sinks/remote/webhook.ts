/**
 * Webhooks that come in: a system says that something of it has changed. Signed as Standard Webhooks 1.0 says: HMAC-SHA256 over
 * id, time and body. What one says is a hint and no more: the state is read from the system. So one that comes twice, late or in
 * another order does no harm.
 */

import { createHmac, timingSafeEqual } from 'node:crypto';
import type { ReachFields } from './call-config.ts';
import { textAt } from './http.ts';
import { type Environment, rotating } from './secret.ts';

/** `secret`: `whsec_` and Base64, as Standard Webhooks writes it, or any text. `key`: where our key stands in the body. */
type WebhookConfig = NonNullable<ReachFields['webhook']>;

export type WebhookHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** A hint that the system gave, about the object of a key where it says so; or why it is not believed. */
export type WebhookHint =
  | { readonly kind: 'hint'; readonly key: string | null }
  | { readonly kind: 'refused'; readonly note: string };

export type WebhookCheck = (headers: WebhookHeaders, body: Buffer, now: number) => WebhookHint;

/** A message whose time is further away is one that somebody kept: milliseconds. */
const TOLERANCE = 300_000;

const NO_KEY =
  'webhook.secret: expected Base64 behind whsec_, or a text, found no byte of a key. ' +
  'Make one: whsec_ and what `openssl rand -base64 32` prints';

/** Throws when the secret is not there, or is no secret. */
export function createWebhookCheck(config: WebhookConfig, environment: Environment): WebhookCheck {
  const secret = rotating(config.secret, environment);
  // With no bytes everybody could sign.
  if (keyOf(secret()).length === 0) throw new Error(NO_KEY);
  return (headers, body, now) => {
    const [id, time, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map(
      (name) => {
        const value = headers[name];
        return typeof value === 'string' ? value : '';
      },
    );
    if (!id || !time || !signatures) {
      return refused('expected the headers webhook-id, webhook-timestamp and webhook-signature');
    }
    if (!/^\d{1,12}$/.test(time) || Math.abs(now - Number(time) * 1_000) > TOLERANCE) {
      return refused(`expected a webhook-timestamp at most ${TOLERANCE / 60_000} min from now`);
    }
    const key = secret();
    if (keyOf(key).length === 0) return refused(NO_KEY);
    const expected = webhookSignature(key, id, time, body);
    if (!signatures.split(' ').some((one) => isSame(one, expected))) {
      return refused('the signature is not that of this secret, id, time and body');
    }
    return { kind: 'hint', key: config.key === undefined ? null : keyIn(body, config.key) };
  };
}

function refused(note: string): WebhookHint {
  return { kind: 'refused', note };
}

/** Of what comes in, and of what goes out. */
export function webhookSignature(
  secret: string,
  id: string,
  time: string | number,
  body: string | Buffer,
): Buffer {
  return createHmac('sha256', keyOf(secret)).update(`${id}.${time}.`).update(body).digest();
}

function keyOf(secret: string): Buffer {
  return secret.startsWith('whsec_')
    ? Buffer.from(secret.slice('whsec_'.length), 'base64')
    : Buffer.from(secret);
}

/** `v1,<Base64>`; signatures of other versions are passed over. */
function isSame(signature: string, expected: Buffer): boolean {
  if (!signature.startsWith('v1,')) return false;
  const given = Buffer.from(signature.slice('v1,'.length), 'base64');
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** A body that cannot be read names nothing, and is a hint all the same: whoever sent it has the secret. */
function keyIn(body: Buffer, pointer: string): string | null {
  try {
    return textAt(JSON.parse(body.toString()), pointer) ?? null;
  } catch {
    return null;
  }
}
