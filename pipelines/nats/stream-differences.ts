/** Where a stream is not configured as it should be, in words, and which of that can be mended without losing anything. */

import type { StreamConfig } from '@nats-io/jetstream';
import { type Duration, formatDuration } from '../../operators/model/time.ts';

export type StreamDifference = {
  readonly field: string;
  readonly expected: string;
  readonly found: string;
  /** Changing it trims nothing and loses nothing. */
  readonly isSafe: boolean;
};

/** Its mark is read, not compared: a stream keeps what it was made as. */
const NOT_COMPARED: ReadonlySet<string> = new Set(['description']);

/**
 * Where a stream's configuration is not the wanted one. Only wanted fields are compared, so what newer servers add is
 * no difference; fields that a server leaves out have their zero value.
 */
export function streamDifferences(
  wanted: Partial<StreamConfig>,
  config: StreamConfig,
): readonly StreamDifference[] {
  const actual = new Map<string, unknown>(Object.entries(config));
  const differences: StreamDifference[] = [];
  for (const [field, value] of Object.entries(wanted)) {
    if (NOT_COMPARED.has(field)) continue;
    const present = actual.get(field) ?? zeroOf(value);
    const expected = spell(field, value);
    const found = spell(field, present);
    if (expected === found) continue;
    differences.push({ field, expected, found, isSafe: isSafe(field, value, present) });
  }
  return differences;
}

/** `max_age 7d; discard old` */
export function spellDifferences(
  differences: readonly StreamDifference[],
  side: 'expected' | 'found',
): string {
  return differences.map((difference) => `${difference.field} ${difference[side]}`).join('; ');
}

/** Copies and the memory for ids may change at any time; limits may only become wider. */
function isSafe(field: string, wanted: unknown, present: unknown): boolean {
  if (field === 'num_replicas' || field === 'duplicate_window') return true;
  if (field !== 'max_age' && field !== 'max_bytes') return false;
  return limit(wanted) > limit(present);
}

function limit(value: unknown): number {
  return typeof value === 'number' && value > 0 ? value : Number.POSITIVE_INFINITY;
}

function zeroOf(like: unknown): unknown {
  if (typeof like === 'boolean') return false;
  return typeof like === 'number' ? 0 : '';
}

const SPANS: ReadonlySet<string> = new Set(['max_age', 'duplicate_window']);

function spell(field: string, value: unknown): string {
  if (Array.isArray(value)) return value.map(String).sort().join(', ');
  if (SPANS.has(field) && typeof value === 'number') {
    return value === 0 ? 'unlimited' : formatDuration(Math.round(value / 1_000) as Duration);
  }
  if (typeof value === 'number' && value <= 0 && field.startsWith('max_')) return 'unlimited';
  return String(value);
}
