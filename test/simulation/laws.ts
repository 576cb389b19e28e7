/** What must hold at every moment of a simulation, whatever befalls the hosts. */

import { MsgHdrsImpl } from '@nats-io/transport-node';
import type { InternalEvent } from '../../pipelines/observe/observe.ts';
import { type CommitEntry, entryFrom } from '../../pipelines/worker/commits/commit-entry.ts';
import type { SimulatedNats } from './simulated-nats.ts';
import type { StoredInStream } from './simulated-stream.ts';
import type { Inserted, SimulatedWarehouse } from './simulated-warehouse.ts';

export interface Laws {
  onEvent(event: InternalEvent, owner: string): void;
  /** How a life has ended, in words. */
  onEnd(host: number, end: string): void;
  /** What was broken, in the order in which it was. */
  broken(): readonly string[];
}

type Holding = {
  readonly owner: string;
  readonly holding: string;
  readonly directory: string;
  readonly at: number;
};

/** Milliseconds after which a lease that is not renewed ends. */
const TERM = 10_000;

/** What may end a life, or keep one from beginning. Everything else says that what is left cannot be gone on from. */
const EXPECTED_ENDS = [
  /^(kill|power|drained|over|told to abort)$/,
  /that \S+ on \S+ holds it/,
  /has taken it over/,
  /found an empty directory/,
  /timeout|no answer|closed connection|connection closed/i,
  /^Error: (told to|ENOSPC|dead)|no space left|found room for/,
];

/** A range of messages as a token has it. */
const TOKEN = /^([^/]+)\/([^/]+)\/([^/]+)\/(\d+)-(\d+)\/\w+$/;

/** Watches all that is stored. */
export function lawsOf(nats: SimulatedNats, warehouse: SimulatedWarehouse): Laws {
  const broken: string[] = [];
  const logs = new Map<string, CommitEntry[]>();

  function onCommit({ subject, data }: StoredInStream): void {
    const entry = entryFrom(data);
    const before = logs.get(subject) ?? [];
    logs.set(subject, [...before, entry]);
    for (const wrong of outOfOrder(entry, before)) broken.push(`${subject}: ${wrong}`);
  }

  const leases = new Map<string, Holding>();
  function onLease({ subject, head, data, at }: StoredInStream): void {
    const operation = head === undefined ? '' : MsgHdrsImpl.decode(head).get('KV-Operation');
    const before = leases.get(subject);
    if (operation !== '') leases.delete(subject);
    if (operation !== '') return;
    const { owner, holding, directory } = JSON.parse(Buffer.from(data).toString());
    leases.set(subject, { owner, holding, directory, at });
    if (before === undefined || before.holding === holding || at - before.at >= TERM) return;
    if (before.directory === directory) return;
    broken.push(`${subject}: ${owner} took the lease that ${before.owner} had`);
  }

  nats.onStored = (stream, message) => {
    if (stream === 'ANDON_COMMITS') onCommit(message);
    if (stream === 'KV_ANDON_LEASES') onLease(message);
  };
  warehouse.onInsert = (insert) => {
    if (!isCommitted(insert, [...logs.values()].flat())) {
      broken.push(`${insert.token} was sent before it was committed`);
    }
  };
  return {
    onEvent(event, owner) {
      if (event.kind === 'replay-mismatch') {
        broken.push(`${owner}: epoch ${event.epoch} came out otherwise: ${event.tables}`);
      }
    },
    onEnd(host, end) {
      if (!EXPECTED_ENDS.some((expected) => expected.test(end))) {
        broken.push(`host-${host} ended with: ${end}`);
      }
    },
    broken: () => broken,
  };
}

/** One owner's entries at a time, and epochs without a gap. */
function outOfOrder(entry: CommitEntry, before: readonly CommitEntry[]): string[] {
  const last = before.at(-1);
  const wrong: string[] = [];
  const isOther = last !== undefined && last.by.holding !== entry.by.holding;
  const hadTurn = before.some(({ by }) => by.holding === entry.by.holding);
  if (entry.kind !== 'take-over' && (isOther || last === undefined)) {
    wrong.push(`${entry.kind} ${entry.epoch} of ${entry.by.owner} without having taken over`);
  } else if (isOther && hadTurn) wrong.push(`${entry.by.owner} came back after another owner`);
  if (entry.kind === 'epoch') {
    const { epoch = 0, to = 0 } = last ?? {};
    if (entry.epoch !== epoch + 1 || entry.from !== to + 1) {
      wrong.push(`epoch ${entry.epoch} from ${entry.from} behind epoch ${epoch} to ${to}`);
    }
  }
  return wrong;
}

/** Whether the range is that of a committed epoch, or of a batch of such. */
function isCommitted({ token }: Inserted, entries: readonly CommitEntry[]): boolean {
  const [, pipeline, , created, from = '', to = ''] = TOKEN.exec(token) ?? [];
  if (pipeline === undefined) return false;
  const own = entries.filter((entry) => entry.created === created);
  const epochs = own.filter((entry) => entry.kind === 'epoch');
  return (
    epochs.some((entry) => entry.from === Number(from)) &&
    epochs.some((entry) => entry.to === Number(to))
  );
}
