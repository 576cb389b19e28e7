import { openEntry } from './attempt.ts';
import { type DeliveryContext, errorOf, type StepResult, type SystemContext } from './context.ts';
import { deliverRevision, rejectRevision } from './deliver-revision.ts';
import { isFinal, isOverElsewhere, newEntry, seenFrom } from './entry.ts';
import type { FollowRevisions, Revisions, StoredRevision } from './revision-reader.ts';
import { isOwn, type OwnLedger, type RequestRoute } from './route.ts';
import type { StatusLog } from './status-log.ts';
import { pollStatus } from './status-poll.ts';
import { createTurns, POLL, rankOf, type Task, type Turns } from './turns.ts';

export type DeliveryLoopOptions = {
  /** Says which revisions there are, */
  readonly follow: FollowRevisions;
  /** and what is in them. */
  readonly revisions: Revisions;
  /** Where statuses are published. */
  readonly log: StatusLog;
  readonly ledger: OwnLedger;
  readonly context: DeliveryContext;
  /** Which requests are its own. */
  readonly route: RequestRoute;
  readonly width: number;
  readonly retry: { readonly first: number; readonly most: number };
  /** Given what asks for the status of a request at once. */
  readonly onLooking?: (look: (id: string) => void) => Promise<void>;
};

/** Stands among the revisions of a request for what a person wants to be sent again: behind all of them. */
const RESEND = Number.POSITIVE_INFINITY;

/**
 * The delivery loop: brings every revision into the remote system and polls what became of each request, until the
 * signal of the context aborts; then it ends what is under way.
 */
export async function runDeliveryLoop(options: DeliveryLoopOptions): Promise<void> {
  const { revisions, ledger, route, context, width, retry } = options;
  const { signal, timing } = context;
  const turns = createTurns<number>({
    ...{ width, retry, limits: [{ from: POLL, places: Math.max(1, width - 1) }] },
    step: (id, task) => nextStep(id, task, options),
    trouble: (id, error) => recordTrouble(context, `request ${id}`)(error),
  });
  const { settled, foreign } = await resume(context.cmms.name, ledger, turns);
  await options.onLooking?.((id) => turns.want(id, POLL));

  async function findResends(): Promise<void> {
    for (const id of await ledger.resends()) {
      if (addPending(turns.task(id), RESEND)) turns.want(id, 0);
    }
  }
  await findResends();
  const timer = setInterval(() => {
    findResends().catch(recordTrouble(context, 'requests to be sent again'));
  }, timing.every);

  await options.follow({
    signal,
    onCaughtUp: () => turns.lanes.start(),
    onTrouble: recordTrouble(context, 'the stream of requests'),
    async onRevision(id, revision) {
      if (revision <= (settled.get(id) ?? 0)) return;
      // What was taken when this began is not asked for again, revision by revision.
      if (foreign.has(id)) return;
      if (!settled.has(id) && !(await isOwn(id, ledger, route))) return;
      const stored = await revisions.read(id, revision);
      if (stored === undefined) return;
      addPending(turns.task(id), revision);
      turns.want(id, rankOfStored(stored));
    },
  });
  clearInterval(timer);
  await turns.lanes.stop();
}

/** In ascending order, each once. False when it was there. */
function addPending({ pending }: Task<number>, revision: number): boolean {
  if (pending.includes(revision)) return false;
  pending.push(revision);
  pending.sort((a, b) => a - b);
  return true;
}

type Resumed = {
  /** The last revision of each request that was dealt with before. */
  readonly settled: ReadonlyMap<string, number>;
  /** Requests that another one has. */
  readonly foreign: ReadonlySet<string>;
};

/** Puts requests to be polled into the lanes. */
async function resume(system: string, ledger: OwnLedger, turns: Turns<number>): Promise<Resumed> {
  const settled = new Map<string, number>();
  const { own, foreign } = await ledger.shared();
  for (const entry of own) {
    const { id, status, unreported } = entry;
    const { revision, remote } = isOverElsewhere(system, entry) ? entry : seenFrom(system, entry);
    settled.set(id, revision);
    if (unreported !== null || (remote !== null && !isFinal(status))) turns.want(id, POLL);
  }
  return { settled, foreign };
}

/** The next thing to do for a request: its oldest revision, what a person wants to be sent again, or a status poll. */
async function nextStep(
  id: string,
  { pending }: Task<number>,
  options: DeliveryLoopOptions,
): Promise<StepResult> {
  const { log, revisions, ledger, route, context } = options;
  const known = await ledger.get(id);
  // Another one took it meanwhile; or somebody asked for its status here. Nothing of it is this one's to do.
  if (!(await route.isMine(id, known.entry))) {
    pending.length = 0;
    return { kind: 'done' };
  }
  const system = context.cmms.name;
  const seen = known.entry === undefined ? undefined : seenFrom(system, known.entry);
  const [next] = pending;
  const resend = next === RESEND;
  const number = next === undefined || resend ? (known.entry?.revision ?? 0) : next;
  if (next === undefined) {
    if (seen === undefined) return { kind: 'done' };
    const handle = openEntry(ledger, seen, known.version);
    return pollStatus(handle, context, log, () => isGone(id, number, options));
  }
  const done = async (): Promise<StepResult> => {
    if (resend) await ledger.resent(id);
    pending.shift();
    return { kind: 'done' };
  };
  // A person may want it here all the same.
  const isOver = known.entry !== undefined && isOverElsewhere(system, known.entry);
  if (!resend && (isOver || number <= (seen?.revision ?? 0))) return done();
  const stored = await revisions.read(id, number);
  if (stored === undefined) return done();
  const request = stored.kind === 'request' ? stored.request : undefined;
  const handle = openEntry(ledger, { ...(seen ?? newEntry(id, request)), system }, known.version);
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

/** What goes wrong is told, and tried again. */
export function recordTrouble(
  { record, signal }: Pick<SystemContext, 'record' | 'signal'>,
  where: string,
) {
  return (error: unknown) => {
    if (!signal.aborted) record({ kind: 'maintenance-trouble', where, error: errorOf(error) });
  };
}

function rankOfStored(stored: StoredRevision): number {
  return stored.kind === 'malformed' ? 0 : rankOf(stored.request.priority);
}
