import { Subject } from 'rxjs';
import type { Epoch, Event, Flow, Stage, Watermark } from '../../operators/flow/flow.ts';
import type { States } from '../../operators/flow/states.ts';
import type { Decoded } from '../../operators/model/decoded.ts';
import type { Key } from '../../operators/model/key.ts';
import { TICK_SUBJECT } from '../../operators/model/message.ts';
import type { EventTime } from '../../operators/model/time.ts';
import { createSnapshots } from '../../pipelines/worker/epochs/snapshots.ts';
import {
  NO_STATES,
  type PackedStates,
  type RestoredStates,
  restoreStates,
} from '../../pipelines/worker/epochs/state-image.ts';

export function event<T>(key: string, time: number, value: T): Event<T> {
  return { kind: 'event', key: key as Key, time: time as EventTime, value };
}

export function watermark(of: string, time: number, scope: 'source' | 'line' = 'line'): Watermark {
  return { kind: 'watermark', scope, of: of as Key, time: time as EventTime };
}

/**
 * Runs items through a stage, and throws what it throws. After each position in `cuts` its states are written down.
 * After each of them, or after as many `increments` as are wanted behind it, the stage is torn down, and a new one goes
 * on with the states that are read back.
 */
export function runThrough<I, O>(
  make: (states: States) => Stage<I, O>,
  items: readonly Flow<I>[],
  cuts: ReadonlySet<number> = new Set(),
  increments = 0,
): Flow<O>[] {
  const output: Flow<O>[] = [];
  let written: PackedStates[] = [];
  let life = begin(make, NO_STATES, output);
  items.forEach((item, position) => {
    life.send(item);
    if (!cuts.has(position)) return;
    written.push(life.cut(position as Epoch));
    if (written.length <= increments) return;
    life = begin(make, restoreStates(...written), output);
    written = [];
  });
  return output;
}

/** The same for messages, without the ticks that are left of those that go no further. */
export function runMessages<I>(
  make: (states: States) => Stage<I, Decoded>,
  items: readonly Flow<I>[],
  cuts?: ReadonlySet<number>,
): Flow<Decoded>[] {
  return runThrough(make, items, cuts).filter((item) => {
    const isTick = item.kind === 'event' && item.value.kind === 'tick';
    return !isTick || item.value.origin.subject === TICK_SUBJECT;
  });
}

function begin<I, O>(
  make: (states: States) => Stage<I, O>,
  states: RestoredStates,
  output: Flow<O>[],
) {
  const snapshots = createSnapshots(states);
  const input = new Subject<Flow<I>>();
  let failure: unknown;
  make(snapshots)(input).subscribe({
    next: (item) => {
      if (item.kind !== 'barrier') output.push(item);
    },
    error: (error) => {
      failure = error;
    },
  });
  const check = () => {
    if (failure !== undefined) throw failure;
  };
  check();
  const send = (item: Flow<I>) => {
    input.next(item);
    check();
  };
  return {
    send,
    cut(epoch: Epoch): PackedStates {
      snapshots.begin(() => send({ kind: 'barrier', epoch }));
      return snapshots.taken();
    },
  };
}

/** The values of the events among these items. */
export function valuesOf<T>(items: readonly Flow<T>[]): T[] {
  return items.flatMap((item) => (item.kind === 'event' ? [item.value] : []));
}
