import { type AssetKey, plantOf } from '../model/key.ts';
import type { Knowledge } from '../model/knowledge.ts';
import { type LineSchedules, scheduledAt } from '../model/line-schedules.ts';
import { isStarting } from '../model/machine-event.ts';
import { isWork } from '../model/schedule.ts';
import type { Situation } from '../model/situation.ts';
import { untilStandstill } from '../model/standstill.ts';
import { BEGINNING, type Duration, type EventTime, later, MINUTE, minus } from '../model/time.ts';
import { workAt } from '../model/work.ts';
import { changedInside, type Fact, factAt, startupEnded } from './facts.ts';
import { shiftAt } from './local-time.ts';

export type Shared = { readonly knowledge: Knowledge; readonly schedules: LineSchedules };

/** What a machine was doing in [start, end], as of its start; the next stop is counted from the end. */
export function situationOf(
  facts: readonly Fact[],
  { knowledge, schedules }: Shared,
  asset: AssetKey,
  start: EventTime,
  end: EventTime,
): Situation {
  const fact = factAt(facts, start);
  const running = scheduledAt(schedules, asset, start);
  const planned = running.find((entry) => !isWork(entry))?.kind ?? '';
  const state = fact?.state ?? 'UNDEFINED';
  const said = { order: fact?.order ?? '', product: fact?.product ?? '' };
  const { order, operation, product, due } = workAt(schedules, asset, start, said);
  const last = later(start, minus(end, 1 as Duration));
  // The machine's own word is compared fact by fact; here only what the schedule adds to it.
  const then = last === start ? undefined : workAt(schedules, asset, last, said);
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
    shift: shiftAt(knowledge.models[plantOf(asset)], start),
    planned: planned === '' && isStarting(state) ? 'startup' : planned,
    next_stop: until === null ? null : until / MINUTE,
    started: startupEnded(facts, end) ?? null,
    mixed: other || changedInside(facts, start, end),
  };
}
