import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Flow } from '../../../operators/flow/flow.ts';
import { COMMAND_OUTCOMES } from '../../../operators/model/command.ts';
import { REQUEST_STATUSES } from '../../../operators/model/machine-event.ts';
import type { WorkInput } from '../../../operators/model/request.ts';
import {
  acknowledged,
  decision,
  reply,
  revised,
  run,
  status,
  tick,
  workflow,
} from './run-coordinate.ts';

// The sentences of docs/work.md about commands, undo, late replies, edited definitions and clocks, on whatever comes.

const STEPS = [
  { id: 'stock', do: 'erp.check', deadline: '20s', again: true, with: { parts: 'request.parts' } },
  {
    ...{ id: 'reserve', after: ['stock'], do: 'erp.reserve', undo: 'release', again: true },
    ...{ deadline: '15s', late: 'undo', with: { title: 'request.title' } },
  },
  {
    ...{ id: 'order', after: ['stock'], do: 'erp.order', undo: 'cancel', deadline: '10s' },
    ...{ late: 'ask', otherwise: 'escalate', escalate: ['call'] },
  },
  { id: 'heard', until: 'request.acknowledged', deadline: '30s', otherwise: 'give-up' },
  { id: 'call', do: 'erp.call', deadline: '5s' },
  { id: 'watch', do: 'erp.watch', deadline: '5s', every: '12s' },
  { id: 'agreed', decide: "'agreed?'", deadline: '40s' },
  { id: 'go', after: ['agreed'], do: 'erp.go', when: "steps.agreed.decision == 'approve'" },
] as const;
const WORKFLOW = { steps: STEPS, settle: '8s' };
const WITHOUT_AGAIN = { steps: STEPS.map((step) => ({ ...step, again: false })) };

/** What may come next, and how many seconds after what came before. */
const item = fc.record({
  after: fc.integer({ min: 0, max: 25 }),
  what: fc.oneof(
    { weight: 6, arbitrary: fc.constant('reply' as const) },
    { weight: 3, arbitrary: fc.constantFrom('update', 'tick', 'edit') },
    { weight: 1, arbitrary: fc.constantFrom('withdraw', 'close', 'status', 'heard', 'decision') },
  ),
  step: fc.constantFrom('stock', 'reserve', 'order', 'call', 'watch', 'agreed', 'go'),
  n: fc.integer({ min: 1, max: 4 }),
  outcome: fc.oneof(fc.constant('done' as const), fc.constantFrom(...COMMAND_OUTCOMES)),
  status: fc.constantFrom(...REQUEST_STATUSES),
  word: fc.constantFrom('keep', 'undo', 'approve', 'refuse'),
});
type Next = typeof item extends fc.Arbitrary<infer T> ? T : never;
type Item = Flow<WorkInput>;

/** One list of flow items for each thing that comes; the request is opened first. */
function itemsOf(list: readonly Next[], rule: object = WORKFLOW): Item[][] {
  let now = 10;
  let revision = 1;
  const itemOf = (next: Next): Item[] => {
    switch (next.what) {
      case 'reply':
        return reply(now, [next.step, next.n], next.outcome, { short: next.n });
      case 'update':
        revision += 1;
        return revised(now, {
          ...{ revision, action: 'update', title: `title ${next.n}` },
          parts: [`part ${next.n % 2}`],
        });
      case 'withdraw':
      case 'close':
        revision += 1;
        return revised(now, { revision, action: next.what });
      case 'status':
        return status(now, next.status);
      case 'heard':
        return acknowledged(now);
      case 'decision':
        return decision(now, next.step, next.word);
      case 'edit':
        return [tick(now), workflow({ ...rule, settle: `${next.n + 8}s` })];
      case 'tick':
        return [tick(now)];
    }
  };
  const more = list.map((next) => {
    now += next.after;
    return itemOf(next);
  });
  return [revised(10), ...more];
}

const sequences = fc.array(item, { maxLength: 25 });
const words = ({ commands }: ReturnType<typeof run>) =>
  commands.map(({ step, n, verb, undoes, payload }) =>
    JSON.stringify([step, n, verb, undoes, payload]),
  );

/** All but changes, which are numbered through all tests. */
const decided = ({ output }: ReturnType<typeof run>) =>
  output.filter(({ kind }) => kind !== 'change');

describe('whatever comes', () => {
  test('commands of a step are dense, each id is new, and one that undoes names what was not undone yet', () => {
    let undone = 0;
    fc.assert(
      fc.property(sequences, (list) => {
        const { commands } = run(WORKFLOW, itemsOf(list));
        const counts = new Map<string, number>();
        const taken = new Set<string>();
        for (const { step, n, id, undoes, verb } of commands) {
          expect(n).toBe((counts.get(step) ?? 0) + 1);
          counts.set(step, n);
          if (undoes === null) continue;
          undone += 1;
          const of = commands.find((one) => one.id === undoes);
          expect(of).toMatchObject({ step, undoes: null });
          expect(verb).toBe(step === 'reserve' ? 'release' : 'cancel');
          expect(taken.has(undoes)).toBe(false);
          taken.add(undoes);
          expect(id).not.toBe(undoes);
        }
        expect(new Set(commands.map(({ id }) => id)).size).toBe(commands.length);
      }),
      { numRuns: 150 },
    );
    expect(undone).toBeGreaterThan(5);
  });

  test('there is at most one open command of a step that has an undo: another is asked when it is answered, or undone', () => {
    fc.assert(
      fc.property(sequences, (list) => {
        const open = new Map<string, number>();
        for (const { state, step, n } of run(WORKFLOW, itemsOf(list)).steps) {
          if (step !== 'reserve') continue;
          if (state === 'asked') {
            expect(open.get('asked')).toBeUndefined();
            open.set('asked', n);
          } else if (state === 'undoing') {
            expect(open.get('undoing')).toBeUndefined();
            open.delete('asked');
            open.set('undoing', n);
          } else if (['undone', 'waiting', 'undo-refused'].includes(state)) open.delete('undoing');
          else if (['done', 'rejected', 'expired', 'cancelled', 'overdue'].includes(state)) {
            open.delete('asked');
          }
        }
      }),
      { numRuns: 150 },
    );
  });

  test('revisions go on at once, unchanged, in their order', () => {
    fc.assert(
      fc.property(sequences, (list) => {
        const items = itemsOf(list);
        const { output } = run(WORKFLOW, items);
        const sent = items
          .flat()
          .filter((one) => one.kind === 'event' && one.value.kind === 'request');
        const passed = output.filter((one) => one.kind === 'event');
        expect(passed).toEqual(sent);
        // Nothing that a revision brings about stands before it.
        for (const [at, one] of output.entries()) {
          if (one.kind !== 'event') continue;
          expect(output[at - 1]?.kind === 'row' && output[at - 2]?.kind === 'event').toBe(false);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('a restart anywhere changes nothing', () => {
    fc.assert(
      fc.property(sequences, fc.array(fc.nat(60), { maxLength: 6 }), (list, cuts) => {
        const items = itemsOf(list);
        expect(decided(run(WORKFLOW, items, cuts))).toEqual(decided(run(WORKFLOW, items)));
      }),
      { numRuns: 60 },
    );
  });

  test('an edited definition changes nothing for what runs', () => {
    fc.assert(
      fc.property(sequences, (list) => {
        const edits = itemsOf(list);
        const without = itemsOf(
          list.map((one) => (one.what === 'edit' ? { ...one, what: 'tick' } : one)),
        );
        expect(words(run(WORKFLOW, edits))).toEqual(words(run(WORKFLOW, without)));
      }),
      { numRuns: 60 },
    );
  });

  test('how often the clock ticks between does not matter to what is asked, and in which order', () => {
    fc.assert(
      fc.property(sequences, (list) => {
        const items = itemsOf(list, WITHOUT_AGAIN);
        let now = 10;
        const ticking = items.map((all, index) => {
          const from = now;
          now += list[index - 1]?.after ?? 0;
          const between = Array.from({ length: Math.max(0, now - from - 1) }, (_, i) =>
            tick(from + i + 1),
          );
          return [...between, ...all];
        });
        expect(words(run(WITHOUT_AGAIN, ticking))).toEqual(words(run(WITHOUT_AGAIN, items)));
      }),
      { numRuns: 80 },
    );
  });

  test('after a withdrawal everything that was done, or may have been, is taken back', () => {
    let withdrawn = 0;
    fc.assert(
      fc.property(sequences, (list) => {
        const calm = list.filter(
          ({ what }) => what !== 'withdraw' && what !== 'close' && what !== 'status',
        );
        const items = itemsOf(calm);
        const end = revised(2_000, { revision: 99, action: 'withdraw' });
        const { commands, steps } = run(WORKFLOW, [...items, end]);
        for (const command of commands) {
          const undoable = command.step === 'reserve' || command.step === 'order';
          if (command.undoes !== null || !undoable) continue;
          const about = steps.filter((row) => row.command === command.id).map(({ state }) => state);
          const refused = about.some((state) =>
            ['rejected', 'expired', 'cancelled'].includes(state),
          );
          if (refused) continue;
          withdrawn += 1;
          expect(commands.filter(({ undoes }) => undoes === command.id)).toHaveLength(1);
        }
      }),
      { numRuns: 100 },
    );
    expect(withdrawn).toBeGreaterThan(50);
  });
});
