/**
 * A mechanic who works in the CMMS of the demo, so that works come to their end. What needs one of his parts is his: a request
 * he accepts at once and carries out when its problem is over by Andon's word (the plant of the demo mends itself when its time
 * has come), an order of a plan as soon as its part is there. Nothing else is answered: whatever people say while a problem
 * stands is part of what is decided next.
 */

import { setTimeout as pause } from 'node:timers/promises';
import type { CmmsAddress } from '../stand/programs.ts';
import type { CmmsWork } from './ask-cmms.ts';
import type { Counts, LandedRevision } from './ask-warehouse.ts';
import type { Storekeeper } from './storekeeper.ts';

export type MechanicOptions = {
  readonly cmms: CmmsAddress;
  readonly storekeeper: Storekeeper;
  /** What is known of the works, and of what was decided about them. */
  readonly seen: () => {
    readonly works: readonly CmmsWork[];
    readonly revisions: readonly LandedRevision[];
    readonly counts: Pick<Counts, 'accepted'>;
  };
  /** Somebody ends the demo: nothing new is begun. */
  readonly ending: AbortSignal;
  readonly onTrouble: (error: unknown) => void;
};

export interface Mechanic {
  /** How many works he has closed. */
  readonly closed: number;
  /**
   * A request of his has landed, and that he has taken it on has not: simulated time stands still until then. A request that
   * nobody accepts before its problem is over is withdrawn, and how fast a machine is must not decide that.
   */
  readonly isAwaited: boolean;
  /** Whether nothing is left to do for him: what he can do he has done. */
  readonly idle: boolean;
  /** What he has begun he finishes. */
  stop(): Promise<void>;
}

/** He knows presses and belts. */
const PARTS: ReadonlySet<string> = new Set(['SEAL-KIT-80', 'BELT-A42']);
/** Milliseconds between two looks, and between two things that he does: the page shows each. */
const LOOK_EVERY = 500;
const WORK_FOR = 1_500;
/** Hours that a work takes him where nobody has said how long it should. */
const USUAL = 1;

export function startMechanic(options: MechanicOptions): Mechanic {
  const { storekeeper, seen, ending, onTrouble } = options;
  const over = new AbortController();
  const closed = new Set<string>();
  /** What he finishes, whatever fails in between. */
  let begun: string | undefined;
  const owed = () => {
    const { works, revisions } = seen();
    return works.filter((work) => !closed.has(work.id) && isHis(work) && isDue(work, revisions));
  };
  const accept = async () => {
    for (const { id, status } of seen().works.filter(isHis)) {
      if (status === 'NEW' && (await workNow(options, id)).status === 'NEW') {
        await act(options, id, 'accept');
      }
    }
  };
  const look = async () => {
    if (!ending.aborted) await accept();
    const work = owed().find(({ id }) => (begun === undefined ? !ending.aborted : id === begun));
    if (work === undefined) begun = undefined;
    else if (begun === work.id || (await storekeeper(partOf(work)))) {
      begun = work.id;
      if (await carryOut(options, work, over.signal)) closed.add(work.id);
      begun = undefined;
    }
  };
  const working = (async () => {
    while (!over.signal.aborted) {
      if (!ending.aborted || begun !== undefined) await look().catch(onTrouble);
      await pause(LOOK_EVERY, undefined, { signal: over.signal }).catch(() => undefined);
    }
  })();
  return {
    get closed() {
      return closed.size;
    },
    get isAwaited() {
      const { revisions, counts } = seen();
      return [...lastOf(revisions).values()].some((last) => {
        const isOpen = last.action !== 'withdraw' && last.action !== 'close';
        return isOpen && needsHim(last) && !counts.accepted.includes(last.id);
      });
    },
    get idle() {
      return begun === undefined && (ending.aborted || owed().length === 0);
    },
    stop() {
      over.abort();
      return working;
    },
  };
}

/** The first part is what the work needs. */
function partOf({ parts }: CmmsWork): string {
  return parts[0] ?? '';
}

/** What somebody has withdrawn, rejected or closed is nobody's. */
function isHis(work: CmmsWork): boolean {
  return PARTS.has(partOf(work)) && NEXT[work.status] !== undefined;
}

function lastOf(revisions: readonly LandedRevision[]): ReadonlyMap<string, LandedRevision> {
  return new Map(revisions.map((revision) => [revision.id, revision]));
}

/** An order of a plan is due at once; a request when its last revision says that its problem is over. */
function isDue({ external_key: id }: CmmsWork, revisions: readonly LandedRevision[]): boolean {
  if (id === '') return true;
  const last = revisions.findLast((revision) => revision.id === id);
  return last !== undefined && last.action !== 'withdraw' && isClear(last);
}

function needsHim({ request }: LandedRevision): boolean {
  const { parts } = JSON.parse(request) as { readonly parts: readonly string[] };
  return PARTS.has(parts[0] ?? '');
}

/** `noteClear` of `operators/trigger/actions.ts` says so. */
function isClear({ request }: LandedRevision): boolean {
  const { because } = JSON.parse(request) as { readonly because: string };
  return because.includes('all its anomalies are clear');
}

const NEXT: Readonly<Partial<Record<string, string>>> = {
  ...{ NEW: 'accept', ACCEPTED: 'start', IN_PROGRESS: 'complete', DONE: 'close' },
};

/**
 * From where it stands to its end; what fails in between goes on there at the next look. False when somebody else has
 * brought it to another end.
 */
async function carryOut(
  options: MechanicOptions,
  work: CmmsWork,
  signal: AbortSignal,
): Promise<boolean> {
  for (;;) {
    const { status, hours } = await workNow(options, work.id);
    const action = NEXT[status];
    if (action === undefined) return status === 'CLOSED';
    if (action === 'complete') {
      const noted = { actual_hours: hours ?? USUAL, used: [{ part: partOf(work), quantity: 1 }] };
      await ask(options, 'PATCH', pathOf(work.id), noted);
    }
    await act(options, work.id, action);
    await pause(WORK_FOR, undefined, { signal }).catch(() => undefined);
  }
}

function workNow(options: MechanicOptions, id: string): Promise<CmmsWork> {
  return ask<CmmsWork>(options, 'GET', pathOf(id));
}

function act(options: MechanicOptions, id: string, action: string): Promise<unknown> {
  return ask(options, 'POST', `${pathOf(id)}/${action}`, {});
}

function pathOf(id: string): string {
  return `/api/work-requests/${id}`;
}

async function ask<T>(
  { cmms: { url, token } }: MechanicOptions,
  method: string,
  path: string,
  body?: object,
): Promise<T> {
  const answer = await fetch(`${url}${path}`, {
    ...{ method, signal: AbortSignal.timeout(5_000) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
  });
  if (!answer.ok) throw new Error(`${method} ${path}: the CMMS answers ${answer.status}`);
  return (await answer.json()) as T;
}
