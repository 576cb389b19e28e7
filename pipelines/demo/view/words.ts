import { type EventTime, toIso } from '../../../operators/model/time.ts';
import type { RequestView } from './view.ts';

/** A whole number for people: `1,204,300`. */
export function grouped(number: number): string {
  return String(Math.round(number)).replaceAll(/\B(?=(\d{3})+$)/g, ',');
}

/** Milliseconds for people. */
export function spoken(milliseconds: number): string {
  if (milliseconds < 950) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 95_000) return `${(milliseconds / 1_000).toFixed(1)} s`;
  return `${(milliseconds / 60_000).toFixed(1)} min`;
}

/** `08:14:05`, in UTC. */
export function clockOf(time: EventTime): string {
  return toIso(time).slice(11, 19);
}

/** `Mon 5 Jan 2026`, in UTC. */
export function dayOf(time: EventTime): string {
  return new Date(time / 1_000).toLocaleDateString('en-GB', {
    timeZone: 'UTC',
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
  });
}

const REASONS: Readonly<Record<string, string>> = {
  malformed: 'could not be read',
  schema: 'of a newer wire format',
  unknown: 'of machines nobody knows',
  duplicate: 'said twice',
  'too-late': 'came too late to be judged',
  late: 'late for its line, not seen by patterns',
  skew: 'from a wrong clock',
  'not-finite': 'no number',
  text: 'a text where a number is declared',
  precision: 'more digits than a number holds',
  missing: 'no value, by the model',
  'bad-quality': 'no value, by its source',
  suspect: 'doubted by its source, not judged',
  'out-of-range': 'out of range, not judged',
  suppressed: 'expected just then: no request',
  mixed: 'across a change of state',
  'rule-changed': 'ended by a change of rules',
  overflow: 'beyond a limit',
  defect: 'could not be processed',
  trimmed: 'lost before they were read',
  gap: 'missing in the log',
  refused: 'not taken by ClickHouse',
};

/** Why something became a dead letter, for people. */
export function reasonWords(reason: string): string {
  return REASONS[reason] ?? '';
}

const ACTIONS: Readonly<Record<RequestView['action'], string>> = {
  open: 'asked',
  update: 'sharper',
  withdraw: 'withdrawn',
  close: 'closed',
};

/** What became of a request, in a word. */
export function actionWord(action: RequestView['action']): string {
  return ACTIONS[action];
}
