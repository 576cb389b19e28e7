import { ExponentialBackoff, type IBackoff } from 'cockatiel';
import { PRIORITIES } from '../../operators/model/trigger-rule.ts';
import type { Cell, Step, World } from './context.ts';
import { deliver, reject } from './deliver.ts';
import { isFinal, newEntry } from './entry.ts';
import type { Follow } from './follow.ts';
import { type Again, createLanes } from './lanes.ts';
import type { Ledger } from './ledger.ts';
import type { Revisions, StoredRevision } from './revisions.ts';
import { look, type StatusLog } from './status-poll.ts';

export type SessionOptions = {
  /** Says which revisions there are, */
  readonly follow: Follow;
  /** and what is in them. */
  readonly revisions: Revisions;
  /** Where statuses are published. */
  readonly log: StatusLog;
  readonly ledger: Ledger;
  readonly world: World;
  readonly width: number;
  readonly retry: { readonly first: number; readonly most: number };
};

/** What is still to do for one id. */
type Task = {
  /** Ascending. */
  readonly pending: number[];
  rank: number;
  resend: boolean;
  backoff: IBackoff<unknown> | undefined;
};

/** Deliveries by priority, urgent first; a look at a status when nothing else is due. */
const LOOK = PRIORITIES.length;
const AFTER_TROUBLE = 1_000;

/** Delivers and looks until the world's signal aborts, then ends what is under way. */
export async function runSession(options: SessionOptions): Promise<void> {
  const { revisions, log, ledger, world, width } = options;
  const { signal, timing, record } = world;
  const tasks = new Map<string, Task>();
  const dealtWith = new Map<string, number>();
  const trouble = (where: string) => (error: unknown) => {
    const cause = error instanceof Error ? error : new Error(String(error));
    if (!signal.aborted) record({ kind: 'maintenance-trouble', where, error: cause });
  };
  const lanes = createLanes({ width, patient: LOOK, work });

  function taskOf(id: string): Task {
    const task = tasks.get(id) ?? { pending: [], rank: LOOK, resend: false, backoff: undefined };
    tasks.set(id, task);
    return task;
  }

  async function work(id: string): Promise<Again | undefined> {
    const task = taskOf(id);
    try {
      const step = await next(id, task, { log, revisions, ledger, world });
      const more = task.pending.length > 0 || task.resend;
      if (step.kind === 'done') {
        task.backoff = undefined;
        if (more) return { rank: task.rank, after: 0 };
        const looking = task.rank < LOOK;
        task.rank = LOOK;
        if (looking) return { rank: LOOK, after: 0 };
        tasks.delete(id);
        return undefined;
      }
      if (!more) return { rank: LOOK, after: step.atLeast };
      task.backoff = task.backoff?.next(undefined) ?? firstBackoff(options.retry);
      return { rank: task.rank, after: Math.max(step.atLeast, task.backoff.duration) };
    } catch (error) {
      trouble(`request ${id}`)(error);
      return { rank: task.rank, after: AFTER_TROUBLE };
    }
  }

  for (const { id, revision, remote, status, unreported } of await ledger.all()) {
    dealtWith.set(id, revision);
    if (unreported !== null || (remote !== null && !isFinal(status))) lanes.add(id, LOOK);
  }

  async function findResends(): Promise<void> {
    for (const id of await ledger.resends()) {
      const task = taskOf(id);
      if (task.resend) continue;
      task.resend = true;
      task.rank = 0;
      lanes.add(id, 0);
    }
  }
  await findResends();
  const timer = setInterval(() => {
    findResends().catch(trouble('requests to be sent again'));
  }, timing.every);

  await options.follow({
    signal,
    onCaughtUp: () => lanes.start(),
    onTrouble: trouble('the stream of requests'),
    async onRevision(id, revision) {
      if (revision <= (dealtWith.get(id) ?? 0)) return;
      const stored = await revisions.read(id, revision);
      if (stored === undefined) return;
      const task = taskOf(id);
      if (!task.pending.includes(revision)) task.pending.push(revision);
      task.pending.sort((a, b) => a - b);
      task.rank = Math.min(task.rank, rankOf(stored));
      lanes.add(id, task.rank);
    },
  });
  clearInterval(timer);
  await lanes.stop();
}

type Means = Pick<SessionOptions, 'log' | 'revisions' | 'ledger' | 'world'>;

/** The next thing to do for an id: its oldest revision, what a person wants to be sent again, or a look. */
async function next(id: string, task: Task, means: Means): Promise<Step> {
  const { log, revisions, ledger, world } = means;
  const held = await ledger.get(id);
  const [revision] = task.pending;
  const number = revision ?? held.entry?.revision ?? 0;
  if (revision === undefined && !task.resend) {
    return held.entry === undefined
      ? { kind: 'done' }
      : look(cellOf(ledger, held.entry, held.version), world, log);
  }
  const done = async (): Promise<Step> => {
    if (revision !== undefined) task.pending.shift();
    else {
      await ledger.resent(id);
      task.resend = false;
    }
    return { kind: 'done' };
  };
  const resend = revision === undefined;
  if (!resend && number <= (held.entry?.revision ?? 0)) return done();
  const stored = await revisions.read(id, number);
  if (stored === undefined) return done();
  const request = stored.kind === 'request' ? stored.request : undefined;
  const entry = held.entry ?? newEntry(id, request);
  const cell = cellOf(ledger, entry, held.version);
  const step =
    stored.kind === 'request'
      ? await deliver({ request: stored.request, resend }, cell, world)
      : await reject({ id, revision: number }, cell, world, 'read', stored.note);
  return step.kind === 'done' ? done() : step;
}

function cellOf(ledger: Ledger, initial: Cell['entry'], from: number): Cell {
  let entry = initial;
  let version = from;
  return {
    get entry() {
      return entry;
    },
    async save(changes) {
      const changed = { ...entry, ...changes };
      version = await ledger.put(changed, version);
      entry = changed;
    },
  };
}

function rankOf(stored: StoredRevision): number {
  if (stored.kind === 'malformed') return 0;
  return PRIORITIES.length - 1 - PRIORITIES.indexOf(stored.request.priority);
}

function firstBackoff(retry: SessionOptions['retry']): IBackoff<unknown> {
  return new ExponentialBackoff({ initialDelay: retry.first, maxDelay: retry.most }).next();
}
