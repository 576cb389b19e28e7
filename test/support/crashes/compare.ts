import type { Landed } from './outside.ts';
import type { Expected } from './plain-oracle.ts';

/** Tables that an epoch folds or adds to: they are the same only in sum. */
const FOLDED: ReadonlySet<string> = new Set(['dead_letters', 'epochs']);

/** What is wrong outside, in words; nothing when it is what an undisturbed pass gives. */
export function differences(outside: Landed, expected: Expected, messages: number): string[] {
  const tables = new Set([...outside.tables, ...expected.rows.keys()]);
  const wrong = outside.contradictions.map((name) => `other content came under ${name}`);
  for (const table of tables) {
    if (FOLDED.has(table)) continue;
    const found = outside.rows(table).map(canonical);
    wrong.push(...unlike(table, found, (expected.rows.get(table) ?? []).map(canonical)));
  }
  const folded = (rows: readonly Record<string, unknown>[]) =>
    Array.from(sums(rows), ([name, count]) => `${name}: ${count}`);
  wrong.push(
    ...unlike(
      'dead_letters',
      folded(outside.rows('dead_letters')),
      folded(expected.rows.get('dead_letters') ?? []),
    ),
  );
  wrong.push(...torn(outside.rows('epochs'), messages));
  const contents = outside.revisions.map(({ content }) => content);
  wrong.push(...unlike('requests published', contents, expected.revisions));
  wrong.push(...outOfOrder(contents));
  return wrong;
}

/** A multiset against another. */
function unlike(what: string, found: readonly string[], expected: readonly string[]): string[] {
  const count = new Map<string, number>();
  for (const one of expected) count.set(one, (count.get(one) ?? 0) + 1);
  for (const one of found) count.set(one, (count.get(one) ?? 0) - 1);
  const lost = [...count].filter(([, left]) => left > 0);
  const more = [...count].filter(([, left]) => left < 0);
  return [
    ...lost.slice(0, 2).map(([one]) => `${what}: ${lost.length} lost, such as ${one}`),
    ...more.slice(0, 2).map(([one]) => `${what}: ${more.length} too many, such as ${one}`),
  ];
}

/** How much became a dead letter, by reason, stage and source. */
function sums(rows: readonly Record<string, unknown>[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { reason, stage, source, count } of rows) {
    const name = `${reason} ${stage} ${source}`;
    counts.set(name, (counts.get(name) ?? 0) + Number(count));
  }
  return counts;
}

/** The ranges of all epochs, side by side, are the whole log: no message twice, none left out. */
function torn(epochs: readonly Record<string, unknown>[], messages: number): string[] {
  const ranges = epochs
    .map((row) => ({ from: Number(row.first_sequence), to: Number(row.last_sequence) }))
    .sort((a, b) => a.from - b.from);
  let next = 1;
  for (const { from, to } of ranges) {
    if (from !== next) return [`epochs: one begins at ${from}, where ${next} was expected`];
    next = to + 1;
  }
  return next === messages + 1 ? [] : [`epochs: the last ends at ${next - 1} of ${messages}`];
}

/** Revisions of one request stand in the stream in their order. */
function outOfOrder(contents: readonly string[]): string[] {
  const last = new Map<string, number>();
  return contents.flatMap((content) => {
    const { id, revision }: { id: string; revision: number } = JSON.parse(content);
    const before = last.get(id) ?? 0;
    last.set(id, revision);
    return revision === before + 1 ? [] : [`request ${id}: revision ${revision} after ${before}`];
  });
}

/** The same text for the same row, whatever the order of its columns; as JSON lines spell numbers. */
function canonical(row: Record<string, unknown>): string {
  const columns = Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(Object.fromEntries(columns), (_, value) => {
    if (typeof value !== 'number' || Number.isFinite(value)) return value;
    return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
  });
}
