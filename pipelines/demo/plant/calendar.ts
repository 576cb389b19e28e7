import { randomOf } from './random.ts';

/** Seconds since the plant's beginning. */
export type Seconds = number;

/** What a line does by its schedule: it makes an order, or it stands. */
export type Phase = {
  readonly kind: 'order' | 'changeover' | 'planned-stop' | 'maintenance';
  readonly from: Seconds;
  readonly to: Seconds;
  readonly id: string;
  readonly product: string;
  /** Share of full load. */
  readonly load: number;
};

/** How the schedule of a line is changed while the plant runs, and when the change is announced. */
export type Correction = {
  readonly at: Seconds;
  readonly kind: 'postponed' | 'early' | 'cancelled';
  /** The stop as it was planned at first. */
  readonly planned: Phase;
};

export type LineCalendar = {
  readonly line: string;
  readonly phases: readonly Phase[];
  readonly corrections: readonly Correction[];
};

const MINUTE = 60;
export const DAY_SECONDS = 24 * 3_600;
/** The plant stands in the last hour of each day. */
const NIGHT = 3_600;
const PRODUCTS = ['bracket', 'hinge', 'housing', 'cover', 'flange'] as const;
/** What becomes of the second stop of a line, by the line's number. */
const CORRECTIONS = ['postponed', 'cancelled', 'early'] as const;
const SHIFT = { postponed: 8 * MINUTE, early: -10 * MINUTE, cancelled: 0 } as const;
/** When the schedule says so, from when the stop was planned to begin: of one that came early, after it began. */
const ANNOUNCED = { postponed: -12 * MINUTE, early: -5 * MINUTE, cancelled: -12 * MINUTE } as const;

/**
 * One day of a line: orders of about an hour, between them changeovers and every third time a break; in the afternoon a
 * window for maintenance. The second stop of the first line is postponed, that of the second line is cancelled, and that of the
 * third begins early, which the schedule says only when it has begun.
 */
export function calendarOf(seed: number, line: string, number: number, day: number): LineCalendar {
  const random = randomOf(seed, 'calendar', line, day);
  const begin = day * DAY_SECONDS;
  const end = begin + DAY_SECONDS - NIGHT;
  const phases: Phase[] = [];
  const corrections: Correction[] = [];
  let at = begin + Math.round(random.between(60, 150)) + 30 * number;
  stand('planned-stop', begin, at);
  for (let count = 1; at < end; count += 1) {
    const length = Math.round(random.between(40, 58) * MINUTE);
    const correction = count === 2 ? CORRECTIONS[number] : undefined;
    const kind = count % 3 === 2 ? 'planned-stop' : count === 9 ? 'maintenance' : 'changeover';
    const stop = Math.min(end, at + length);
    const pause = Math.round((kind === 'changeover' ? random.between(8, 12) : 15) * MINUTE);
    const planned = phaseOf(kind, stop, Math.min(end, stop + pause));
    const product = PRODUCTS[Math.floor(random.next() * PRODUCTS.length)] ?? 'bracket';
    const load = random.between(0.9, 1.1);
    const order = (to: Seconds): Phase => {
      return { kind: 'order', from: at, to, id: idOf(`${line}-order`, day, count), product, load };
    };
    if (correction !== undefined) {
      corrections.push({ at: stop + ANNOUNCED[correction], kind: correction, planned });
    }
    if (correction === 'cancelled') {
      phases.push(order(planned.to));
      at = planned.to;
      continue;
    }
    const shift = correction === undefined ? 0 : SHIFT[correction];
    const actual = { ...planned, from: stop + shift, to: planned.to + shift };
    phases.push(order(actual.from));
    if (actual.to > actual.from) phases.push(actual);
    at = actual.to;
  }
  stand('planned-stop', Math.max(at, end), begin + DAY_SECONDS);
  return { line, phases, corrections };

  function stand(kind: Phase['kind'], from: Seconds, to: Seconds): void {
    phases.push(phaseOf(kind, from, to));
  }

  function phaseOf(kind: Phase['kind'], from: Seconds, to: Seconds): Phase {
    return { kind, from, to, id: `${line}-${kind}-${from}`, product: '', load: 0 };
  }
}

function idOf(prefix: string, day: number, count: number): string {
  return `${prefix}-${day * 100 + count}`;
}
