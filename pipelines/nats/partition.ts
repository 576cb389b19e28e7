import { partitionPrefix } from './streams.ts';

/**
 * The partition of a line, as nats-server's mapping function `partition(n, 1, 2)` has it: FNV-1a (32 bits) over the
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
  const [, plant = '', line = ''] = subject.split('.');
  return `${partitionPrefix(partitionOf(plant, line, partitions))}${subject}`;
}
