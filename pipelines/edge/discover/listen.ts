/** Listens to the sources of an edge beside whoever runs it, and to what speaks the wire format already. */

import { setTimeout as delay } from 'node:timers/promises';
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { decodeAnyFrame } from '../../../operators/decode/frame.ts';
import { decodeMachineEvent } from '../../../operators/decode/machine-event.ts';
import { MalformedError, unpack } from '../../../operators/decode/payload.ts';
import { type ParsedSubject, parseSubject } from '../../../operators/decode/subject.ts';
import { decodeWaveform } from '../../../operators/decode/waveform.ts';
import { locate } from '../../../operators/model/key.ts';
import type { Message, Origin, Sequence } from '../../../operators/model/message.ts';
import type { EventTime } from '../../../operators/model/time.ts';
import { messageOf, Problem } from '../../base/problem.ts';
import type { RecordEvent } from '../../observe/observe.ts';
import { openSource } from '../edge.ts';
import { type EdgeConfig, type EdgeSource, sourceKind } from '../edge-config.ts';
import type { EdgeReason } from '../mapping.ts';
import type { EdgeMemory } from '../memory.ts';
import type { Listener, OpenSource } from '../source.ts';
import type { TagReading } from '../tag-reading.ts';
import { createTally } from '../tally.ts';
import type { SeenTags } from './seen-tags.ts';

/** What became of listening to one source. */
export type ListenedSource = {
  readonly name: string;
  readonly kind: string;
  readonly connected: boolean;
  /** What it said last of why it brings nothing. */
  readonly trouble: string | undefined;
  readonly messages: number;
  readonly refused: Readonly<Partial<Record<EdgeReason, number>>>;
};

export type ListenOptions = {
  readonly config: EdgeConfig | undefined;
  /** What speaks the wire format is heard here. */
  readonly nats: NatsConnection | undefined;
  readonly seen: SeenTags;
  /** Over: what is open is closed, and what was heard counts. */
  readonly signal: AbortSignal;
};

/** Of the messages that are no source's. */
export const NATS_SOURCE = 'nats';
/** Between two tries with a source that does not answer: milliseconds. */
const AGAIN = 1_000;

/** Resolves when the signal has fired. Rejects with a `Problem` where a source cannot be opened as it is configured. */
export async function listen(options: ListenOptions): Promise<readonly ListenedSource[]> {
  const { config, nats, seen, signal } = options;
  const over = new AbortController();
  const stop = AbortSignal.any([signal, over.signal]);
  const works = (config?.sources ?? []).map((source) =>
    listenToSource(source, config as EdgeConfig, seen, stop),
  );
  if (nats !== undefined) works.push(listenToSubjects(nats, seen.listener(NATS_SOURCE), stop));
  try {
    return await Promise.all(works);
  } finally {
    // One that cannot be opened ends the others, too.
    over.abort();
    await Promise.allSettled(works);
  }
}

async function listenToSource(
  source: EdgeSource,
  config: EdgeConfig,
  seen: SeenTags,
  signal: AbortSignal,
): Promise<ListenedSource> {
  const { name } = source;
  let [connected, trouble] = [false, undefined as string | undefined];
  const record: RecordEvent = (event) => {
    if (event.kind === 'source-connected') [connected, trouble] = [true, undefined];
    else if (event.kind === 'source-away') trouble = event.reason;
    else if (event.kind === 'edge-trouble') trouble = event.error.message;
  };
  const tally = createTally(name, record);
  const onFailure = (error: unknown) => {
    trouble = messageOf(error);
  };
  const context = { config, memory: NO_MEMORY, tally, record, onFailure };
  let opened: OpenSource | undefined;
  while (!signal.aborted && opened === undefined) {
    try {
      opened = await openSource(source, { ...context, listener: seen.listener(name) });
    } catch (error) {
      if (error instanceof Problem) throw error;
      trouble = messageOf(error);
      await untilAborted(signal, AGAIN);
    }
  }
  await untilAborted(signal);
  await opened?.close();
  const { in_messages: messages, refused } = tally.status;
  return { name, kind: sourceKind(source), connected, trouble, messages, refused };
}

async function untilAborted(signal: AbortSignal, most = 2 ** 31 - 1): Promise<void> {
  await delay(most, undefined, { signal }).catch(() => undefined);
}

/** A listener makes no messages, so that nothing is ever stored. */
const NO_MEMORY: EdgeMemory = {
  ...{ largest: Number.POSITIVE_INFINITY, taken: 0, stored: 0, failure: undefined },
  ...{ status: { away: false, messages: 0, bytes: 0 } },
  store: () => Promise.reject(new Error('who only listens stores nothing')),
  ...{ has: () => false, onStored: () => undefined },
  ...{ setAway: () => undefined, close: () => undefined },
};

const KINDS = ['telemetry', 'waveform', 'event'] as const;

async function listenToSubjects(
  connection: NatsConnection,
  listener: Listener,
  signal: AbortSignal,
): Promise<ListenedSource> {
  let [messages, malformed] = [0, 0];
  let trouble: string | undefined;
  // As machines publish them, and as the mapping of partitions makes them.
  const subscriptions = KINDS.flatMap((kind) => [`${kind}.>`, `andon.*.${kind}.>`]).map((subject) =>
    connection.subscribe(subject, {
      callback: (error, message) => {
        if (error !== null) {
          trouble = error.message;
          return;
        }
        messages += 1;
        try {
          hearMessage(message, listener);
        } catch (cause) {
          if (!(cause instanceof MalformedError)) throw cause;
          malformed += 1;
          trouble = `${message.subject}: ${cause.message}`;
        }
      },
    }),
  );
  await untilAborted(signal);
  for (const subscription of subscriptions) subscription.unsubscribe();
  const refused = malformed === 0 ? {} : { malformed };
  return { name: NATS_SOURCE, kind: 'nats', connected: true, trouble, messages, refused };
}

function hearMessage({ subject: full, data, headers }: Msg, listener: Listener): void {
  const subject = full.replace(/^andon\.\d+\./, '');
  const message: Message = {
    // It is in no log.
    ...{ subject, sequence: 0 as Sequence, appended: 0 as EventTime, payload: data },
    headers: Object.fromEntries(
      (headers?.keys() ?? []).map((key) => [key, headers?.get(key) ?? '']),
    ),
  };
  hearParsed(parseSubject(subject), message, listener);
}

function hearParsed(target: ParsedSubject, message: Message, listener: Listener): void {
  if (!('asset' in target)) throw new MalformedError('expected plant, line and asset');
  const { plant, line, asset } = locate(target.asset);
  const machine = `${plant}.${line}.${asset}`;
  const rule = { machine, tag: '{tag}', clock: 'source' } as const;
  const readingOf = (tag: string, value: TagReading['value'], time: number): TagReading => ({
    ...{ labels: { tag }, time: time / 1_000, value, quality: 'good' },
  });
  const origin: Origin = message;
  if (target.kind === 'telemetry') {
    const { signals, values, times, texts } = decodeAnyFrame(message, origin, target.asset).frame;
    const numbers = signals.flatMap((signal, at) =>
      [...times].flatMap((time, index) => {
        const value = values[at * times.length + index] ?? Number.NaN;
        return Number.isNaN(value) ? [] : [readingOf(signal, value, time)];
      }),
    );
    const words = texts.flatMap(({ signal, values: all }) =>
      all.flatMap((value, index) =>
        value === null ? [] : [readingOf(signal, value, times[index] ?? 0)],
      ),
    );
    listener.map(rule, [...numbers, ...words], {}, 0);
  } else if (target.kind === 'waveform') {
    const { point } = target;
    const { unit, rate, time } = decodeWaveform(unpack(message), origin, target.asset, point);
    listener.describe(machine, point, { type: 'waveform', unit, description: `${rate} Hz` });
    listener.map(rule, [readingOf(point, [rate], time)], {}, 0);
  } else {
    const { type, time } = decodeMachineEvent(unpack(message, true), origin, target.asset);
    listener.map({ ...rule, event: type }, [readingOf(type, true, time)], {}, 0);
  }
}
