import { Subject } from 'rxjs';
import { z } from 'zod';
import {
  advanceTime,
  type MatchResult,
  processEvent,
  startsMatch,
  type TimedOutMatch,
  UNCHANGED,
} from '../../operators/correlate/matcher.ts';
import {
  countUnderWay,
  type Match,
  openPatternState,
  type PatternState,
  parseTimer,
  setTimers,
} from '../../operators/correlate/partial-matches.ts';
import type { PatternProgram } from '../../operators/correlate/program.ts';
import type { Epoch, Flow, StageId } from '../../operators/flow/flow.ts';
import { type Keyed, keyed, type Out } from '../../operators/flow/keyed.ts';
import { order } from '../../operators/flow/order.ts';
import type { Key } from '../../operators/model/key.ts';
import { BEGINNING, END_OF_TIME, type EventTime } from '../../operators/model/time.ts';
import { createSnapshots } from '../../pipelines/worker/epochs/snapshots.ts';
import {
  NO_STATES,
  type RestoredStates,
  restoreStates,
} from '../../pipelines/worker/epochs/state-image.ts';
import { type PatternAnswer, stagesOf } from './pattern-vectors.ts';
import {
  programOfVector,
  type VectorEvent,
  vectorEventSchema,
  vectorPatternSchema,
} from './vector-patterns.ts';

const time = z
  .union([z.number(), z.enum(['min', 'max'])])
  .transform((at) => (at === 'min' ? BEGINNING : at === 'max' ? END_OF_TIME : at) as EventTime);

/** One operator vector; what it must bring is left out. */
export const operatorVectorSchema = vectorPatternSchema.extend({
  time: z.enum(['event', 'processing']),
  key: z.string().nullable(),
  events: z.array(vectorEventSchema),
  emit_timed_out: z.boolean().default(false),
  ops: z.array(
    z.discriminatedUnion('op', [
      z.object({ op: z.literal('event'), seq: z.number() }),
      z.object({ op: z.literal('watermark'), ts: time }),
      z.object({ op: z.literal('snapshot_restore') }),
    ]),
  ),
});

type OperatorVector = z.infer<typeof operatorVectorSchema>;

const LINE = 'vector/line' as Key;

/** Runs a vector through order and a pattern, in the runtime that carries them in the pipeline. */
export function answerOperatorVector(vector: OperatorVector): PatternAnswer {
  const { name } = vector;
  const program = programOfVector(vector);
  if ('refused' in program) return { name, error: program.refused };
  const bySeq = new Map(vector.events.map((event) => [event.seq, event]));
  const emitted: Flow<PatternResult>[] = [];
  let pipeline = begin(program, NO_STATES, emitted);
  for (const [index, each] of vector.ops.entries()) {
    if (each.op === 'snapshot_restore') {
      pipeline = begin(program, pipeline.save(index as Epoch), emitted);
    } else if (each.op === 'watermark') {
      pipeline.send(watermark(each.ts));
    } else {
      const event = bySeq.get(each.seq);
      if (event === undefined) throw new Error(`op: expected an event, found no seq ${each.seq}`);
      // On arrival: every event has a time of its own, and nothing waits for it.
      const at = vector.time === 'event' ? event.timestamp : ((index + 1) as EventTime);
      pipeline.send({ kind: 'event', key: keyOf(vector, event), time: at, value: event });
      if (vector.time === 'processing') pipeline.send(watermark(at));
    }
  }
  return answerOf(name, emitted, vector.emit_timed_out);
}

function keyOf({ key }: OperatorVector, event: VectorEvent): Key {
  return `${LINE}/${key === null ? 'all' : String(Reflect.get(event, key))}` as Key;
}

function watermark(at: EventTime): Flow<VectorEvent> {
  return { kind: 'watermark', scope: 'line', of: LINE, time: at };
}

function begin(
  program: PatternProgram<VectorEvent>,
  states: RestoredStates,
  emitted: Flow<PatternResult>[],
) {
  const snapshots = createSnapshots(states);
  const input = new Subject<Flow<VectorEvent>>();
  let failure: unknown;
  input
    .pipe(
      // Ties go by arrival.
      order<VectorEvent>({ id: 'order' as StageId, compare: () => 0 }, snapshots),
      keyed(patternLogic('pattern' as StageId, program), snapshots),
    )
    .subscribe({
      next: (item) => emitted.push(item),
      error: (error) => {
        failure = error;
      },
    });
  const send = (item: Flow<VectorEvent>): void => {
    input.next(item);
    if (failure !== undefined) throw failure;
  };
  return {
    send,
    save(epoch: Epoch): RestoredStates {
      snapshots.begin(() => send({ kind: 'barrier', epoch }));
      return restoreStates(snapshots.taken());
    },
  };
}

/** What one pattern brings at one key. */
type PatternResult =
  | { readonly kind: 'match'; readonly match: Match<VectorEvent> }
  | ({ readonly kind: 'timed-out' } & TimedOutMatch<VectorEvent>);

type KeyState = { state: PatternState<VectorEvent> | null };

/** One pattern over the events of each key, in event time: late events become dead letters. */
function patternLogic(
  id: StageId,
  program: PatternProgram<VectorEvent>,
): Keyed<KeyState, VectorEvent, PatternResult> {
  const emitStep = (
    key: KeyState,
    state: PatternState<VectorEvent>,
    result: MatchResult<VectorEvent>,
    out: Out<PatternResult>,
  ) => {
    if (result === UNCHANGED) return;
    for (const match of result.matches) out.emit({ kind: 'match', match });
    for (const { match, at } of result.timedOut) out.emit({ kind: 'timed-out', match, at });
    setTimers(program, state, result.disarmed, id, out);
    key.state = countUnderWay(state) === 0 ? null : state;
  };
  return {
    ...{ id, version: 1, scope: 'line' },
    open: () => ({ state: null }),
    onEvent(key, { value, time, late }, _knowledge, out) {
      if (late === true) {
        out.deadLetter('late', 'the event came after the time of its line had passed it', value);
        return;
      }
      if (key.state === null && !startsMatch(program, value)) return;
      const state = key.state ?? openPatternState<VectorEvent>('');
      emitStep(key, state, processEvent(program, state, value, time), out);
    },
    onTimer(key, due, _knowledge, out, timer) {
      const { state } = key;
      if (state === null) return;
      emitStep(key, state, advanceTime(program, state, due, parseTimer(timer).absent), out);
    },
  };
}

const lateSchema = z.object({ seq: z.number() });

function answerOf(
  name: string,
  items: readonly Flow<PatternResult>[],
  withTimedOut: boolean,
): PatternAnswer {
  const results = items.flatMap((item) => (item.kind === 'event' ? [item.value] : []));
  const late = items.flatMap((item) => {
    if (item.kind !== 'row' || item.table !== 'dead_letters') return [];
    return [lateSchema.parse(JSON.parse(item.row.original)).seq];
  });
  return {
    name,
    matches: results.flatMap((each) => (each.kind === 'match' ? [stagesOf(each.match)] : [])),
    timed_out: results.flatMap((each) => {
      if (each.kind !== 'timed-out' || !withTimedOut) return [];
      return [{ match: stagesOf(each.match), at: each.at }];
    }),
    late,
  };
}
