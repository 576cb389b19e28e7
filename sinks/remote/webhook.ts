/**
 * Webhooks that come in: a system says that something of it has changed. Signed as Standard Webhooks 1.0 says: HMAC-SHA256 over
 * id, time and body. What one says is a hint and no more: the state is read from the system. So one that comes twice, late or in
 * another order does no harm.
 */

import { createHmac, timingSafeEqual } from 'node:crypto';
import type { ReachFields } from './call-config.ts';
import { textAt } from './http.ts';
import { CallError } from './outcome.ts';
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

/** The key that a secret holds. Throws where it holds none that could not be guessed, and never quotes it. */
export function webhookKey(secret: string, where: string): Buffer {
  const remedy = 'Make one: whsec_ and what `openssl rand -base64 32` prints';
  const encoded = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : '';
  const wrong = encoded.replaceAll(/[A-Za-z0-9+/_-]|={1,2}$/g, '').length;
  if (wrong > 0) {
    throw new CallError(
      `${where}: expected Base64 behind whsec_, found other signs: ${wrong}. ${remedy}`,
    );
  }
  const key = secret.startsWith(PREFIX) ? Buffer.from(encoded, 'base64') : Buffer.from(secret);
  if (key.length >= LEAST_KEY) return key;
  throw new CallError(
    `${where}: expected a key of ${LEAST_KEY} bytes or more, found ${key.length}. ${remedy}`,
  );
}

/** Throws when the secret is not there, or is no secret. */
export function createWebhookCheck(config: WebhookConfig, environment: Environment): WebhookCheck {
  const secret = rotating(config.secret, environment);
  const key = () => webhookKey(secret(), 'webhook.secret');
  key();
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
    let expected: Buffer;
    try {
      expected = webhookSignature(key(), id, time, body);
    } catch (error) {
      if (error instanceof CallError) return refused(error.message);
      throw error;
    }
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
  key: Buffer,
  id: string,
  time: string | number,
  body: string | Buffer,
): Buffer {
  return createHmac('sha256', key).update(`${id}.${time}.`).update(body).digest();
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
