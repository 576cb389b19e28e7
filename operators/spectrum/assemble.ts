import type { Stage, StageId } from '../flow/flow.ts';
import { keyed, type Out } from '../flow/keyed.ts';
import type { States } from '../flow/states.ts';
import { type EventTime, MINUTE, plus, toIso } from '../model/time.ts';
import type { Waveform } from '../model/waveform.ts';

/** A burst that is not whole yet. `parts` has an entry per part, null until it comes. */
type Burst = { readonly time: EventTime; parts: (Waveform | null)[]; samples: number };
type Bursts = { open: Burst[] };

/** How long, on the source's own time, the missing parts of a burst are waited for. */
const PATIENCE = MINUTE;
const MOST_BURSTS = 4;
const MOST_SAMPLES = 2 ** 22;

/**
 * Puts bursts that came in several messages together; whole ones pass. The parts of one burst share source, time,
 * rate, unit and count, and may come in any order. What cannot be completed goes to `dead_letters`: parts missing a minute
 * later (`gap`), a part that came twice, parts that contradict each other (`malformed`), and of more than four open
 * bursts or four million samples the oldest (`overflow`).
 */
export function assemble(states: States): Stage<Waveform, Waveform> {
  return keyed<Bursts, null, Waveform, Waveform>(
    {
      id: 'assemble' as StageId,
      version: 1,
      scope: 'source',
      open: () => ({ open: [] }),
      openShared: () => null,
      onEvent(state, event, _, out) {
        const { value: waveform, time, key } = event;
        const late = event.late === true;
        if (waveform.part === undefined) {
          out.emit(waveform, { time, key, late });
          return;
        }
        const burst = take(state, waveform, out);
        if (burst === undefined) return;
        const whole = joined(burst);
        if (whole !== undefined) {
          state.open = state.open.filter((other) => other !== burst);
          out.emit(whole, { time: burst.time, key, late });
        }
        while (state.open.length > MOST_BURSTS || sizeOf(state) > MOST_SAMPLES) {
          giveUp(state.open.shift(), 'overflow', out);
        }
        wakeForOldest(state, out);
      },
      onTimer(state, due, _, out) {
        for (const burst of state.open) {
          if (plus(burst.time, PATIENCE) <= due) giveUp(burst, 'gap', out);
        }
        state.open = state.open.filter(({ time }) => plus(time, PATIENCE) > due);
        wakeForOldest(state, out);
      },
    },
    states,
  );
}

function take(state: Bursts, waveform: Waveform, out: Out<Waveform>): Burst | undefined {
  const [index, count] = waveform.part ?? [0, 1];
  let burst = state.open.find(({ time }) => time === waveform.time);
  if (burst === undefined) {
    burst = { time: waveform.time, parts: new Array(count).fill(null), samples: 0 };
    state.open.push(burst);
    state.open.sort((a, b) => a.time - b.time);
  }
  const other = burst.parts.find((part) => part !== null);
  if (
    burst.parts.length !== count ||
    (other && (other.rate !== waveform.rate || other.unit !== waveform.unit))
  ) {
    const said = `${count} parts, ${waveform.rate} Hz, ${waveform.unit}`;
    out.deadLetter('malformed', 'a part contradicts the other parts of its burst', said);
    return undefined;
  }
  if (burst.parts[index] !== null) {
    out.deadLetter('duplicate', `part ${index + 1} of ${count} came twice`, toIso(waveform.time));
    return undefined;
  }
  burst.parts[index] = waveform;
  burst.samples += waveform.samples.length;
  return burst;
}

/** The whole burst, with the origin of its first part; undefined while a part is missing. */
function joined({ parts, samples: size }: Burst): Waveform | undefined {
  const samples = new Float32Array(size);
  let at = 0;
  for (const part of parts) {
    if (part === null) return undefined;
    samples.set(part.samples, at);
    at += part.samples.length;
  }
  const first = parts[0];
  if (first === null || first === undefined) return undefined;
  const { part: _, ...burst } = first;
  return { ...burst, samples };
}

function sizeOf({ open }: Bursts): number {
  return open.reduce((sum, { samples }) => sum + samples, 0);
}

function giveUp(burst: Burst | undefined, reason: 'gap' | 'overflow', out: Out<Waveform>): void {
  if (burst === undefined) return;
  const missing = burst.parts.flatMap((part, index) => (part === null ? [index + 1] : []));
  const detail = `waveform of ${toIso(burst.time)}: parts ${missing} of ${burst.parts.length} did not come`;
  out.deadLetter(reason, detail, detail, burst.parts.length - missing.length);
}

function wakeForOldest({ open }: Bursts, out: Out<Waveform>): void {
  const oldest = open[0];
  if (oldest === undefined) out.sleep();
  else out.wakeAt(plus(oldest.time, PATIENCE));
}
