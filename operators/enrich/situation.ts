import type { AssetKey } from '../model/key.ts';
import { type Knowledge, plantModelOf } from '../model/knowledge.ts';
import { scheduledAt } from '../model/line-schedules.ts';
import { isStarting } from '../model/machine-event.ts';
import { untilStandstill, workAt } from '../model/machine-plan.ts';
import type { Situation } from '../model/observation.ts';
import {
  type LocalSpan,
  type PlantModel,
  rememberSpans,
  shiftSpanAt,
} from '../model/plant-model.ts';
import { isWork } from '../model/schedule.ts';
import { BEGINNING, type Duration, type EventTime, later, MINUTE, minus } from '../model/time.ts';
import { changedInside, type Fact, factAt, startupEnded } from './facts.ts';

/** What a machine was doing in [start, end], as of its start; the next stop is counted from the end. */
export function situationOf(
  facts: readonly Fact[],
  knowledge: Knowledge,
  asset: AssetKey,
  start: EventTime,
  end: EventTime,
): Situation {
  const { schedules } = knowledge;
  const fact = factAt(facts, start);
  const running = scheduledAt(schedules, asset, start);
  const planned = running.find((entry) => !isWork(entry))?.kind ?? '';
  const state = fact?.state ?? 'UNDEFINED';
  const reported = { order: fact?.order ?? '', product: fact?.product ?? '' };
  const { order, operation, product, due } = workAt(schedules, asset, start, reported);
  const last = later(start, minus(end, 1 as Duration));
  // What the machine itself reported is compared fact by fact; here only what the schedule adds to it.
  const then = last === start ? undefined : workAt(schedules, asset, last, reported);
  const other = then !== undefined && (then.product !== product || then.operation !== operation);
  const until = untilStandstill(schedules, asset, end);
  return {
    state,
    since: fact?.time ?? BEGINNING,
    mode: fact?.mode ?? '',
    order,
    operation,
    product,
    due,
    shift: shiftAt(plantModelOf(knowledge, asset), start),
    planned: planned === '' && isStarting(state) ? 'startup' : planned,
    next_stop: until === null ? null : until / MINUTE,
    started: startupEnded(facts, end) ?? null,
    mixed: other || changedInside(facts, start, end),
  };
}

/** Derived, so no state. */
const shifts = new WeakMap<PlantModel, (time: EventTime) => LocalSpan>();

/** The shift that runs at that time by the clock of the plant; '' for none. */
function shiftAt(model: PlantModel | undefined, time: EventTime): string {
  if (model === undefined || model.shifts.length === 0) return '';
  let spanAt = shifts.get(model);
  if (spanAt === undefined) {
    spanAt = rememberSpans((at) => shiftSpanAt(at, model));
    shifts.set(model, spanAt);
  }
  return spanAt(time).shift;
}
