import type { Stage, StageId } from '../flow/flow.ts';
import { keyed } from '../flow/keyed.ts';
import type { States } from '../flow/states.ts';
import type { Frame } from '../model/frame.ts';
import { type Knowledge, learn, nothingKnown, rulesOf } from '../model/knowledge.ts';
import type { Window } from '../model/window.ts';
import { programsOf, type WindowProgram } from './compile.ts';
import { gather } from './gather.ts';
import { toWindowRow } from './to-window-row.ts';

/**
 * Windows each signal of each source by the plant's window rules, on the source's own time. A window is an event
 * once, when its time has come (version 1, at its end); whatever it says, also early (version 0) or corrected
 * (version 2 and on), lands in `windows`. Readings later than `time.correction` go to `dead_letters`; so does what open
 * windows had gathered when their rule is reshaped or removed.
 */
export function window(states: States): Stage<Frame, Window> {
  return keyed(
    gather<Knowledge>({
      id: 'window' as StageId,
      openShared: nothingKnown,
      programsOf(knowledge, asset) {
        const rules = rulesOf(knowledge, asset);
        return rules === undefined ? NO_PROGRAMS : programsOf(rules);
      },
      onChange: (knowledge, { value }) => learn(knowledge, value),
      say(window, timely, out) {
        out.land('windows', toWindowRow(window));
        if (!timely || window.version !== 1) return;
        out.emit(window, { time: window.end, key: window.asset });
      },
    }),
    states,
  );
}

const NO_PROGRAMS: readonly WindowProgram[] = [];
