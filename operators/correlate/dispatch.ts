import type { Anomaly } from '../model/anomaly.ts';
import type { Observation } from '../model/situation.ts';
import type { CompiledPattern } from './compiled-rules.ts';

/** The patterns that read an event, in the order of the rules. */
export type Dispatch = (event: Observation | Anomaly) => readonly CompiledPattern[];

/** Signals and types of one kind that are remembered; plants name types, so there may be any number of them. */
const REMEMBERED = 10_000;

/**
 * Whether a pattern reads an event depends on its kind and phase, and on its signal or type: what was found for those
 * once is found again by two lookups, however many patterns there are.
 */
export function createDispatch(patterns: readonly CompiledPattern[]): Dispatch {
  const found = new Map<string, Map<string, readonly CompiledPattern[]>>();
  return (event) => {
    const group = groupOf(event);
    const name = 'signal' in event ? event.signal : 'type' in event ? event.type : '';
    let ofGroup = found.get(group);
    if (ofGroup === undefined) {
      ofGroup = new Map();
      found.set(group, ofGroup);
    }
    const known = ofGroup.get(name);
    if (known !== undefined) return known;
    if (ofGroup.size === REMEMBERED) ofGroup.clear();
    const readers = patterns.filter(({ reads }) => reads(event));
    ofGroup.set(name, readers);
    return readers;
  };
}

function groupOf(event: Observation | Anomaly): string {
  return event.kind === 'anomaly' ? event.phase : event.kind;
}
