import type { Plain } from '../model/plain.ts';
import type { EventTime } from '../model/time.ts';
import type { Captured, Field } from './captured.ts';
import type { Cell } from './cell.ts';
import type { MatchState } from './partials.ts';
import type { Held, Link } from './shared-buffer.ts';

type OldEvent = Captured & { readonly fields: Readonly<Record<string, Field>> };
type OldState = Omit<MatchState<Captured>, 'held' | 'links'> & {
  readonly held: readonly ((Omit<Held<OldEvent>, 'event'> & { readonly event: OldEvent }) | null)[];
  readonly links: readonly (Link | null)[];
};
type OldCell = { readonly matches: Readonly<Record<string, OldState>>; readonly refused: string[] };

/**
 * A cell of version 3. Its events carried all of their fields, of which only what the plant model said of the asset
 * does not follow from the rest; and what was free was null, listed beside.
 */
export function cellOfVersion3(state: Plain, from: number): Cell {
  if (from !== 3) throw new Error(`correlate: state of version ${from}, no migration`);
  const { matches, refused } = state as unknown as OldCell;
  const states = Object.entries(matches).map(([id, old]) => [id, stateOf(old)]);
  return { matches: Object.fromEntries(states), refused };
}

function stateOf(old: OldState): MatchState<Captured> {
  const { fingerprint, events, matches, finished } = old;
  const partial = old.partial.map((each) => ({ ...each, armed: each.armed === true }));
  const buffer = { freeHeld: -1, freeLink: -1, holding: 0, linking: 0 };
  const held = old.held.map((each, at): Held<Captured> => {
    if (each !== null) {
      buffer.holding += 1;
      return { ...each, event: slim(each.event) };
    }
    const next = buffer.freeHeld;
    buffer.freeHeld = at;
    return { number: next, event: null, time: 0 as EventTime, uses: 0 };
  });
  const links = old.links.map((each, at): Link => {
    if (each !== null) {
      buffer.linking += 1;
      return each;
    }
    const before = buffer.freeLink;
    buffer.freeLink = at;
    return { place: 0, event: 0, before, uses: 0 };
  });
  return { fingerprint, events, matches, ...buffer, held, links, partial, finished };
}

function slim({ value, situation, fields }: OldEvent): Captured {
  const { class: kind, criticality } = fields;
  const known = kind === undefined || criticality === undefined ? {} : { class: kind, criticality };
  return { value, situation, known };
}
