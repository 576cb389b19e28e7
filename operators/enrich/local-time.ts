import type { PlantModel } from '../model/plant-model.ts';
import type { EventTime } from '../model/time.ts';

const QUARTER = 15 * 60 * 1_000;
const MINUTES_PER_DAY = 24 * 60;

// Time zones move in quarters of an hour, so what a zone says is asked once per quarter. Derived data, bounded.
const known = new Map<string, number>();
const formats = new Map<string, Intl.DateTimeFormat>();

/** Minutes since local midnight in an IANA time zone; UTC where the zone is not known to this machine. */
export function minuteOfDay(time: EventTime, zone: string): number {
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
export function shiftAt(model: PlantModel | undefined, time: EventTime): string {
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
