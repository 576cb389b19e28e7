/** Each message against the plant model: known assets, no repeats. Then its values. */

import type { Event, Stage, StageId } from '../flow/flow.ts';
import { keyed, type Out } from '../flow/keyed.ts';
import type { States } from '../flow/states.ts';
import { type Decoded, pickSamples, type Tick, weightOf } from '../model/decoded.ts';
import { assetOf } from '../model/knowledge.ts';
import type { Identity } from '../model/message.ts';
import { checkFrame } from './values.ts';

/**
 * Checks each message against the plant model: unknown assets and repeated messages go to `dead_letters`; signals that the
 * model does not have are marked `unknown`, counted, and still land; values are what the model declares of their signals.
 */
export function validate(states: States): Stage<Decoded, Decoded> {
  return keyed<SeenMessages, Decoded, Decoded>(
    {
      id: 'validate' as StageId,
      version: 2,
      scope: 'source',
      open: noMessages,
      onEvent(seen, event, knowledge, out) {
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
          pass(event, tickOf(value), out);
          // No state is kept for subjects that anybody can make up.
          out.close();
          return;
        }
        if (identity !== undefined && rememberMessage(seen, identity)) {
          const detail = 'the same message was seen before on this subject';
          out.deadLetter('duplicate', detail, original, weightOf(value));
          pass(event, tickOf(value), out);
          return;
        }
        const fresh = withoutRepeats(seen, value, out);
        if (fresh === undefined) {
          pass(event, tickOf(value), out);
          return;
        }
        const checked = fresh.kind === 'frame' ? checkFrame(fresh, asset, out) : fresh;
        pass(event, checked, out);
        if (value.kind === 'waveform' && !asset.points.some(({ id }) => id === value.point)) {
          out.deadLetter('unknown', `the asset has no point ${value.point}`, original);
        }
      },
    },
    states,
  );
}

/** What is left of a message that goes no further: the broker was alive. */
function tickOf({ origin }: Decoded): Tick {
  return { kind: 'tick', origin };
}

function pass(event: Event<Decoded>, value: Decoded | Tick, out: Out<Decoded>): void {
  out.emit(value, { time: event.time });
}

// A source that fails over between gateways has two producers; more than a few are reboots of the same one.
const MAX_PRODUCERS = 4;

/** What one source sent last: by producer and its count (or the hashes of bytes), and by identity. */
type SeenMessages = {
  readonly producers: [name: string, seen: SeenMarks][];
  names: SeenMarks | null;
};

function noMessages(): SeenMessages {
  return { producers: [], names: null };
}

/**
 * Whether this message was seen before; if not, it is remembered. One with an identity is the same message from whatever
 * producer, and its bytes say nothing then.
 */
function rememberMessage(seen: SeenMessages, { producer, mark, name, names }: Identity): boolean {
  // Of a block whose samples have identities each is asked for by itself.
  if (names !== undefined && producer === '') return false;
  if (name === undefined) return isRepeatedBy(seen, producer, mark);
  seen.names ??= noMarks();
  const sameName = rememberMark(seen.names, name, false);
  // Both are asked: each remembers what it was asked for.
  const sameCount = producer !== '' && isRepeatedBy(seen, producer, mark);
  return sameName || sameCount;
}

/** A block without the samples that were seen before, which are counted; undefined when nothing is left. */
function withoutRepeats(
  seen: SeenMessages,
  value: Exclude<Decoded, Tick>,
  out: Out<Decoded>,
): Exclude<Decoded, Tick> | undefined {
  const { identity, sequence } = value.origin;
  if (value.kind !== 'frame' || identity?.names === undefined) return value;
  seen.names ??= noMarks();
  const fresh: number[] = [];
  for (const [sample, name] of identity.names.entries())
    if (!rememberMark(seen.names, name, false)) fresh.push(sample);
  if (fresh.length === value.times.length) return value;
  const left = fresh.length === 0 ? undefined : pickSamples(value, fresh);
  const lost = weightOf(value) - (left === undefined ? 0 : weightOf(left));
  const detail = 'the same samples were seen before on this subject';
  out.deadLetter('duplicate', detail, `message ${sequence}`, lost);
  return left;
}

function isRepeatedBy({ producers }: SeenMessages, producer: string, mark: number): boolean {
  const known = producers.find(([name]) => name === producer);
  if (known !== undefined) return rememberMark(known[1], mark, producer !== '');
  const marks = noMarks();
  producers.push([producer, marks]);
  if (producers.length > MAX_PRODUCERS) producers.shift();
  return rememberMark(marks, mark, producer !== '');
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
export function rememberMark(seen: SeenMarks, mark: number, counted: boolean): boolean {
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
