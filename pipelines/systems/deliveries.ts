/**
 * Where works are stuck on their way to systems, as rows of the table `deliveries`, drawn from internal events. Of each work the
 * newest row counts, so what waits here while the warehouse is away is one row for each work.
 */

import { randomUUID } from 'node:crypto';
import type { StuckPlace } from '../../sinks/remote/outcome.ts';
import type { EpochContent } from '../../sinks/sink.ts';
import type { InternalEvent, RecordEvent } from '../observe/observe.ts';
import { errorOf } from './context.ts';

type DeliveryLane = 'requests' | 'commands' | 'log';

/** A row of the table. Times are epoch microseconds. */
type DeliveryRow = {
  readonly lane: DeliveryLane;
  readonly system: string;
  readonly id: string;
  readonly revision: number;
  readonly state: 'delayed' | 'rejected' | 'settled' | 'stalled' | 'moving';
  readonly place: StuckPlace | 'worker' | 'broker' | '';
  readonly since: number;
  readonly time: number;
  readonly attempts: number;
  readonly note: string;
};

type Seen = Omit<DeliveryRow, 'since' | 'time' | 'attempts'>;

export interface Deliveries {
  /** Told every internal event. */
  watch(event: InternalEvent): void;
  /** Lands what is left, if the warehouse takes it at once. */
  stop(): Promise<void>;
}

export type DeliveriesOptions = {
  readonly land: (content: EpochContent, signal: AbortSignal) => Promise<void>;
  /** The log of this process: what was said of it before it began is over. */
  readonly stream: string;
  readonly record: RecordEvent;
  readonly now?: () => number;
  /** Milliseconds. Default 5,000. */
  readonly every?: number;
};

/** So many works wait for the warehouse; the oldest make room, and that is told. */
const MOST_WAITING = 10_000;
/** Milliseconds that the last rows may take at the end. */
const LAST_CALL = 2_000;

export function keepDeliveries(options: DeliveriesOptions): Deliveries {
  const { land, stream, record, now = Date.now, every = 5_000 } = options;
  const rows = createRows(stream, now);
  rows.add({ kind: 'log-moves', stream });
  /** Sent again as it is: the same rows under the same token. */
  let under: EpochContent | undefined;
  let landing: Promise<void> | undefined;
  const stopping = new AbortController();
  const trouble = (error: Error) =>
    record({ kind: 'maintenance-trouble', where: 'table deliveries', error });

  async function flush(signal: AbortSignal): Promise<void> {
    for (;;) {
      under ??= contentOf(rows.take(trouble));
      if (under === undefined) return;
      await land(under, signal);
      under = undefined;
    }
  }

  const tick = (signal: AbortSignal) => {
    landing ??= flush(signal)
      .catch((thrown: unknown) => {
        const error = errorOf(thrown);
        // The sink has told that its server is away.
        if (error.name !== 'RefusedError') return;
        trouble(error);
        under = undefined;
      })
      .finally(() => {
        landing = undefined;
      });
    return landing;
  };
  const timer = setInterval(() => void tick(stopping.signal), every);
  // Who cannot even begin ends, and does not wait for the next turn.
  timer.unref();
  return {
    watch: rows.add,
    async stop() {
      clearInterval(timer);
      stopping.abort();
      await landing;
      await tick(AbortSignal.timeout(LAST_CALL));
    },
  };
}

/** What waits to be landed: of each work its newest row. */
function createRows(stream: string, now: () => number) {
  /** Those that are tried again or stand still, by work: since when, and how often. */
  const stuck = new Map<string, DeliveryRow>();
  const waiting = new Map<string, DeliveryRow>();
  let left = 0;
  return {
    add(event: InternalEvent): void {
      const seen = deliveryOf(event, stream);
      if (seen === undefined) return;
      const name = [seen.lane, seen.system, seen.id, seen.revision].join(' ');
      const time = now() * 1_000;
      const before = stuck.get(name);
      const same = before?.state === seen.state && before.place === seen.place;
      const { since = time, attempts = 0 } = same ? before : {};
      const row = { ...seen, since, time, attempts: attempts + 1 };
      // What is rejected is not tried again by itself, and nothing more may ever be heard of it.
      if (seen.state === 'delayed' || seen.state === 'stalled') stuck.set(name, row);
      else stuck.delete(name);
      waiting.delete(name);
      waiting.set(name, row);
      for (const oldest of waiting.keys()) {
        if (waiting.size <= MOST_WAITING) break;
        waiting.delete(oldest);
        left += 1;
      }
    },
    take(trouble: (error: Error) => void): readonly DeliveryRow[] {
      if (left > 0) {
        trouble(new Error(`${left} works were left off: the warehouse was away for too long`));
      }
      left = 0;
      const rows = [...waiting.values()];
      waiting.clear();
      return rows;
    },
  };
}

/** What an internal event says of a work, or of the log. `stream`: whose way to the broker it is. */
function deliveryOf(event: InternalEvent, stream: string): Seen | undefined {
  switch (event.kind) {
    case 'request-delayed':
      return { ...requestOf(event), state: 'delayed', place: event.place, note: event.note };
    case 'request-rejected':
      return { ...requestOf(event), state: 'rejected', place: 'target', note: event.note };
    case 'request-settled':
      return { ...requestOf(event), state: 'settled', place: '', note: event.remote ?? event.how };
    case 'command-delayed':
      return { ...commandOf(event), state: 'delayed', place: event.place, note: event.note };
    case 'command-settled':
      return { ...commandOf(event), state: 'settled', place: '', note: event.outcome };
    case 'log-stalled':
      return { ...logOf(event.stream), ...STALLED, place: 'worker' };
    case 'log-moves':
      return { ...logOf(event.stream), ...MOVING };
    case 'disconnected':
      if (event.server !== 'NATS') return undefined;
      return { ...brokerOf(stream), state: 'stalled', place: 'broker', note: event.reason };
    case 'connected':
      return event.server === 'NATS' ? { ...brokerOf(stream), ...MOVING } : undefined;
    default:
      return undefined;
  }
}

const STALLED = { state: 'stalled', note: 'nothing comes of a log that has more' } as const;
const MOVING = { state: 'moving', place: '', note: '' } as const;

function requestOf(event: {
  readonly system: string;
  readonly id: string;
  readonly revision: number;
}) {
  const { system, id, revision } = event;
  return { lane: 'requests', system, id, revision } as const;
}

function commandOf({ system, id }: { readonly system: string; readonly id: string }) {
  return { lane: 'commands', system, id, revision: 0 } as const;
}

function logOf(id: string) {
  return { lane: 'log', system: '', id, revision: 0 } as const;
}

/** Each process has a connection of its own: that of one is back when another one's is not. */
function brokerOf(stream: string) {
  return logOf(`NATS of ${stream}`);
}

function contentOf(rows: readonly DeliveryRow[]): EpochContent | undefined {
  if (rows.length === 0) return undefined;
  const data = Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const block = { table: 'deliveries', format: 'JSONEachRow', rows: rows.length, data } as const;
  return {
    ...{ pipeline: 'deliveries', run: '', stream: '', created: randomUUID() },
    ...{ epoch: 0, from: 0, to: 0, blocks: [block], revisions: [], commands: [] },
  };
}
