import type { Event, Stage, StageId } from '../flow/flow.ts';
import { keyed, type Out } from '../flow/keyed.ts';
import type { States } from '../flow/states.ts';
import { type Decoded, type Frame, type Tick, weightOf } from '../model/decoded.ts';
import { assetOf } from '../model/knowledge.ts';
import type { Asset } from '../model/plant-model.ts';

// A source that fails over between gateways has two producers; more than a few are reboots of the same one.
const MAX_PRODUCERS = 4;

type State = { producers: [name: string, seen: SeenMarks][] };

/**
 * Checks each message against the plant model: unknown assets and repeated messages go to `dead_letters`; signals that the
 * model does not have are marked `unknown`, counted, and still land.
 */
export function validate(states: States): Stage<Decoded, Decoded> {
  return keyed<State, Decoded, Decoded>(
    {
      id: 'validate' as StageId,
      version: 1,
      scope: 'source',
      open: () => ({ producers: [] }),
      onEvent(state, event, knowledge, out) {
        const { value } = event;
        if (value.kind === 'tick') {
          pass(event, value, out);
          return;
        }
        const { identity, sequence } = value.origin;
        const original = `message ${sequence}`;
        const asset = assetOf(knowledge, value.asset);
        if (asset === undefined) {
          const detail = `the plant model has no asset ${value.asset}`;
          out.deadLetter('unknown', detail, original, weightOf(value));
          // No state is kept for subjects that anybody can make up.
          out.close();
          return;
        }
        if (identity !== undefined && isRepeated(state, identity.producer, identity.mark)) {
          const detail = 'the same message was seen before on this subject';
          out.deadLetter('duplicate', detail, original, weightOf(value));
          return;
        }
        pass(event, value.kind === 'frame' ? markUnknown(value, asset, out) : value, out);
        if (value.kind === 'waveform' && !asset.points.some(({ id }) => id === value.point)) {
          out.deadLetter('unknown', `the asset has no point ${value.point}`, original);
        }
      },
    },
    states,
  );
}

function pass(event: Event<Decoded>, value: Decoded | Tick, out: Out<Decoded>): void {
  out.emit(value, { time: event.time });
}

function isRepeated(state: State, producer: string, mark: number): boolean {
  const known = state.producers.find(([name]) => name === producer);
  if (known !== undefined) return isDuplicate(known[1], mark, producer !== '');
  const seen = noMarks();
  state.producers.push([producer, seen]);
  if (state.producers.length > MAX_PRODUCERS) state.producers.shift();
  return isDuplicate(seen, mark, producer !== '');
}

/** What a machine sent last, and what of it its model does not have. Derived, so no state. */
type Checked = { readonly signals: readonly string[]; readonly unknown: readonly string[] };
const checked = new WeakMap<Asset, Checked>();

function markUnknown(frame: Frame, asset: Asset, out: Out<Decoded>): Frame {
  const unknown = [...unknownOf(frame.signals, asset)];
  for (const { signal } of frame.texts) {
    if (!Object.hasOwn(asset.signals, signal)) unknown.push(signal);
  }
  if (unknown.length === 0) return frame;
  const count = unknown.length * frame.times.length;
  const detail = `the asset has no signal ${unknown.slice(0, 5).join(', ')}`;
  out.deadLetter('unknown', detail, `message ${frame.origin.sequence}`, count);
  return { ...frame, unknown };
}

/** Frames of a machine repeat their signals, and share the list then. */
function unknownOf(signals: readonly string[], asset: Asset): readonly string[] {
  const last = checked.get(asset);
  if (last?.signals === signals) return last.unknown;
  const unknown = signals.filter((signal) => !Object.hasOwn(asset.signals, signal));
  checked.set(asset, { signals, unknown });
  return unknown;
}

/**
 * The marks of one producer's latest messages on one source. `marks` is a ring that grows to `MAX_MARKS`; `floor` is the
 * greatest mark that has fallen out of it.
 */
type SeenMarks = {
  marks: Float64Array;
  next: number;
  count: number;
  floor: number;
  /** The greatest mark ever. */
  highest: number;
};

/** How many messages back a duplicate is found. */
export const MAX_MARKS = 1_024;
const INITIAL_MARKS = 16;

export function noMarks(): SeenMarks {
  const marks = new Float64Array(INITIAL_MARKS).fill(Number.NaN);
  return { marks, next: 0, count: 0, floor: -1, highest: -1 };
}

/**
 * Whether this mark was seen before; if not, adds it. Producers count, so a mark at or below the floor is an
 * old message sent again; hashes (`counted` false) are looked up in the ring only.
 */
export function isDuplicate(seen: SeenMarks, mark: number, counted: boolean): boolean {
  if (counted && mark <= seen.floor) return true;
  // Producers count upwards: nearly every mark is above all before it, and need not be looked for.
  if (mark <= seen.highest && seen.marks.includes(mark)) return true;
  seen.highest = Math.max(seen.highest, mark);
  if (seen.count === seen.marks.length && seen.count < MAX_MARKS) grow(seen);
  if (seen.count < seen.marks.length) seen.count += 1;
  else seen.floor = Math.max(seen.floor, seen.marks[seen.next] ?? -1);
  seen.marks[seen.next] = mark;
  seen.next = (seen.next + 1) % seen.marks.length;
  return false;
}

function grow(seen: SeenMarks): void {
  const marks = new Float64Array(seen.marks.length * 2).fill(Number.NaN);
  marks.set(seen.marks);
  seen.next = seen.marks.length;
  seen.marks = marks;
}
