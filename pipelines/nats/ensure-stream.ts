/** Makes a stream, or mends one that differs where nothing is lost by it. What the streams are stands in streams.ts. */

import { setTimeout as delay } from 'node:timers/promises';
import {
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamManager,
  type StreamConfig,
  type StreamInfo,
} from '@nats-io/jetstream';
import { type NatsConnection, PermissionViolationError } from '@nats-io/transport-node';
import { EXIT, Problem } from '../base/problem.ts';
import { streamManager } from './jetstream.ts';
import {
  type StreamDifference,
  spellDifferences,
  streamDifferences,
} from './stream-differences.ts';

/** How a stream or bucket is to be made, and what becomes of one that differs. */
export type StoreOptions = {
  /** Default 1. */
  readonly replicas?: number;
  /**
   * Called with what was different and is mended. With it, differences that lose nothing are mended; without it every
   * difference is refused.
   */
  readonly onMended?: OnMended;
};

export type OnMended = (stream: string, differences: readonly StreamDifference[]) => void;

/**
 * Whether this user may not ask about streams. Then it publishes and hears the acknowledgements, as a gateway does: what is
 * wrong with a stream is the business of its worker.
 */
export function isNotPermitted(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error instanceof PermissionViolationError || isNotPermitted(error.cause);
}

/** Whether there is no such stream: nobody has made it yet, or it was deleted. */
export function isWithoutStream(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound;
}

/** The stream as it is; undefined when there is none. */
export async function findStream(
  connection: NatsConnection,
  name: string,
): Promise<StreamInfo | undefined> {
  const manager = await streamManager(connection);
  return found(manager, name);
}

type StreamSettings = Partial<StreamConfig> & Pick<StreamConfig, 'name' | 'subjects'>;

/**
 * The stream as it is wanted. `free`: fields that may differ. A stream that is there and differs is mended with
 * `onMended` where that is safe; else rejects with a `Problem` that spells out every difference.
 */
export async function ensureStream(
  connection: NatsConnection,
  wanted: StreamSettings,
  { onMended }: Pick<StoreOptions, 'onMended'>,
  free: (info: StreamInfo) => readonly string[] = () => [],
): Promise<StreamInfo> {
  const manager = await streamManager(connection);
  try {
    const info = (await found(manager, wanted.name)) ?? (await made(manager, wanted));
    const all = streamDifferences(wanted, info.config);
    const left = free(info);
    const differences = all.filter(({ field }) => !left.includes(field));
    if (differences.length === 0) return info;
    if (onMended === undefined || differences.some(({ isSafe }) => !isSafe)) {
      throw different(wanted.name, differences);
    }
    const { description: _, ...fields } = wanted;
    await manager.streams.update(wanted.name, { ...info.config, ...fields });
    onMended(wanted.name, differences);
    return await settled(connection, wanted.name);
  } catch (error) {
    throw explained(error, wanted);
  }
}

/** "subjects overlap with an existing stream". */
const OVERLAP = 10_065;
/** Looks for a stream that somebody else makes at this moment, and milliseconds between them. */
const [LOOKS, BETWEEN_LOOKS] = [20, 50];

/** Whoever makes the same stream at the same moment may be refused for its subjects: then it is the other's that counts. */
async function made(manager: JetStreamManager, wanted: StreamSettings): Promise<StreamInfo> {
  try {
    // The client writes into what it is given.
    return await manager.streams.add({ ...wanted });
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || error.code !== OVERLAP) throw error;
    for (let look = 0; look < LOOKS; look += 1) {
      const info = await found(manager, wanted.name);
      if (info !== undefined) return info;
      await delay(BETWEEN_LOOKS);
    }
    throw error;
  }
}

/** How long new copies may take to agree on a leader, and how long one answer may: milliseconds. */
const SETTLING = 30_000;
const ONE_ANSWER = 1_000;

/** The stream once its copies agree: until then what is written to it gets no answer. */
async function settled(connection: NatsConnection, name: string): Promise<StreamInfo> {
  const manager = await streamManager(connection, { timeout: ONE_ANSWER });
  const until = performance.now() + SETTLING;
  for (;;) {
    try {
      const info = await manager.streams.info(name);
      if (isSettled(info) || performance.now() > until) return info;
    } catch (error) {
      if (performance.now() > until) throw error;
    }
    await delay(100);
  }
}

/** One server alone has no cluster to tell of. */
function isSettled({ cluster }: StreamInfo): boolean {
  if (cluster === undefined) return true;
  const { leader = '', replicas = [] } = cluster;
  return leader !== '' && replicas.every(({ current }) => current);
}

async function found(manager: JetStreamManager, name: string): Promise<StreamInfo | undefined> {
  try {
    return await manager.streams.info(name);
  } catch (error) {
    if (isWithoutStream(error)) return undefined;
    throw error;
  }
}

function different(name: string, differences: readonly StreamDifference[]): Problem {
  return new Problem({
    where: `stream ${name}`,
    expected: spellDifferences(differences, 'expected'),
    found: spellDifferences(differences, 'found'),
    remedy: `Change it with \`nats stream edit ${name}\`, or change the configuration of Andon. Nothing was changed.`,
    exit: EXIT.outside,
  });
}

function explained(error: unknown, wanted: StreamSettings): unknown {
  if (!(error instanceof Error) || error instanceof Problem) return error;
  const off =
    error.name === 'JetStreamNotEnabled' ||
    (error instanceof JetStreamApiError &&
      error.code === JetStreamApiCodes.JetStreamNotEnabledForAccount);
  return new Problem(
    {
      where: `stream ${wanted.name}`,
      expected: off
        ? 'JetStream for this account'
        : `to find or make it on ${wanted.subjects.join(', ')}`,
      found: error.message,
      remedy: off
        ? 'Start nats-server with `-js`, or enable JetStream for the account.'
        : 'See `andon doctor` and `andon nats-config` for what the account and its streams need.',
      exit: EXIT.outside,
    },
    { cause: error },
  );
}
