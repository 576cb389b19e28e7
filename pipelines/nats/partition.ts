/** In which partition a line lives, and the mapping of nats-server that says the same. */

import { installedSubject } from '../../sinks/installation.ts';
import type { Outgoing } from './publisher.ts';
import { partitionPrefix } from './streams.ts';

/** One plant's model and rules on their way into the log: into every partition that holds one of its lines. */
export type PlantChange = {
  readonly plant: string;
  readonly lines: readonly string[];
  readonly messages: readonly Outgoing[];
};

/**
 * The partition of a line, as nats-server's mapping function `partition(n, …)` of plant and line has it: FNV-1a (32 bits) over the
 * tokens one after another, modulo n. A publisher that puts the prefix itself must come to the same answer.
 */
export function partitionOf(plant: string, line: string, partitions: number): number {
  if (partitions === 1) return 0;
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(plant + line)) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return hash % partitions;
}

/** Every partition that holds one of these lines, ascending. A plant without a line is kept in partition 0. */
export function partitionsOf(
  plant: string,
  lines: readonly string[],
  partitions: number,
): readonly number[] {
  const found = new Set(lines.map((line) => partitionOf(plant, line, partitions)));
  return found.size === 0 ? [0] : [...found].sort((a, b) => a - b);
}

/** Where a publisher that computes the partition sends a message about a line: `andon.<n>.<subject>`. */
export function partitionedSubject(subject: string, partitions: number): string {
  const [kind, ...tokens] = subject.split('.');
  const [plant = '', line = ''] = kind === 'status' ? tokens.slice(1) : tokens;
  return `${partitionPrefix(partitionOf(plant, line, partitions))}${subject}`;
}

/** Kinds of messages that belong to a line: the tokens of their subjects, and which of them is the plant (the line follows it). */
const LINE_SUBJECTS = [
  { kind: 'telemetry', tokens: 3, plantAt: 1 },
  { kind: 'waveform', tokens: 4, plantAt: 1 },
  { kind: 'event', tokens: 3, plantAt: 1 },
  { kind: 'schedule', tokens: 2, plantAt: 1 },
  { kind: 'finding', tokens: 3, plantAt: 1 },
  { kind: 'act', tokens: 5, plantAt: 1 },
  { kind: 'status', tokens: 4, plantAt: 2 },
] as const;

/**
 * What puts `andon.<n>.` before the subjects of plants, for the `mappings` of an account of nats-server. It is applied to
 * what is published in the account, and not to what it imports. Fixed tokens instead of `>`, which 2.9 does not take.
 */
export function mappingLines(partitions: number, prefix?: string): readonly string[] {
  return LINE_SUBJECTS.map(({ kind, tokens, plantAt }) => {
    const positions = Array.from({ length: tokens }, (_, index) => index + 1);
    const from = [kind, ...positions.map(() => '*')].join('.');
    const to = [kind, ...positions.map((at) => `{{wildcard(${at})}}`)].join('.');
    const mapped = `andon.{{partition(${partitions},${plantAt},${plantAt + 1})}}.${to}`;
    return `  "${installedSubject(prefix, from)}": "${installedSubject(prefix, mapped)}"`;
  });
}
