/** What one release changes in the contracts of the one before, and whose programs that breaks. */

import { compareSchemas } from './compare-schemas.ts';
import type { Catalogue, Consumer, Contract } from './contract.ts';

/** One change, with those who use what changed. */
export type ContractChange = {
  readonly contract: string;
  /** Within the message, row or answer; empty: the contract itself. */
  readonly path: string;
  readonly breaking: boolean;
  /** It breaks, and the contract has a higher version: who uses it is told by that. */
  readonly announced: boolean;
  readonly what: string;
  readonly consumers: readonly string[];
};

/** Compares two catalogues, contract by contract. */
export function checkContracts(
  before: Catalogue,
  after: Catalogue,
  consumers: readonly Consumer[] = [],
): readonly ContractChange[] {
  const old = new Map(before.contracts.map((each) => [each.id, each]));
  const now = new Map(after.contracts.map((each) => [each.id, each]));
  const ids = [...new Set([...old.keys(), ...now.keys()])].sort();
  return ids.flatMap((id) => {
    const [was, is] = [old.get(id), now.get(id)];
    const isRaised = was !== undefined && is !== undefined && is.version > was.version;
    return changesOf(was, is).map((change) => ({
      contract: id,
      ...change,
      announced: change.breaking && isRaised,
      consumers: consumers.filter((each) => uses(each, id, change.path)).map(({ name }) => name),
    }));
  });
}

type Change = Pick<ContractChange, 'path' | 'breaking' | 'what'>;

function changesOf(was: Contract | undefined, is: Contract | undefined): readonly Change[] {
  if (was === undefined) return [{ path: '', breaking: false, what: 'is new' }];
  if (is === undefined) {
    const notice = was.deprecated === undefined ? ', and was not deprecated before' : '';
    return [{ path: '', breaking: true, what: `is gone${notice}` }];
  }
  if (was.sender !== is.sender) {
    return [
      { path: '', breaking: true, what: `is sent by ${is.sender}, no longer by ${was.sender}` },
    ];
  }
  return [...headChanges(was, is), ...compareSchemas(was.schema, is.schema, is.sender)];
}

/** What is said of the contract beside its schema. */
function headChanges(was: Contract, is: Contract): readonly Change[] {
  const changes: Change[] = [];
  const note = (breaking: boolean, what: string) => changes.push({ path: '', breaking, what });
  if (was.address !== is.address) note(true, `${was.address} became ${is.address}`);
  if (was.interaction !== is.interaction) {
    note(true, `${was.interaction} became ${is.interaction}`);
  }
  if (was.version > is.version) note(true, `version ${was.version} became ${is.version}`);
  if (was.deprecated === undefined && is.deprecated !== undefined) {
    note(false, `is deprecated: ${is.deprecated}`);
  }
  for (const name of ['owner', 'criticality', 'latency', 'on_failure', 'meaning'] as const) {
    if (was[name] !== is[name]) note(false, `${name}: "${was[name]}" became "${is[name]}"`);
  }
  return changes;
}

/** Whoever names no fields uses all; a field concerns those who use it, what is in it, or what it is in. */
function uses({ uses: used }: Consumer, contract: string, path: string): boolean {
  return used.some(({ contract: id, fields }) => {
    if (id !== contract) return false;
    if (fields === undefined || path === '') return true;
    return fields.some((field) => isWithin(field, path) || isWithin(path, field));
  });
}

function isWithin(path: string, outer: string): boolean {
  return path === outer || (path.startsWith(outer) && /^[.[{]/.test(path.slice(outer.length)));
}

/** Whether a release may go out: all that breaks has a higher version. */
export function isAnnounced(changes: readonly ContractChange[]): boolean {
  return changes.every(({ breaking, announced }) => !breaking || announced);
}
