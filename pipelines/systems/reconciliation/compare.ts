/**
 * Compares what Andon decided with what a system holds, by key. Nothing is told that one look shows alone: whoever seems to
 * differ is looked at again, since both sides go on while they are compared.
 */

import type { EventTime } from '../../../operators/model/time.ts';
import type { Call } from '../../../sinks/remote/caller.ts';
import type { CallOutcome } from '../../../sinks/remote/outcome.ts';
import {
  type About,
  differenceOf,
  type OurWork,
  type SystemDifference,
  type TheirObject,
} from './difference.ts';

/** Whether a key was given long ago. The ledger forgets what is over, and the warehouse does not; undefined: it is away. */
export type WasGiven = (key: string) => Promise<boolean | undefined>;

/** What is compared: the requests in a CMMS, or the commands of one verb in another system. */
export type Comparison = About & {
  /** All works that the ledger or the outbox has, by key. */
  ours(): Promise<ReadonlyMap<string, OurWork>>;
  /** One of them again; undefined when there is none of this key. */
  look(key: string): Promise<OurWork | undefined>;
  /** Reports objects that carry a key. Undefined where the profile does not say how they are listed. */
  readonly list:
    | ((
        since: EventTime,
        onObject: (object: TheirObject) => void,
        call: Call,
      ) => Promise<CallOutcome<number>>)
    | undefined;
  /** The objects that carry the key of a work. */
  search(work: OurWork, call: Call): Promise<CallOutcome<readonly string[]>>;
  /** Whether a key was given at all, long ago; undefined when nobody can say now. */
  readonly wasGiven: WasGiven;
};

export type CompareOptions = {
  /** Objects that changed since then; 0 for all, and only then what is missing shows. */
  readonly since: EventTime;
  readonly now: () => number;
  /** Milliseconds: so long a state may be on its way into the log, and a work on its way into the system. */
  readonly grace: number;
  readonly late: number;
  readonly signal: AbortSignal;
};

export type Compared = About & {
  readonly ours: number;
  readonly theirs: number;
  readonly differences: readonly SystemDifference[];
  /** The list of the system was read to its end, or its profile describes none. */
  readonly read: boolean;
  /** What could not be seen, and why; null for nothing. */
  readonly unseen: string | null;
};

export async function compare(sides: Comparison, options: CompareOptions): Promise<Compared> {
  const { system, verb } = sides;
  const about = { system, verb };
  const ours = await sides.ours();
  const held = new Map<string, TheirObject[]>();
  const call: Call = { priority: 'reconcile', signal: options.signal };
  const read = await sides.list?.(
    options.since,
    (object) => {
      const objects = held.get(object.key);
      if (objects === undefined) held.set(object.key, [object]);
      else objects.push(object);
    },
    call,
  );
  const listed = read?.kind === 'ok';
  const theirs = [...held.values()].reduce((sum, { length }) => sum + length, 0);
  const look = { about, sides, options, call, complete: listed && options.since === 0 };
  const differences: SystemDifference[] = [];
  if (read !== undefined && read.kind !== 'ok') {
    // Nor is it asked for each work: what is late shows here alone.
    for (const work of ours.values()) differences.push(...(await lateness(work, look)));
    return { ...about, ours: ours.size, theirs, differences, read: false, unseen: read.note };
  }
  for (const work of ours.values()) {
    const objects = held.get(work.key) ?? [];
    differences.push(...(await differencesOfWork(work, listed ? objects : null, look)));
  }
  let strangers = 0;
  for (const [key, objects] of held) {
    if (ours.has(key)) continue;
    const found = await differencesOfStranger(key, objects, look);
    if (found === undefined) strangers += 1;
    else differences.push(...found);
  }
  return {
    ...about,
    ...{ ours: ours.size, theirs, differences, read: true },
    unseen: sides.list === undefined ? UNLISTED : unknownKeys(strangers),
  };
}

function unknownKeys(count: number): string | null {
  return count === 0 ? null : `whether ${count} unknown keys are forged: the warehouse is away`;
}

const UNLISTED =
  'what is orphaned or forged: the profile does not say how objects are listed (`changes`)';

type LookAgain = {
  readonly about: About;
  readonly sides: Comparison;
  readonly options: CompareOptions;
  readonly call: Call;
  /** All objects of the system were listed. */
  readonly complete: boolean;
};

async function lateness(work: OurWork, look: LookAgain): Promise<readonly SystemDifference[]> {
  const { about, options } = look;
  if (!work.waiting || options.now() - work.decided <= options.late) return [];
  return (await changedSince(work, look)) ? [] : [differenceOf(about, work, { kind: 'late' })];
}

/** `objects`: null where the profile describes no list. */
async function differencesOfWork(
  work: OurWork,
  objects: readonly TheirObject[] | null,
  look: LookAgain,
): Promise<readonly SystemDifference[]> {
  if (work.waiting) return lateness(work, look);
  if (objects === null) return work.expects === 'object' ? searchAlone(work, look) : [];
  const found = differencesIn(work, objects, look);
  const [first] = found;
  // The list was read between the two looks at the ledger, which say the same: the object differed from what both say.
  if (first === undefined || (await changedSince(work, look))) return [];
  return first.kind === 'missing' || first.kind === 'doubled' ? searchAlone(work, look) : found;
}

function differencesIn(
  work: OurWork,
  objects: readonly TheirObject[],
  { about, options, complete }: LookAgain,
): readonly SystemDifference[] {
  const live = objects.filter(({ over }) => !over);
  const remotes = live.map(({ remote }) => remote);
  const settled = live.filter(({ changed }) => isSettled(changed ?? work.decided, options));
  if (work.expects === 'nothing') {
    if (settled.length === 0) return [];
    return [differenceOf(about, work, { kind: 'orphaned', remotes })];
  }
  if (live.length > 1) return [differenceOf(about, work, { kind: 'doubled', remotes })];
  if (objects.length === 0) {
    const missing = complete && work.expects === 'object';
    return missing ? [differenceOf(about, work, { kind: 'missing', safe: work.wanted })] : [];
  }
  const object = objects.find(({ remote }) => remote === work.remote) ?? live[0];
  return object === undefined ? [] : driftOf(work, object, { about, options });
}

function driftOf(
  work: OurWork,
  { remote, state, changed, differences }: TheirObject,
  { about, options }: Pick<LookAgain, 'about' | 'options'>,
): readonly SystemDifference[] {
  const drift = (field: string, ours: string, theirs: string, safe: boolean) =>
    differenceOf(about, work, {
      ...{ kind: 'drifted', remotes: [remote], field, ours, theirs, safe },
      since: changed ?? work.decided,
    });
  if (work.remote !== null && remote !== work.remote) {
    return [drift('object', work.remote, remote, work.wanted)];
  }
  const isSent = about.verb === 'request' && work.wanted;
  const known = isSettled(changed ?? work.decided, options);
  return [
    ...(state !== null && state !== work.state && known
      ? [drift('state', work.state ?? '', state, true)]
      : []),
    ...differences.map(({ field, ours, theirs }) => drift(field, ours, theirs, isSent)),
  ];
}

/** What changed just now may still be on its way. */
function isSettled(changed: number, { now, grace }: CompareOptions): boolean {
  return now() - changed > grace;
}

/** Somebody was at it since: whatever it seemed to be is not so any more. */
async function changedSince(work: OurWork, { sides }: LookAgain): Promise<boolean> {
  const again = await sides.look(work.key);
  if (again === undefined) return true;
  return (
    again.waiting !== work.waiting ||
    again.expects !== work.expects ||
    again.remote !== work.remote ||
    again.state !== work.state ||
    again.decided !== work.decided
  );
}

/** Asks for the objects of one work: a list may have left out what moved while it was read. */
async function searchAlone(work: OurWork, look: LookAgain): Promise<readonly SystemDifference[]> {
  const { about, sides, call } = look;
  const found = await sides.search(work, call);
  if (found.kind !== 'ok' || (await changedSince(work, look))) return [];
  const remotes = found.value;
  const [remote] = remotes;
  if (remote === undefined) {
    return [
      differenceOf(about, work, { kind: 'missing', safe: work.wanted && work.remote !== null }),
    ];
  }
  if (remotes.length > 1) return [differenceOf(about, work, { kind: 'doubled', remotes })];
  if (work.remote === null || remote === work.remote) return [];
  const drift = { field: 'object', ours: work.remote, theirs: remote, safe: work.wanted };
  return [differenceOf(about, work, { kind: 'drifted', remotes, ...drift })];
}

/** Objects with a key of a work that is not there: made meanwhile, over so long that it is forgotten, or never given. Undefined
 * when nobody can say which. */
async function differencesOfStranger(
  key: string,
  objects: readonly TheirObject[],
  { about, sides, options }: LookAgain,
): Promise<readonly SystemDifference[] | undefined> {
  const live = objects.filter(({ over }) => !over);
  if ((await sides.look(key)) !== undefined) return [];
  const given = await sides.wasGiven(key);
  if (given === undefined) return undefined;
  if (given && live.length === 0) return [];
  const told = given ? live : objects;
  const since = Math.min(...told.map(({ changed }) => changed ?? options.now()));
  const work: OurWork = {
    ...{ key, id: key, request: '', asset: '', decided: since, waiting: false },
    ...{ expects: 'nothing', remote: null, state: null, wanted: false },
    note: given ? 'was over so long ago that only the tables know it' : null,
  };
  const remotes = told.map(({ remote }) => remote);
  return [differenceOf(about, work, { kind: given ? 'orphaned' : 'forged', remotes, since })];
}
