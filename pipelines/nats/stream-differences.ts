import type { StreamConfig } from '@nats-io/jetstream';
import { formatDuration } from '../../operators/model/duration.ts';
import type { Duration } from '../../operators/model/time.ts';

export type Difference = {
  readonly field: string;
  readonly expected: string;
  readonly found: string;
};

/** Its mark is read, not compared: a stream keeps what it was made as. */
const NOT_COMPARED: ReadonlySet<string> = new Set(['description']);

/**
 * Where a stream's configuration is not the wanted one. Only wanted fields are compared, so what newer servers add is
 * no difference; fields that a server leaves out have their zero value.
 */
export function differencesOf(
  wanted: Partial<StreamConfig>,
  config: StreamConfig,
): readonly Difference[] {
  const actual = new Map<string, unknown>(Object.entries(config));
  const differences: Difference[] = [];
  for (const [field, value] of Object.entries(wanted)) {
    if (NOT_COMPARED.has(field)) continue;
    const expected = spell(field, value);
    const found = spell(field, actual.get(field) ?? zeroOf(value));
    if (expected !== found) differences.push({ field, expected, found });
  }
  return differences;
}

function zeroOf(like: unknown): unknown {
  if (typeof like === 'boolean') return false;
  return typeof like === 'number' ? 0 : '';
}

function spell(field: string, value: unknown): string {
  if (Array.isArray(value)) return value.map(String).sort().join(', ');
  if (field === 'max_age' && typeof value === 'number') {
    return value === 0 ? 'unlimited' : formatDuration(Math.round(value / 1_000) as Duration);
  }
  if (typeof value === 'number' && value <= 0 && field.startsWith('max_')) return 'unlimited';
  return String(value);
}
