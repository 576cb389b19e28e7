import { type AssetKey, plantOf } from '../model/key.ts';
import type { Knowledge } from '../model/knowledge.ts';
import { scheduledAt } from '../model/line-schedules.ts';
import { isStarting } from '../model/machine-event.ts';
import { untilStandstill, workAt } from '../model/machine-plan.ts';
import type { Situation } from '../model/observation.ts';
import type { PlantModel } from '../model/plant-model.ts';
import { isWork } from '../model/schedule.ts';
import { BEGINNING, type Duration, type EventTime, later, MINUTE, minus } from '../model/time.ts';
import { changedInside, type Fact, factAt, startupEnded } from './facts.ts';

/** What a machine was doing in [start, end], as of its start; the next stop is counted from the end. */
export function situationOf(
  facts: readonly Fact[],
  { models, schedules }: Knowledge,
  asset: AssetKey,
  start: EventTime,
  end: EventTime,
): Situation {
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
    shift: shiftAt(models[plantOf(asset)], start),
    planned: planned === '' && isStarting(state) ? 'startup' : planned,
    next_stop: until === null ? null : until / MINUTE,
    started: startupEnded(facts, end) ?? null,
    mixed: other || changedInside(facts, start, end),
  };
}

const QUARTER = 15 * 60 * 1_000;
const MINUTES_PER_DAY = 24 * 60;

// Time zones move in quarters of an hour, so the local time of a zone is computed once per quarter. Derived data, bounded.
const known = new Map<string, number>();
const formats = new Map<string, Intl.DateTimeFormat>();

/** Minutes since local midnight in an IANA time zone; UTC where the zone is not known to this machine. */
function minuteOfDay(time: EventTime, zone: string): number {
  const milliseconds = Math.floor(time / 1_000);
  const quarter = Math.floor(milliseconds / QUARTER);
  const name = `${zone} ${quarter}`;
  let start = known.get(name);
  if (start === undefined) {
    if (known.size > 10_000) known.clear();
    start = localMinute(quarter * QUARTER, zone);
    known.set(name, start);
  }
  return (start + Math.floor((milliseconds - quarter * QUARTER) / 60_000)) % MINUTES_PER_DAY;
}

function localMinute(milliseconds: number, zone: string): number {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone: isZone(zone) ? zone : 'UTC',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
    formats.set(zone, format);
  }
  const [hours, minutes] = format.format(milliseconds).split(':').map(Number);
  return (hours ?? 0) * 60 + (minutes ?? 0);
}

function isZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-GB', { timeZone: zone }) !== undefined;
  } catch {
    return false;
  }
}

/** The shift that runs at that time; shifts may pass midnight. */
function shiftAt(model: PlantModel | undefined, time: EventTime): string {
  if (model === undefined || model.shifts.length === 0) return '';
  const minute = minuteOfDay(time, model.time_zone);
  const running = model.shifts.find((shift) => {
    const [start, end] = [minutes(shift.start), minutes(shift.end)];
    return start < end ? minute >= start && minute < end : minute >= start || minute < end;
  });
  return running?.id ?? '';
}

function minutes(text: string): number {
  const [hours, rest] = text.split(':').map(Number);
  return (hours ?? 0) * 60 + (rest ?? 0);
}
