/** Looks for work orders that the CMMS made itself (a plan, a planner, a technician), and says each change to the log, once. */

import { canonicalJson, identity } from '../../operators/model/canonical.ts';
import type { WorkOrderData } from '../../operators/model/machine-event.ts';
import { type EventTime, earlier, later, minus, SECOND } from '../../operators/model/time.ts';
import type { ChangedObject } from '../../sinks/remote/changes.ts';
import { type DeliveryContext, errorOf } from './context.ts';
import type { OrderEntry } from './entry.ts';
import type { OrderLedger } from './ledger.ts';
import { nextStatusNumber, publishStatus, type StatusLog } from './status-log.ts';

export type OrderPoll = {
  readonly ledger: OrderLedger;
  readonly log: StatusLog;
  readonly context: DeliveryContext;
};

/** What was written while a list was read may have an earlier mark than what the list had: milliseconds. */
const OVERLAP = 60_000;

/** Looks now and then, and at once when it is told to. */
export interface RunningOrderPoll {
  look(): void;
  stop(): Promise<void>;
}

/** Looks again and again until it is stopped. Trouble is recorded, and the next look is soon enough. */
export function startOrderPoll(poll: OrderPoll): RunningOrderPoll {
  const { cmms, record, signal } = poll.context;
  const every = cmms.orders?.every;
  if (every === undefined) return { look: () => undefined, stop: async () => undefined };
  const told = new Set<string>();
  let looking: Promise<void> | undefined;
  let toldMeanwhile = false;
  const lookOn = async () => {
    do {
      toldMeanwhile = false;
      try {
        await pollOrders(poll, told);
      } catch (error) {
        if (signal.aborted) break;
        record({ kind: 'maintenance-trouble', where: 'work orders', error: errorOf(error) });
      }
    } while (toldMeanwhile && !signal.aborted);
    looking = undefined;
  };
  const look = () => {
    looking ??= lookOn();
  };
  look();
  const timer = setInterval(look, every);
  return {
    look() {
      // What a look under way has read already may be older than what it is told of.
      toldMeanwhile = true;
      look();
    },
    async stop() {
      clearInterval(timer);
      toldMeanwhile = false;
      await looking;
    },
  };
}

/**
 * Reads what changed since the last look. The mark goes on only when all of it is in the log, so a process that is killed
 * is followed by one that looks at the same again; numbers are in the ledger first, so a repeat is the same message.
 * `told`: what cannot be said of which order was told before.
 */
export async function pollOrders(poll: OrderPoll, told: Set<string> = new Set()): Promise<void> {
  const { ledger, context } = poll;
  const { cmms, now, record, signal } = context;
  const { changes, orders } = cmms;
  if (changes === undefined || orders === undefined) return;
  const at = (milliseconds: number) => (milliseconds * 1_000) as EventTime;
  const known = await ledger.mark();
  // A time ahead of this clock (the date of an order that is planned, a clock that is wrong) would keep all others out.
  const latest = at(now());
  const mark = known !== undefined && known > latest ? undefined : known;
  const since = at(mark === undefined ? now() - orders.lookback : mark / 1_000 - OVERLAP);
  const listed: ChangedObject[] = [];
  let newest = mark ?? minus(since, SECOND);
  const read = await changes(
    since,
    (object) => {
      newest = later(newest, earlier(object.changed ?? newest, latest));
      // What carries a key is a request of ours, and its status is polled.
      if (object.key === '') listed.push(object);
    },
    { priority: 'poll', signal },
  );
  if (read.kind !== 'ok') throw new Error(read.note);
  for (const object of listed) {
    const order = orders.read(object);
    if (order.kind === 'order') await applyOrder(order, poll);
    else if (!told.has(canonicalJson(order))) {
      told.add(canonicalJson(order));
      const { remote } = object;
      const found = order.kind === 'unplaced' ? `asset "${order.asset}"` : `status "${order.word}"`;
      record({ kind: 'order-not-understood', system: cmms.name, remote, found });
    }
  }
  if (newest !== mark) await ledger.keepMark(newest);
}

type Seen = { readonly asset: string; readonly data: WorkOrderData };

async function applyOrder(seen: Seen, poll: OrderPoll): Promise<void> {
  const { ledger } = poll;
  const { id, status } = seen.data;
  const { entry, version } = await ledger.get(id);
  const digest = identity([canonicalJson([seen.asset, seen.data])]);
  if (entry === undefined && isOver(status)) return;
  if (entry?.digest === digest) {
    if (!entry.sent) await say(entry, version, poll);
    return;
  }
  let last = { entry, version };
  if (entry !== undefined && entry.asset !== seen.asset) {
    // It is for another machine now: what was done for it at the former one is over.
    const { asset } = entry;
    const data = { ...entry.data, status: 'cancelled' };
    const moved = await nextEntry(entry, { asset, data, digest: 'moved' }, poll);
    last = await say(moved, version, poll);
  }
  await say(await nextEntry(last.entry, { ...seen, digest }, poll), last.version, poll);
}

type Told = Pick<OrderEntry, 'asset' | 'data' | 'digest'>;

async function nextEntry(
  entry: OrderEntry | undefined,
  told: Told,
  { log, context }: Pick<OrderPoll, 'log' | 'context'>,
): Promise<OrderEntry> {
  const time = await log.time(told.asset);
  const reports = nextStatusNumber({ reports: entry?.reports ?? 0 }, context.now());
  return { id: String(told.data.id), ...told, reports, time, sent: false };
}

/** Writes down what is about to be said, says it, and writes down that it was. Who is over is forgotten. */
async function say(entry: OrderEntry, version: number, { ledger, log, context }: OrderPoll) {
  const { cmms, partitions, record } = context;
  const { id, asset, reports, time, data } = entry;
  const intent = await ledger.put(entry, version);
  const about = {
    system: cmms.name,
    asset,
    producer: `orders/${cmms.name}/${id}`,
    number: reports,
  };
  await publishStatus(log, { ...about, body: { time, type: 'order', data } }, partitions);
  record({ kind: 'order-seen', system: cmms.name, id, status: String(data.status) });
  if (entry.digest !== 'moved' && isOver(data.status)) {
    await ledger.forget(id);
    return { entry: undefined, version: 0 };
  }
  const sent = { ...entry, sent: true };
  return { entry: sent, version: await ledger.put(sent, intent) };
}

/** Nothing more is expected of it. One that is done may still be taken up again, until it is closed. */
function isOver(status: unknown): boolean {
  return status === 'closed' || status === 'rejected' || status === 'cancelled';
}
