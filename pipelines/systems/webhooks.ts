/** Takes webhooks in for the systems that this process carries the work of out, and has them looked at. */

import type { ReachFields } from '../../sinks/remote/call-config.ts';
import type { Environment } from '../../sinks/remote/secret.ts';
import {
  createWebhookCheck,
  type WebhookCheck,
  type WebhookHeaders,
} from '../../sinks/remote/webhook.ts';
import type { RecordEvent } from '../observe/observe.ts';
import { errorOf } from './context.ts';

/** What whoever sent a webhook is answered: a status of HTTP and a sentence. */
export type WebhookAnswer = { readonly code: number; readonly note: string };

/** Looks at what a key names, or at everything that is open. */
type OnHint = (key: string | null) => Promise<void>;

export interface Webhooks {
  receive(system: string, headers: WebhookHeaders, body: Buffer): WebhookAnswer;
  /** Listens for a system until what is returned is called. */
  listen(system: string, check: WebhookCheck, onHint: OnHint): () => void;
}

type Listener = {
  readonly check: WebhookCheck;
  readonly onHint: OnHint;
  /** Keys that are being looked at, and whether another hint has come meanwhile: many are one more look. */
  readonly looking: Map<string | null, boolean>;
};

/** Milliseconds until a refusal is told again: whoever has no secret must not fill the log of the worker. */
const BETWEEN_REFUSALS = 60_000;

function createRefusals(record: RecordEvent, now: () => number) {
  const told = new Map<string, number>();
  return (system: string, note: string) => {
    const since = now() - (told.get(system) ?? Number.NEGATIVE_INFINITY);
    // A clock that was set back makes nothing silent.
    const again = since >= 0 && since < BETWEEN_REFUSALS;
    if (!again) told.set(system, now());
    record({ kind: again ? 'webhook-refused-again' : 'webhook-refused', system, note });
  };
}

export function createWebhooks(record: RecordEvent, now: () => number = Date.now): Webhooks {
  const listening = new Map<string, readonly Listener[]>();
  const refuse = createRefusals(record, now);

  async function follow(system: string, { onHint, looking }: Listener, key: string | null) {
    const isLooking = looking.has(key);
    looking.set(key, isLooking);
    if (isLooking) return;
    do {
      looking.set(key, false);
      try {
        await onHint(key);
      } catch (error) {
        // What came meanwhile is looked at all the same.
        const where = `webhook of ${system}`;
        record({ kind: 'maintenance-trouble', where, error: errorOf(error) });
      }
    } while (looking.get(key));
    looking.delete(key);
  }

  return {
    receive(system, headers, body) {
      // A CMMS can be one of the systems too: each of the two has its loop.
      const listeners = listening.get(system) ?? [];
      if (listeners.length === 0) {
        // Polls see the same later. Whoever repeats may meet the process that has the work.
        return { code: 503, note: 'this process does not carry out the work of such a system' };
      }
      let note = '';
      let taken = false;
      for (const listener of listeners) {
        const hint = listener.check(headers, body, now());
        if (hint.kind === 'refused') note = hint.note;
        else {
          taken = true;
          void follow(system, listener, hint.key);
        }
      }
      if (taken) {
        record({ kind: 'webhook', system });
        return { code: 202, note: 'it is looked at' };
      }
      refuse(system, note);
      return { code: 401, note };
    },
    listen(system, check, onHint) {
      const listener = { check, onHint, looking: new Map() };
      listening.set(system, [...(listening.get(system) ?? []), listener]);
      return () => {
        const left = (listening.get(system) ?? []).filter((one) => one !== listener);
        listening.set(system, left);
      };
    },
  };
}

/** Listens for the webhooks of a system, where its profile has a secret for them. */
export function listenForWebhooks(
  { name, webhook }: { readonly name: string; readonly webhook?: ReachFields['webhook'] },
  {
    webhooks,
    environment = process.env,
  }: {
    readonly webhooks?: Webhooks | undefined;
    readonly environment?: Environment | undefined;
  },
  onHint: OnHint,
): () => void {
  if (webhook === undefined || webhooks === undefined) return () => undefined;
  return webhooks.listen(name, createWebhookCheck(webhook, environment), onHint);
}
