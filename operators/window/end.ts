import type { Out } from '../flow/keyed.ts';
import { COUNT } from './accumulator.ts';
import { dropHeld } from './held.ts';
import { closing } from './panes.ts';
import { NONE, olderThan, remove, WIDTH } from './slots.ts';
import type { Gathering } from './sources.ts';

/** Ends the windows of signals that no rule wants any more; what the open ones had gathered becomes a dead letter. */
export function end<O>(
  { rule, assigner, lanes, panes }: Gathering,
  isUnwanted: (signal: string) => boolean,
  out: Out<O>,
): void {
  const { slots } = panes;
  const ended: string[] = [];
  let readings = 0;
  for (const [lane, signal] of lanes.entries()) {
    if (!isUnwanted(signal)) continue;
    let open = 0;
    let slot = slots.heads[lane] ?? NONE;
    while (slot !== NONE) {
      if (closing(assigner, slots, slot) > out.now)
        open += slots.numbers[slot * WIDTH + COUNT] ?? 0;
      const older = olderThan(slots, slot);
      remove(slots, slot);
      slot = older;
    }
    if (open > 0) ended.push(signal);
    readings += open;
  }
  readings += dropHeld(panes.held, (lane) => isUnwanted(lanes[lane] ?? ''));
  if (readings === 0) return;
  const detail = `window ${rule}: its open windows ended when the rule was changed or removed`;
  out.deadLetter('rule-changed', detail, ended.join(', '), readings);
}
