import { type EventTime, toIso } from '../../operators/model/time.ts';
import type { Truth } from './truth.ts';

const TIMES = new Set(['begins', 'ends', 'detectable', 'from', 'to']);

/** The truth as a JSON text for people and scripts: its times are ISO 8601. */
export function truthFile(truth: Truth): string {
  const text = JSON.stringify(
    truth,
    (name, value: unknown) => {
      return TIMES.has(name) && typeof value === 'number' ? toIso(value as EventTime) : value;
    },
    2,
  );
  return `${text}\n`;
}
