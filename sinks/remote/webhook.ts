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

const PREFIX = 'whsec_';

/** Bytes: with fewer, whoever has one signed message finds the key by trying. Standard Webhooks has 24 to 64. */
const LEAST_KEY = 16;

/** Why a secret is none; undefined for one that is. It is never quoted. */
function weaknessOf(secret: string): string | undefined {
  const remedy = 'Make one: whsec_ and what `openssl rand -base64 32` prints';
  const encoded = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : '';
  const wrong = encoded.replaceAll(/[A-Za-z0-9+/_-]|={1,2}$/g, '').length;
  if (wrong > 0) {
    return `webhook.secret: expected Base64 behind whsec_, found other signs: ${wrong}. ${remedy}`;
  }
  const bytes = keyOf(secret).length;
  return bytes >= LEAST_KEY
    ? undefined
    : `webhook.secret: expected a key of ${LEAST_KEY} bytes or more, found ${bytes}. ${remedy}`;
}

/** Throws when the secret is not there, or is no secret. */
export function createWebhookCheck(config: WebhookConfig, environment: Environment): WebhookCheck {
  const secret = rotating(config.secret, environment);
  const weakness = weaknessOf(secret());
  if (weakness !== undefined) throw new Error(weakness);
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
    const nowWeak = weaknessOf(key);
    if (nowWeak !== undefined) return refused(nowWeak);
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
  return secret.startsWith(PREFIX)
    ? Buffer.from(secret.slice(PREFIX.length), 'base64')
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
