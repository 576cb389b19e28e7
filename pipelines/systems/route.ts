/**
 * Which CMMS a request goes to, where an installation has several: by policy when it is first seen, and to that one for good.
 */

import { type AssetKey, fitsAny, plantOf } from '../../operators/model/key.ts';
import type { Request } from '../../operators/model/request.ts';
import type { CmmsConfig } from '../../sinks/remote/config.ts';
import { Problem } from '../base/problem.ts';
import type { LedgerEntry } from './entry.ts';
import type { Ledger } from './ledger.ts';
import type { Revisions } from './revision-reader.ts';

/** What one CMMS has to know of the policy. */
export interface RequestRoute {
  /** Whether a request is its own. `entry`: what the ledger has of it. */
  isMine(id: string, entry: TakenEntry | undefined): Promise<boolean>;
}

type TakenEntry = Pick<LedgerEntry, 'system' | 'remote' | 'asset'>;

type Taken = Pick<Request, 'asset' | 'work' | 'severity' | 'priority'>;

/** The CMMS that takes a request by policy: the first whose `takes` it fits, else the one that takes all others. */
export function takerOf(request: Taken, all: readonly CmmsConfig[]): string | undefined {
  const choosy = all.filter(({ takes }) => takes !== undefined);
  const found = choosy.find(({ takes }) => takes !== undefined && isTaken(request, takes));
  return (found ?? all.find(({ takes }) => takes === undefined))?.name;
}

function isTaken(request: Taken, takes: NonNullable<CmmsConfig['takes']>): boolean {
  const { plants, assets, works, severities, priorities } = takes;
  const fits = (patterns: readonly string[] | undefined, name: string) =>
    patterns === undefined || fitsAny(patterns, name);
  return (
    fits(plants, plantOf(request.asset)) &&
    fits(assets, request.asset) &&
    fits(works, request.work) &&
    (severities?.includes(request.severity) ?? true) &&
    (priorities?.includes(request.priority) ?? true)
  );
}

/** Who has what was taken once: its taker, or the one that succeeds that at its plant. */
function holderOf({ system, asset }: TakenEntry, all: readonly CmmsConfig[]): string {
  const heir = all.find(
    ({ succeeds, takes: { plants = ['*'], assets = ['*'] } = {} }) =>
      succeeds.includes(system) &&
      fitsAny(plants, plantOf(asset as AssetKey)) &&
      fitsAny(assets, asset),
  );
  return heir?.name ?? system;
}

/** Decisions that are kept until the ledger has the request; any other one is decided again, and comes to the same. */
const MOST_DECIDED = 10_000;

/**
 * The route to one CMMS. The first revision of a request decides where it goes, and the ledger says so from then on: a policy
 * that changes, or a request that becomes urgent, moves none that is under way: a successor that is named alone does. That
 * holds for one alone as well: what another worker describes may have taken it.
 */
export function routeTo(
  { name, takes }: CmmsConfig,
  all: readonly CmmsConfig[],
  revisions: Revisions,
): RequestRoute {
  const decided = new Map<string, boolean>();
  const decide = async (id: string): Promise<boolean> => {
    const first = await revisions.read(id, 1);
    // Nobody's who chooses: what cannot be read says nothing of itself.
    return first?.kind === 'request' ? takerOf(first.request, all) === name : takes === undefined;
  };
  return {
    async isMine(id, entry) {
      if (entry !== undefined && entry.system !== '') {
        decided.delete(id);
        return holderOf(entry, all) === name;
      }
      // Its taker has no name: nobody chose then.
      if (entry !== undefined && entry.remote !== null) return takes === undefined;
      const mine = decided.get(id) ?? (await decide(id));
      decided.set(id, mine);
      for (const oldest of decided.keys()) {
        if (decided.size <= MOST_DECIDED) break;
        decided.delete(oldest);
      }
      return mine;
    },
  };
}

/** The ledger as one CMMS sees it: its own requests alone. */
export type OwnLedger = Ledger & {
  /** Every entry that can be read: those of its own, and the ids of those that another one has. */
  shared(): Promise<{
    readonly own: readonly LedgerEntry[];
    readonly foreign: ReadonlySet<string>;
  }>;
};

export function ownLedger(ledger: Ledger, route: RequestRoute): OwnLedger {
  const shared: OwnLedger['shared'] = async () => {
    const entries = await ledger.all();
    const mine = await Promise.all(entries.map((entry) => route.isMine(entry.id, entry)));
    return {
      own: entries.filter((_, at) => mine[at] === true),
      foreign: new Set(entries.filter((_, at) => mine[at] !== true).map(({ id }) => id)),
    };
  };
  return {
    ...ledger,
    shared,
    all: async () => (await shared()).own,
    async resends() {
      const own: string[] = [];
      for (const id of await ledger.resends()) {
        if (await isOwn(id, ledger, route)) own.push(id);
      }
      return own;
    },
  };
}

/**
 * Whether a request is its own, by what the ledger has of it. An entry that cannot be read holds up nobody here: whoever has
 * its turn by policy says what to do.
 */
export async function isOwn(
  id: string,
  ledger: Pick<Ledger, 'get'>,
  route: RequestRoute,
): Promise<boolean> {
  const entry = await ledger.get(id).then(
    (known) => known.entry,
    (error: unknown) => {
      if (error instanceof Problem) return undefined;
      throw error;
    },
  );
  return route.isMine(id, entry);
}
