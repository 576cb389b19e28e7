import { Subject } from 'rxjs';
import { z } from 'zod';
import type { Epoch, Flow } from '../../operators/flow/flow.ts';
import { keyed } from '../../operators/flow/keyed.ts';
import type { Key } from '../../operators/model/key.ts';
import {
  BEGINNING,
  type Duration,
  END_OF_TIME,
  type EventTime,
} from '../../operators/model/time.ts';
import { createSnapshots } from '../../pipelines/worker/epochs/snapshots.ts';
import {
  NO_STATES,
  type RestoredStates,
  restoreStates,
} from '../../pipelines/worker/epochs/state-image.ts';
import { type FlinkOutput, type FlinkWindow, flinkWindows } from './flink-windows.ts';

const duration = z.number().transform((number) => number as Duration);
const time = z
  .union([z.number(), z.enum(['min', 'max'])])
  .transform((at) => (at === 'min' ? BEGINNING : at === 'max' ? END_OF_TIME : at) as EventTime);

const triggerSchema = z.object({
  type: z.enum(['eventTime', 'continuousEventTime', 'count']),
  interval_ms: duration.optional(),
  n: z.number().optional(),
  purging: z.boolean().default(false),
});

/** One window vector; what each operation must bring is left out. One unit of its time becomes one microsecond. */
export const windowVectorSchema = z.object({
  name: z.string(),
  window: z.object({
    assigner: z.enum(['tumbling', 'hopping', 'session', 'global']),
    size_ms: duration.optional(),
    slide_ms: duration.optional(),
    offset_ms: duration.optional(),
    gap_ms: duration.optional(),
    trigger: triggerSchema,
    allowed_lateness_ms: duration.default(0 as Duration),
  }),
  ops: z.array(
    z.discriminatedUnion('op', [
      z.object({ op: z.literal('element'), key: z.string(), value: z.number(), ts: time }),
      z.object({ op: z.literal('watermark'), ts: time }),
      z.object({ op: z.literal('snapshot_restore') }),
    ]),
  ),
});

type WindowVector = z.infer<typeof windowVectorSchema>;
type Element = { readonly key: string; readonly value: number; readonly ts: number };
type Emitted = {
  readonly key: string;
  readonly sum: number;
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly start?: number;
  readonly end?: number;
};

/** What the product's windows emit at each operation of a vector. */
export type WindowAnswer = {
  readonly name: string;
  readonly ops: readonly { readonly emit: readonly Emitted[]; readonly late: readonly Element[] }[];
};

/** Runs a vector through the engine of the window stage, in the runtime that carries it in the pipeline. */
export function answerWindowVector({ name, window, ops }: WindowVector): WindowAnswer {
  const times = ops.flatMap((each) => (each.op === 'element' ? [each.ts] : []));
  const flink = flinkWindowOf(window, Math.min(...times));
  const keys = new Set(ops.flatMap((each) => (each.op === 'element' ? [each.key] : [])));
  let stage = begin(flink, NO_STATES);
  const answers: Flow<FlinkOutput>[][] = [];
  for (const each of ops) {
    switch (each.op) {
      case 'element':
        answers.push(stage.send([element(each)]));
        break;
      case 'watermark':
        // A source has a clock of its own; the clock of a vector is that of all its keys.
        answers.push(stage.send([...keys].map((key) => watermark(key, each.ts))));
        break;
      case 'snapshot_restore':
        stage = begin(flink, stage.save(answers.length as Epoch));
        answers.push([]);
        break;
    }
  }
  const unbounded = window.assigner === 'global';
  return { name, ops: answers.map((items) => answerOf(items, unbounded)) };
}

function flinkWindowOf(window: WindowVector['window'], earliest: number): FlinkWindow {
  const { trigger, allowed_lateness_ms: lateness } = window;
  const { purging } = trigger;
  const assigner = assignerOf(window, earliest);
  return { assigner, trigger: triggerOf(trigger), purging, lateness };
}

function assignerOf(window: WindowVector['window'], earliest: number): FlinkWindow['assigner'] {
  const { assigner, size_ms, slide_ms, gap_ms, offset_ms: offset = 0 as Duration } = window;
  const given = (value: Duration | undefined, field: string): Duration => {
    if (value === undefined) throw new Error(`a ${assigner} window needs ${field}`);
    return value;
  };
  switch (assigner) {
    case 'tumbling': {
      const size = given(size_ms, 'size_ms');
      const ancient = earliest - offset < -size ? 'next' : 'contained';
      return { kind: 'aligned', size, hop: size, offset, ancient };
    }
    case 'hopping': {
      const [size, hop] = [given(size_ms, 'size_ms'), given(slide_ms, 'slide_ms')];
      const ancient = earliest - offset < -hop ? 'also-next' : 'contained';
      return { kind: 'aligned', size, hop, offset, ancient };
    }
    case 'session':
      return { kind: 'session', gap: given(gap_ms, 'gap_ms') };
    case 'global':
      return { kind: 'global' };
  }
}

function triggerOf({
  type,
  interval_ms,
  n,
}: z.infer<typeof triggerSchema>): FlinkWindow['trigger'] {
  switch (type) {
    case 'eventTime':
      return { kind: 'time' };
    case 'continuousEventTime':
      if (interval_ms === undefined) throw new Error('a continuous trigger needs interval_ms');
      return { kind: 'interval', every: interval_ms };
    case 'count':
      if (n === undefined) throw new Error('a count trigger needs n');
      return { kind: 'count', count: n };
  }
}

function begin(window: FlinkWindow, states: RestoredStates) {
  const snapshots = createSnapshots(states);
  const input = new Subject<Flow<number>>();
  let emitted: Flow<FlinkOutput>[] = [];
  let failure: unknown;
  keyed(
    flinkWindows(window),
    snapshots,
  )(input).subscribe({
    next: (item) => emitted.push(item),
    error: (error) => {
      failure = error;
    },
  });
  const send = (items: readonly Flow<number>[]): Flow<FlinkOutput>[] => {
    emitted = [];
    for (const item of items) input.next(item);
    if (failure !== undefined) throw failure;
    return emitted;
  };
  return {
    send,
    save(epoch: Epoch): RestoredStates {
      snapshots.begin(() => send([{ kind: 'barrier', epoch }]));
      return restoreStates(snapshots.taken());
    },
  };
}

function element({ key, value, ts }: Element): Flow<number> {
  return { kind: 'event', key: key as Key, time: ts as EventTime, value };
}

function watermark(key: string, at: EventTime): Flow<number> {
  return { kind: 'watermark', scope: 'source', of: key as Key, time: at };
}

function answerOf(items: readonly Flow<FlinkOutput>[], unbounded: boolean) {
  const emit: Emitted[] = [];
  const late: Element[] = [];
  for (const item of items) {
    if (item.kind !== 'event') continue;
    const { key, value: output } = item;
    if (output.kind === 'late') {
      late.push({ key, value: output.value, ts: output.time });
      continue;
    }
    const { sum, count, min, max } = output.of;
    const { start, end } = output;
    const emitted = { key, sum, count, min, max };
    emit.push(unbounded ? emitted : { ...emitted, start, end });
  }
  return { emit, late };
}
