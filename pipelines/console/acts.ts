/** Acts of people on their way into the log: once each, however often they are sent. */

import { createHash } from 'node:crypto';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import { VIA } from '../base/roles.ts';
import { streamClient, subjectIn } from '../nats/jetstream.ts';
import { createLogTime } from '../nats/log-time.ts';
import { partitionedSubject, partitionOf } from '../nats/partition.ts';
import { ApiProblem } from './api/api-problem.ts';

export type ActMessage = {
  readonly plant: string;
  readonly line: string;
  readonly asset: string;
  /** Opaque id of who acts. */
  readonly user: string;
  readonly type: string;
  readonly data: Readonly<Record<string, string | number | boolean | null>>;
  /** Given by whoever acts: the same key is the same act. */
  readonly key: string;
};

export type Acted = { readonly stream: string; readonly sequence: number; readonly time: number };

export interface ActPublisher {
  /** Resolves when the act is in the log. @throws ApiProblem when the log does not take it */
  publish(act: ActMessage): Promise<Acted>;
}

/** How long a key is remembered here. The log itself knows the latest of each person at each machine. */
const REMEMBER = 24 * 3_600_000;
const MOST = 10_000;
/** Milliseconds that the log may take. */
const PATIENCE = 5_000;

type Remembered = { readonly digest: string; readonly acted: Promise<Acted>; readonly at: number };

/**
 * Publishes `act.<plant>.<line>.<asset>.console.<user>`. The subject says who it is, and the permission of the console on
 * such subjects attests it.
 */
export function createActPublisher(
  connection: NatsConnection,
  partitions: number,
  now: () => number = Date.now,
): ActPublisher {
  const remembered = new Map<string, Remembered>();
  const logTime = createLogTime(connection, now);

  async function send({ plant, line, asset, user, type, data, key }: ActMessage): Promise<Acted> {
    const plain = `act.${plant}.${line}.${asset}.${VIA.console}.${user}`;
    const inLog = partitions === 1 ? plain : partitionedSubject(plain, partitions);
    const subject = subjectIn(connection, inLog);
    const header = headers();
    // What is sent again after a restart of the console is recognised by the log.
    header.set('Andon-Identity', `console/${user}/${key}`);
    const time = await logTime(partitionOf(plant, line, partitions)).catch(now);
    const payload = JSON.stringify({ time, type, data });
    try {
      const options = { headers: header, timeout: PATIENCE };
      const { stream, seq } = await streamClient(connection).publish(subject, payload, options);
      return { stream, sequence: seq, time };
    } catch (error) {
      const found = error instanceof Error ? error.message : String(error);
      const detail = `expected the log to take the act, found ${found}. Send it again with the same key.`;
      throw new ApiProblem('away', detail, { after: 5 });
    }
  }

  return {
    publish(act) {
      const name = `${act.user} ${act.key}`;
      const digest = digestOf(act);
      const known = remembered.get(name);
      if (known !== undefined && now() - known.at < REMEMBER) {
        if (known.digest === digest) return known.acted;
        const detail = 'expected a new Idempotency-Key for a new act, found one of another act';
        return Promise.reject(new ApiProblem('conflict', detail));
      }
      const acted = send(act);
      remembered.set(name, { digest, acted, at: now() });
      // What failed may be sent again.
      acted.catch(() => remembered.delete(name));
      const [oldest] = remembered.keys();
      if (remembered.size > MOST && oldest !== undefined) remembered.delete(oldest);
      return acted;
    },
  };
}

function digestOf({ plant, line, asset, type, data }: ActMessage): string {
  const text = JSON.stringify([plant, line, asset, type, Object.entries(data).sort()]);
  return createHash('sha256').update(text).digest('base64url');
}
