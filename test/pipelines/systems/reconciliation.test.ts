import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Command } from '../../../operators/model/command.ts';
import type { InternalEvent } from '../../../pipelines/observe/observe.ts';
import { newCommandEntry } from '../../../pipelines/systems/command-entry.ts';
import type { StoredCommand } from '../../../pipelines/systems/command-reader.ts';
import type { ReconcileReport } from '../../../pipelines/systems/reconciliation/book.ts';
import type { Comparison } from '../../../pipelines/systems/reconciliation/compare.ts';
import type { OurWork, TheirObject } from '../../../pipelines/systems/reconciliation/difference.ts';
import { createCommandIndex } from '../../../pipelines/systems/reconciliation/known-commands.ts';
import {
  type ReconcileOptions,
  reconcile,
  startReconciling,
} from '../../../pipelines/systems/reconciliation/reconcile.ts';
import { commandSides } from '../../../pipelines/systems/reconciliation/sides.ts';
import { notSent, success } from '../../../sinks/remote/outcome.ts';
import { exampleCommand, undoOf } from './example-command.ts';

const HOUR = 3_600_000;
const NOW = 1_000 * HOUR;

function workOf(key: string, more: Partial<OurWork> = {}): OurWork {
  return {
    ...{ key, id: key, request: key, asset: 'p1/l1/press', decided: NOW - 2 * HOUR, note: null },
    ...{ waiting: false, expects: 'object', remote: `R-${key}`, state: null, wanted: true },
    ...more,
  };
}

/** A system with works here and objects there. `away`: its list ends with an error after the first object. */
function sideOf(works: readonly OurWork[], objects: readonly TheirObject[]) {
  const state = { away: false, since: [] as number[], searched: 0 };
  const all = new Map(works.map((work) => [work.key, work]));
  const side: Comparison = {
    ...{ system: 'cmms', verb: 'request', wasGiven: async () => false },
    ours: async () => all,
    look: async (key) => all.get(key),
    async list(since, onObject) {
      state.since.push(since);
      for (const object of state.away ? objects.slice(0, 1) : objects) {
        if ((object.changed ?? 0) * 1_000 >= since) onObject(object);
      }
      return state.away ? notSent('the system is away') : success(objects.length);
    },
    async search() {
      state.searched += 1;
      return success([]);
    },
  };
  return { side, state };
}

const objectOf = (key: string): TheirObject => ({
  ...{ remote: `R-${key}`, key, changed: NOW - 2 * HOUR, state: null, over: false },
  differences: [],
});

function optionsOf(side: Comparison, now = NOW) {
  const recorded: InternalEvent[] = [];
  const options: Omit<ReconcileOptions, 'book' | 'land'> = {
    ...{ system: 'cmms', lane: 'requests', sides: [side], grace: 1_000, now: () => now },
    ...{ timing: { every: HOUR, full: 24 * HOUR, late: HOUR }, mend: async () => false },
    ...{ record: (event) => recorded.push(event), signal: new AbortController().signal },
  };
  const counted = () =>
    recorded.flatMap((one) => (one.kind === 'difference-count' ? [one.difference] : []));
  return { options, recorded, counted };
}

const namesOf = ({ differences }: Pick<ReconcileReport, 'differences'>) =>
  differences.map(({ kind, key }) => `${kind} ${key}`);

describe('a list that could not be read', () => {
  const { side, state } = sideOf(
    [workOf('there'), workOf('gone'), workOf('slow', { waiting: true })],
    [objectOf('there'), objectOf('forged')],
  );

  test('shows what is late alone, asks for nothing else, and does not count as done', async () => {
    state.away = true;
    const { options, recorded, counted } = optionsOf(side);
    const report = await reconcile(options, undefined, undefined);
    expect(namesOf(report)).toEqual(['late slow']);
    expect(report).toMatchObject({ full: false, full_begun: 0, read_begun: 0 });
    expect(report.sides).toMatchObject([{ unseen: expect.stringContaining('away') }]);
    expect(state.searched).toBe(0);
    expect(counted()).toEqual(['late']);
    const kinds = recorded.map(({ kind }) => kind);
    expect(kinds).toContain('maintenance-trouble');
    expect(kinds).not.toContain('reconciled');
  });

  test('is read the next time from where the last one stood that was read', async () => {
    state.away = false;
    const first = await reconcile(optionsOf(side).options, undefined, undefined);
    expect(namesOf(first).toSorted()).toEqual(['forged forged', 'late slow', 'missing gone']);
    state.away = true;
    const second = await reconcile(optionsOf(side, NOW + HOUR).options, undefined, first);
    state.away = false;
    state.since = [];
    const third = await reconcile(optionsOf(side, NOW + 2 * HOUR).options, undefined, second);
    expect(state.since).toEqual([(NOW - 300_000) * 1_000]);
    expect(third).toMatchObject({ full: false, full_begun: NOW, read_begun: NOW + 2 * HOUR });
  });
});

test('what the last full comparison found stays counted until the next full one', async () => {
  const { side } = sideOf([workOf('gone')], []);
  const first = optionsOf(side);
  const full = await reconcile(first.options, undefined, undefined);
  expect(full.counts.missing).toBe(1);
  expect(first.counted()).toContain('missing');
  const next = optionsOf(side, NOW + HOUR);
  expect((await reconcile(next.options, undefined, full)).counts.missing).toBe(0);
  expect(next.counted()).toEqual(['late']);
});

test('a comparison that fails is tried by its timetable, and not each second', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const { side } = sideOf([], []);
  const seen = { tries: 0, reads: 0 };
  const failing: Comparison = {
    ...side,
    ours() {
      seen.tries += 1;
      return Promise.reject(new Error('the ledger is away'));
    },
  };
  const nothing = async () => undefined;
  const stop = startReconciling({
    ...{ ...optionsOf(failing).options, now: Date.now, land: undefined },
    book: {
      ...{ asked: nothing, taken: nothing, askAgain: nothing, keep: nothing },
      async last() {
        seen.reads += 1;
        return undefined;
      },
    },
  });
  await vi.advanceTimersByTimeAsync(HOUR + 60_000);
  expect(seen).toEqual({ tries: 1, reads: 1 });
  await vi.advanceTimersByTimeAsync(HOUR);
  expect(seen).toEqual({ tries: 2, reads: 1 });
  await stop();
});

describe('commands that are long over', () => {
  const stored = new Map<string, Command>();
  const reader = {
    async *from(next: number): AsyncGenerator<StoredCommand> {
      for (const [index, command] of [...stored.values()].entries()) {
        if (index + 1 >= next) yield { kind: 'command', sequence: index + 1, command };
      }
    },
    read: async (id: string) => stored.get(id),
  };
  const verb = { kind: 'object', ask: [], changes: [], search: undefined, state: undefined };

  test('are forgotten, and are not late; one that was taken back stays so', async () => {
    const [over, open, taken] = [exampleCommand(), exampleCommand(), exampleCommand()];
    const undo = undoOf(taken, 'release');
    for (const command of [over, open, taken, undo]) stored.set(command.id, command);
    const index = createCommandIndex(reader.from);
    const commands = index.of({
      ...{ system: 'erp', verbs: new Set(['reserve']) },
      ...{ read: reader.read, signal: new AbortController().signal },
    });
    const entries = new Map([
      [`erp.${taken.id}`, { ...newCommandEntry(taken), outcome: 'done' as const, remote: 'R-1' }],
    ]);
    const side = commandSides({
      ...{ system: { name: 'erp' } as never, verb: 'reserve', of: verb as never, commands },
      ledger: { get: async (name) => ({ entry: entries.get(name), version: 0 }) },
      requests: { get: async () => ({ entry: undefined, version: 0 }) },
      wasGiven: async () => true,
    });
    expect([...(await side.ours()).keys()]).toEqual([over.key, open.key, taken.key]);
    stored.delete(over.id);
    stored.delete(undo.id);
    const ours = await side.ours();
    expect([...ours.keys()]).toEqual([open.key, taken.key]);
    expect(ours.get(open.key)).toMatchObject({ waiting: true });
    expect(ours.get(taken.key)).toMatchObject({ waiting: false, expects: 'nothing' });
    expect(commands.all().map(({ id }) => id)).toEqual([open.id, taken.id]);
    expect(await side.look(over.key)).toBeUndefined();
  });

  test('are read once for all systems; who comes later has them read anew, also while somebody reads', async () => {
    stored.clear();
    const read: number[] = [];
    let onRead = () => {};
    const index = createCommandIndex(async function* from(next) {
      for await (const one of reader.from(next)) {
        read.push(one.sequence);
        onRead();
        yield one;
      }
    });
    const [one, other] = [exampleCommand(), exampleCommand({ system: 'planner' })];
    for (const command of [one, other]) stored.set(command.id, command);
    const verbs = new Set(['reserve']);
    const lost = new AbortController();
    const of = (system: string, { signal } = new AbortController()) =>
      index.of({ system, verbs, read: reader.read, signal });
    const [erp, planner] = [of('erp'), of('planner', lost)];
    await Promise.all([erp.refresh(), planner.refresh()]);
    expect(read).toEqual([1, 2]);
    const keysOf = (known = erp) => known.all().map(({ key }) => key);
    expect([keysOf(erp), keysOf(planner)]).toEqual([[one.key], [other.key]]);

    const [later, third] = [exampleCommand(), exampleCommand({ system: 'desk' })];
    for (const command of [later, third]) stored.set(command.id, command);
    let desk: typeof erp | undefined;
    onRead = () => {
      desk ??= of('desk');
    };
    await erp.refresh();
    await desk?.refresh();
    expect(read).toEqual([1, 2, 3, 4, 1, 2, 3, 4]);
    expect([keysOf(erp), keysOf(desk)]).toEqual([[one.key, later.key], [third.key]]);

    // Whose lease is lost is held no longer.
    lost.abort();
    const last = exampleCommand({ system: 'planner' });
    stored.set(last.id, last);
    await erp.refresh();
    expect(keysOf(planner)).toEqual([other.key]);
  });
});
