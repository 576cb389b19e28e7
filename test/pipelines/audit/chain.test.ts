import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { appendEntry } from '../../../pipelines/audit/append.ts';
import {
  type AuditMessage,
  auditSubject,
  chained,
  type EntryFacts,
  FIRST_SUBJECT,
  readEntry,
  sha256Of,
} from '../../../pipelines/audit/chain.ts';
import { createChainCheck, type KnownEntry } from '../../../pipelines/audit/verify.ts';
import { tries } from '../../support/long.ts';
import { createMemoryChain, Killed, type Mishap } from './memory-chain.ts';

function factsOf(who: string, what: string): EntryFacts {
  return {
    ...{ who, via: 'console', act: 'resend', step: 'done', of: null, what },
    ...{ place: null, before: null, after: null, reason: null },
  };
}

const BEGIN: EntryFacts = { ...factsOf('begin', 'audit'), via: 'chain', act: 'begin' };

/** A chain of so many entries. */
function chainOf(count: number, what = 'request'): AuditMessage[] {
  const entries: AuditMessage[] = [];
  for (let n = 1; n <= count; n += 1) {
    const facts = factsOf(`u${n % 3}`, `${what}${n}`);
    const marked = { ...facts, id: n.toString(16).padStart(16, '0'), time: '2026-11-30T08:00:00Z' };
    const bytes = chained(marked, entries.at(-1));
    entries.push({ n, subject: auditSubject(facts), bytes, appended: n });
  }
  return entries;
}

function verify(
  entries: readonly AuditMessage[],
  known: readonly KnownEntry[] = [],
  last?: number,
  accepted: readonly string[] = [],
) {
  const check = createChainCheck(known, accepted);
  for (const entry of entries) check.add(entry);
  return check.end(last ?? entries.at(-1)?.n ?? 0);
}

const rowsOf = (entries: readonly AuditMessage[]): KnownEntry[] =>
  entries.map(({ n, bytes }) => ({ n, sha256: sha256Of(bytes) }));

describe('a chain that nobody touched', () => {
  test('is whole, alone and beside what has landed of it', () => {
    const entries = chainOf(40);
    expect(verify(entries)).toEqual({
      ...{ head: rowsOf(entries).at(-1), entries: 40, faults: [], accepted: [] },
    });
    expect(verify(entries, rowsOf(entries.slice(0, 30))).faults).toEqual([]);
  });
});

/** What may be done to a chain of n entries at a place from 1 to n, as whoever can write the files of the server may do it. */
const TAMPERINGS: Readonly<
  Record<string, (entries: readonly AuditMessage[], at: number) => readonly AuditMessage[]>
> = {
  change: (entries, at) => changedAt(entries, at, (entry) => ({ ...entry, who: 'u9' })),
  'change of the hash of what was applied': (entries, at) =>
    changedAt(entries, at, (entry) => ({ ...entry, after: 'a'.repeat(64) })),
  'change of the subject alone': (entries, at) =>
    entries.map((entry) => (entry.n === at ? { ...entry, subject: 'audit.console.u9' } : entry)),
  drop: (entries, at) => entries.filter(({ n }) => n !== at),
  'drop, with all behind it moved up': (entries, at) =>
    entries.filter(({ n }) => n !== at).map((entry, index) => ({ ...entry, n: index + 1 })),
  swap: (entries, at) => {
    const other = at === entries.length ? at - 1 : at + 1;
    return entries.map((entry) => {
      const from = entry.n === at ? other : entry.n === other ? at : entry.n;
      return { ...(entries[from - 1] as AuditMessage), n: entry.n };
    });
  },
  insert: (entries, at) => {
    const inserted = { ...(entries[at - 1] as AuditMessage) };
    return [...entries.slice(0, at), inserted, ...entries.slice(at)].map((entry, index) => ({
      ...entry,
      n: index + 1,
    }));
  },
  'cut of the middle': (entries, at) => entries.filter(({ n }) => n < at || n > at + 2),
};

function changedAt(
  entries: readonly AuditMessage[],
  at: number,
  change: (entry: Record<string, unknown>) => object,
  instead = '',
): readonly AuditMessage[] {
  return entries.map((entry) => {
    if (entry.n !== at) return entry;
    const text = Buffer.from(entry.bytes).toString();
    const bytes = Buffer.from(
      text.startsWith('{') ? JSON.stringify(change(JSON.parse(text))) : instead,
    );
    return { ...entry, bytes };
  });
}

describe('verify finds', () => {
  test.each(Object.entries(TAMPERINGS))(
    'each %s in the middle, from the stream alone',
    (_name, tamper) => {
      fc.assert(
        fc.property(fc.integer({ min: 6, max: 30 }), fc.nat(), (count, seed) => {
          const at = 2 + (seed % (count - 4));
          const { faults } = verify(tamper(chainOf(count), at), [], count);
          const [first] = faults;
          expect(first?.n).toBeGreaterThanOrEqual(at - 1);
          expect(first?.n).toBeLessThanOrEqual(at + 1);
        }),
        { numRuns: tries(30, 1_000) },
      );
    },
  );

  test.each(Object.entries(TAMPERINGS))(
    'each %s at any place, with the rows or a head that was kept',
    (name, tamper) => {
      fc.assert(
        fc.property(fc.integer({ min: 4, max: 20 }), fc.nat(), fc.boolean(), (count, seed, all) => {
          const at = 1 + (seed % count);
          const entries = chainOf(count);
          const known = all ? rowsOf(entries) : rowsOf(entries).slice(-1);
          expect(verify(tamper(entries, at), known).faults, `${name} at ${at}`).not.toEqual([]);
        }),
        { numRuns: tries(30, 1_000) },
      );
    },
  );

  test('a whole chain that was written anew from one place on, where a later head was kept', () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 20 }), fc.nat(), (count, seed) => {
        const entries = chainOf(count);
        const at = 1 + (seed % count);
        const forged: AuditMessage[] = entries.slice(0, at - 1);
        for (const { bytes, n } of entries.slice(at - 1)) {
          const entry = readEntry(bytes);
          if ('problem' in entry) throw new Error(entry.problem);
          const facts = { ...entry, who: n === at ? 'u9' : entry.who };
          const { n: _, previous: __, ...others } = facts;
          forged.push({
            ...{
              n,
              subject: auditSubject(facts),
              bytes: chained(others, forged.at(-1)),
              appended: n,
            },
          });
        }
        expect(verify(forged).faults).toEqual([]);
        const [first] = verify(forged, rowsOf(entries)).faults;
        expect(first?.n).toBe(at);
        expect(verify(forged, rowsOf(entries).slice(-1)).faults).not.toEqual([]);
      }),
      { numRuns: tries(30, 1_000) },
    );
  });

  test('the end that is missing: by what has landed, by a head, or by what the server says', () => {
    const entries = chainOf(10);
    const cut = entries.slice(0, 7);
    expect(verify(cut).faults).toEqual([]);
    expect(verify(cut, rowsOf(entries)).faults.map(({ n }) => n)).toEqual([8, 9, 10]);
    expect(verify(cut, rowsOf(entries).slice(-1)).faults.map(({ n }) => n)).toEqual([10]);
    expect(verify(cut, [], 10).faults.map(({ n }) => n)).toEqual([8]);
  });

  test('what is no entry, and goes on behind it', () => {
    expect(verify(withRubbish()).faults).toMatchObject([
      { n: 4, expected: 'an entry', found: 'no JSON, published on audit.engineer.u2' },
    ]);
  });
});

/** Three entries, one message that is none, and three entries that are chained to it. */
function withRubbish(entries = chainOf(3)): AuditMessage[] {
  const bytes = Buffer.from('rubbish');
  const stored = [...entries, { n: 4, subject: 'audit.engineer.u2', bytes, appended: 4 }];
  for (const n of [5, 6, 7]) {
    const facts = { ...factsOf('u1', `x${n}`), id: '0'.repeat(16), time: '2026-11-30T08:00:00Z' };
    const behind = chained(facts, stored.at(-1));
    stored.push({ n, subject: 'audit.console.u1', bytes: behind, appended: n });
  }
  return stored;
}

describe('a message that is no entry, once it is accepted', () => {
  const stored = withRubbish();
  const accepted = verify(stored).faults.map(({ accept = '' }) => accept);

  test('breaks verify no more', () => {
    expect(verify(stored, [], 7, accepted)).toMatchObject({ faults: [], accepted: [{ n: 4 }] });
    const another = [`4:${'0'.repeat(64)}`, ...accepted.map((each) => each.replace('4:', '5:'))];
    expect(verify(stored, [], 7, another).faults).toMatchObject([{ n: 4 }]);
  });

  test.each([1, 2, 3, 4, 5, 6])('hides no change of message %d', (at) => {
    const changed = changedAt(stored, at, (entry) => ({ ...entry, who: 'u9' }), '{"n":4}');
    expect(verify(changed, [], 7, accepted).faults).not.toEqual([]);
  });

  test('hides no course before it that was written anew as a whole', () => {
    const other = chainOf(3, 'another');
    const forged = [...other, ...stored.slice(3)];
    expect(verify(forged, [], 7, accepted).faults).toMatchObject([{ n: 4 }]);
    const shorter = stored.slice(0, 2).concat(stored.slice(3));
    expect(verify(shorter, [], 7, accepted).faults).not.toEqual([]);
  });
});

test('several writers at once, cut anywhere, whatever is lost on the way: one chain, nothing twice, nothing lost', async () => {
  const mishaps: readonly Mishap[] = ['none', 'request-lost', 'answer-lost', 'late', 'stale'];
  const writer = fc.record({
    acts: fc.integer({ min: 1, max: 5 }),
    dies: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(writer, { minLength: 2, maxLength: 5 }),
      fc.infiniteStream(fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.nat())),
      async (writers, chances) => {
        const chain = createMemoryChain();
        const chance = () => mishaps[(chances.next().value ?? 0) % mishaps.length] ?? 'none';
        await appendEntry(
          chain.store(() => 'none'),
          BEGIN,
          { subject: FIRST_SUBJECT },
        );
        const acknowledged: string[] = [];
        await Promise.all(
          writers.map(async ({ acts, dies }, index) => {
            let calls = 0;
            const store = chain.store(() => {
              calls += 1;
              if (calls === dies) throw new Killed();
              return chance();
            });
            for (let act = 1; act <= acts; act += 1) {
              const what = `w${index}.${act}`;
              try {
                await appendEntry(store, factsOf(`w${index}`, what));
              } catch (error) {
                if (error instanceof Killed) return;
                throw error;
              }
              acknowledged.push(what);
            }
          }),
        );
        chain.settle();
        expect(verify(chain.entries).faults).toEqual([]);
        const whats = chain.entries.map(({ bytes }) => {
          const entry = readEntry(bytes);
          return 'problem' in entry ? entry.problem : entry.what;
        });
        expect(new Set(whats).size).toBe(whats.length);
        expect(whats).toEqual(expect.arrayContaining(acknowledged));
        const intended = writers.flatMap(({ acts }, index) =>
          Array.from({ length: acts }, (_, act) => `w${index}.${act + 1}`),
        );
        expect(whats.slice(1).filter((what) => !intended.includes(what))).toEqual([]);
        const survivors = writers.flatMap(({ acts, dies }, index) =>
          dies === undefined
            ? Array.from({ length: acts }, (_, act) => `w${index}.${act + 1}`)
            : [],
        );
        expect(acknowledged).toEqual(expect.arrayContaining(survivors));
      },
    ),
    { numRuns: tries(40, 2_000), endOnFailure: true },
  );
});
