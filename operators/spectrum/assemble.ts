import type { Stage, StageId } from '../flow/flow.ts';
import { keyed, type Out } from '../flow/keyed.ts';
import type { States } from '../flow/states.ts';
import type { Waveform } from '../model/decoded.ts';
import { type EventTime, MINUTE, plus, toIso } from '../model/time.ts';

/** A waveform that is not whole yet. `parts` has an entry per part, null until it comes. */
type PartialWaveform = { readonly time: EventTime; parts: (Waveform | null)[]; samples: number };
type OpenWaveforms = { open: PartialWaveform[] };

/** How long, on the source's own time, the missing parts of a waveform are waited for. */
const PART_TIMEOUT = MINUTE;
const MAX_OPEN = 4;
const MAX_SAMPLES = 2 ** 22;

/**
 * Puts waveforms that came in several messages together; whole ones pass. The parts of one waveform share source, time,
 * rate, unit and count, and may come in any order. What cannot be completed goes to `dead_letters`: parts missing a minute
 * later (`gap`), a part that came twice, parts that contradict each other (`malformed`), and of more than four open
 * waveforms or four million samples the oldest (`overflow`).
 */
export function assemble(states: States): Stage<Waveform, Waveform> {
  return keyed<OpenWaveforms, Waveform, Waveform>(
    {
      id: 'assemble' as StageId,
      version: 1,
      scope: 'source',
      open: () => ({ open: [] }),
      onEvent(state, event, _, out) {
        const { value: waveform, time, key } = event;
        const late = event.late === true;
        if (waveform.part === undefined) {
          out.emit(waveform, { time, key, late });
          return;
        }
        const partial = addPart(state, waveform, out);
        if (partial === undefined) return;
        const whole = joinParts(partial);
        if (whole !== undefined) {
          state.open = state.open.filter((other) => other !== partial);
          out.emit(whole, { time: partial.time, key, late });
        }
        while (state.open.length > MAX_OPEN || sizeOf(state) > MAX_SAMPLES) {
          discard(state.open.shift(), 'overflow', out);
        }
        wakeAtTimeout(state, out);
      },
      onTimer(state, due, _, out) {
        for (const partial of state.open) {
          if (plus(partial.time, PART_TIMEOUT) <= due) discard(partial, 'gap', out);
        }
        state.open = state.open.filter(({ time }) => plus(time, PART_TIMEOUT) > due);
        wakeAtTimeout(state, out);
      },
    },
    states,
  );
}

function addPart(
  state: OpenWaveforms,
  waveform: Waveform,
  out: Out<Waveform>,
): PartialWaveform | undefined {
  const [index, count] = waveform.part ?? [0, 1];
  let partial = state.open.find(({ time }) => time === waveform.time);
  if (partial === undefined) {
    partial = { time: waveform.time, parts: new Array(count).fill(null), samples: 0 };
    state.open.push(partial);
    state.open.sort((a, b) => a.time - b.time);
  }
  const other = partial.parts.find((part) => part !== null);
  if (
    partial.parts.length !== count ||
    (other && (other.rate !== waveform.rate || other.unit !== waveform.unit))
  ) {
    const said = `${count} parts, ${waveform.rate} Hz, ${waveform.unit}`;
    out.deadLetter('malformed', 'a part contradicts the other parts of its burst', said);
    return undefined;
  }
  if (partial.parts[index] !== null) {
    out.deadLetter('duplicate', `part ${index + 1} of ${count} came twice`, toIso(waveform.time));
    return undefined;
  }
  partial.parts[index] = waveform;
  partial.samples += waveform.samples.length;
  return partial;
}

/** The whole waveform, with the origin of its first part; undefined while a part is missing. */
function joinParts({ parts, samples: size }: PartialWaveform): Waveform | undefined {
  const samples = new Float32Array(size);
  let at = 0;
  for (const part of parts) {
    if (part === null) return undefined;
    samples.set(part.samples, at);
    at += part.samples.length;
  }
  const first = parts[0];
  if (first === null || first === undefined) return undefined;
  const { part: _, ...waveform } = first;
  return { ...waveform, samples };
}

function sizeOf({ open }: OpenWaveforms): number {
  return open.reduce((sum, { samples }) => sum + samples, 0);
}

function discard(
  partial: PartialWaveform | undefined,
  reason: 'gap' | 'overflow',
  out: Out<Waveform>,
): void {
  if (partial === undefined) return;
  const missing = partial.parts.flatMap((part, index) => (part === null ? [index + 1] : []));
  const detail = `waveform of ${toIso(partial.time)}: parts ${missing} of ${partial.parts.length} did not come`;
  out.deadLetter(reason, detail, detail, partial.parts.length - missing.length);
}

function wakeAtTimeout({ open }: OpenWaveforms, out: Out<Waveform>): void {
  const oldest = open[0];
  if (oldest === undefined) out.cancelTimer();
  else out.setTimer(plus(oldest.time, PART_TIMEOUT));
}
