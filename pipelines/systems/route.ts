/**
 * Which CMMS a request goes to, where an installation has several: by policy when it is first seen, and to that one for good. An
 * installation with one has no route: all is its own.
 */

import { fitsAny, plantOf } from '../../operators/model/key.ts';
import type { Request } from '../../operators/model/request.ts';
import type { CmmsConfig } from '../../sinks/remote/config.ts';
import type { LedgerEntry } from './entry.ts';
import type { Ledger } from './ledger.ts';
import type { Revisions } from './revision-reader.ts';

/** What one CMMS has to know of the policy. */
export interface RequestRoute {
  /** Whether a request is its own. `entry`: what the ledger has of it. */
  isMine(id: string, entry: Pick<LedgerEntry, 'system'> | undefined): Promise<boolean>;
}

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
    fits(severities, request.severity) &&
    fits(priorities, request.priority)
  );
}

/**
 * The route to one of several. Its first revision decides where a request goes, and the ledger says so from then on: a policy
 * that changes, or a request that becomes urgent, moves none that is under way. Undefined where there is one CMMS alone.
 */
export function routeTo(
  { name, takes }: CmmsConfig,
  all: readonly CmmsConfig[],
  revisions: Revisions,
): RequestRoute | undefined {
  if (all.length === 1 && takes === undefined) return undefined;
  const known = new Map<string, boolean>();
  const decide = async (id: string): Promise<boolean> => {
    const first = await revisions.read(id, 1);
    // Nobody's who chooses: what cannot be read says nothing of itself.
    return first?.kind === 'request' ? takerOf(first.request, all) === name : takes === undefined;
  };
  return {
    async isMine(id, entry) {
      if (entry !== undefined && all.some((one) => one.name === entry.system)) {
        return entry.system === name;
      }
      const mine = known.get(id) ?? (await decide(id));
      known.set(id, mine);
      return mine;
    },
  };
}

/** The ledger as one CMMS sees it: its own requests alone. */
export function ownLedger(ledger: Ledger, route: RequestRoute | undefined): Ledger {
  if (route === undefined) return ledger;
  return {
    ...ledger,
    async all() {
      const entries = await ledger.all();
      const mine = await Promise.all(entries.map((entry) => route.isMine(entry.id, entry)));
      return entries.filter((_, at) => mine[at] === true);
    },
    async resends() {
      const own: string[] = [];
      for (const id of await ledger.resends()) {
        if (await route.isMine(id, (await ledger.get(id)).entry)) own.push(id);
      }
      return own;
    },
  };
}
