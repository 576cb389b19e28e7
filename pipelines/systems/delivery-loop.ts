import { ExponentialBackoff, type IBackoff } from 'cockatiel';
import { PRIORITIES } from '../../operators/model/trigger-rule.ts';
import type { DeliveryContext, EntryHandle, StepResult } from './context.ts';
import { deliverRevision, rejectRevision } from './deliver.ts';
import { isFinal, newEntry } from './entry.ts';
import { createLanes, type DeliveryLanes, type NextTurn } from './lanes.ts';
import type { Ledger } from './ledger.ts';
import type { FollowRevisions, Revisions, StoredRevision } from './revision-reader.ts';
import { pollStatus, type StatusLog } from './status-poll.ts';

export type DeliveryLoopOptions = {
  /** Says which revisions there are, */
  readonly follow: FollowRevisions;
  /** and what is in them. */
  readonly revisions: Revisions;
  /** Where statuses are published. */
  readonly log: StatusLog;
  readonly ledger: Ledger;
  readonly context: DeliveryContext;
  readonly width: number;
  readonly retry: { readonly first: number; readonly most: number };
};

/** Deliveries by priority, urgent first; a status is polled when nothing else is due. */
const POLL = PRIORITIES.length;
const AFTER_TROUBLE = 1_000;

/**
 * The delivery loop: brings every revision into the remote system and polls what became of each request, until the
 * signal of the context aborts; then it ends what is under way.
 */
export async function runDeliveryLoop(options: DeliveryLoopOptions): Promise<void> {
  const { revisions, ledger, context, width } = options;
  const { signal, timing } = context;
  const tasks = createTasks();
  const lanes = createLanes({
    width,
    patient: POLL,
    work: (id) => workOn(id, tasks, options),
  });
  const settled = await resume(ledger, lanes);

  async function findResends(): Promise<void> {
    for (const id of await ledger.resends()) {
      const task = tasks.of(id);
      if (task.resend) continue;
      task.resend = true;
      task.rank = 0;
      lanes.add(id, 0);
    }
  }
  await findResends();
  const timer = setInterval(() => {
    findResends().catch(recordTrouble(context, 'requests to be sent again'));
  }, timing.every);

  await options.follow({
    signal,
    onCaughtUp: () => lanes.start(),
    onTrouble: recordTrouble(context, 'the stream of requests'),
    async onRevision(id, revision) {
      if (revision <= (settled.get(id) ?? 0)) return;
      const stored = await revisions.read(id, revision);
      if (stored === undefined) return;
      const task = tasks.of(id);
      if (!task.pending.includes(revision)) task.pending.push(revision);
      task.pending.sort((a, b) => a - b);
      task.rank = Math.min(task.rank, rankOf(stored));
      lanes.add(id, task.rank);
    },
  });
  clearInterval(timer);
  await lanes.stop();
}

/** Puts requests to be polled into the lanes. Gives the last revision of each that was dealt with before. */
async function resume(ledger: Ledger, lanes: DeliveryLanes): Promise<ReadonlyMap<string, number>> {
  const settled = new Map<string, number>();
  for (const { id, revision, remote, status, unreported } of await ledger.all()) {
    settled.set(id, revision);
    if (unreported !== null || (remote !== null && !isFinal(status))) lanes.add(id, POLL);
  }
  return settled;
}

/** What is still to do for one request. */
type Task = {
  /** Revisions, ascending. */
  readonly pending: number[];
  rank: number;
  resend: boolean;
  backoff: IBackoff<unknown> | undefined;
};

interface Tasks {
  of(id: string): Task;
  delete(id: string): void;
}

function createTasks(): Tasks {
  const tasks = new Map<string, Task>();
  return {
    of(id) {
      const task = tasks.get(id) ?? { pending: [], rank: POLL, resend: false, backoff: undefined };
      tasks.set(id, task);
      return task;
    },
    delete: (id) => void tasks.delete(id),
  };
}

/** Does one thing for a request, and says when it wants its next turn. */
async function workOn(
  id: string,
  tasks: Tasks,
  options: DeliveryLoopOptions,
): Promise<NextTurn | undefined> {
  const task = tasks.of(id);
  try {
    const step = await nextStep(id, task, options);
    const more = task.pending.length > 0 || task.resend;
    if (step.kind === 'done') {
      task.backoff = undefined;
      if (more) return { rank: task.rank, after: 0 };
      const delivered = task.rank < POLL;
      task.rank = POLL;
      if (delivered) return { rank: POLL, after: 0 };
      tasks.delete(id);
      return undefined;
    }
    if (!more) return { rank: POLL, after: step.atLeast };
    task.backoff = task.backoff?.next(undefined) ?? firstBackoff(options.retry);
    return { rank: task.rank, after: Math.max(step.atLeast, task.backoff.duration) };
  } catch (error) {
    recordTrouble(options.context, `request ${id}`)(error);
    return { rank: task.rank, after: AFTER_TROUBLE };
  }
}

/** The next thing to do for a request: its oldest revision, what a person wants to be sent again, or a status poll. */
async function nextStep(id: string, task: Task, options: DeliveryLoopOptions): Promise<StepResult> {
  const { log, revisions, ledger, context } = options;
  const known = await ledger.get(id);
  const [revision] = task.pending;
  const number = revision ?? known.entry?.revision ?? 0;
  if (revision === undefined && !task.resend) {
    if (known.entry === undefined) return { kind: 'done' };
    const handle = openEntry(ledger, known.entry, known.version);
    return pollStatus(handle, context, log, () => isGone(id, number, options));
  }
  const done = async (): Promise<StepResult> => {
    if (revision !== undefined) task.pending.shift();
    else {
      await ledger.resent(id);
      task.resend = false;
    }
    return { kind: 'done' };
  };
  const resend = revision === undefined;
  if (!resend && number <= (known.entry?.revision ?? 0)) return done();
  const stored = await revisions.read(id, number);
  if (stored === undefined) return done();
  const request = stored.kind === 'request' ? stored.request : undefined;
  const handle = openEntry(ledger, known.entry ?? newEntry(id, request), known.version);
  const step =
    stored.kind === 'request'
      ? await deliverRevision({ request: stored.request, resend }, handle, context)
      : await rejectRevision({ id, revision: number }, handle, context, 'read', stored.note);
  return step.kind === 'done' ? done() : step;
}

/** Whether a search, which the system itself must have answered, does not find the object of a request any more. */
async function isGone(
  id: string,
  revision: number,
  { revisions, context }: DeliveryLoopOptions,
): Promise<boolean> {
  const { cmms, signal } = context;
  const stored = await revisions.read(id, revision);
  if (stored?.kind !== 'request') return false;
  const found = await cmms.search(stored.request, { priority: 'poll', signal });
  return found.kind === 'ok' && found.value.length === 0;
}

function recordTrouble({ record, signal }: DeliveryContext, where: string) {
  return (error: unknown) => {
    const cause = error instanceof Error ? error : new Error(String(error));
    if (!signal.aborted) record({ kind: 'maintenance-trouble', where, error: cause });
  };
}

function openEntry(ledger: Ledger, initial: EntryHandle['entry'], from: number): EntryHandle {
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

function firstBackoff(retry: DeliveryLoopOptions['retry']): IBackoff<unknown> {
  return new ExponentialBackoff({ initialDelay: retry.first, maxDelay: retry.most }).next();
}
