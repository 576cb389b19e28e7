import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Command, commandId, commandKey } from '../../operators/model/command.ts';
import type { AssetKey } from '../../operators/model/key.ts';
import type { EventTime } from '../../operators/model/time.ts';
import {
  type CommandSchedule,
  commandSchedule,
  type Decision,
} from '../support/crashes/delivery-schedule.ts';
import { ErpAndLedger } from '../support/crashes/erp-and-ledger.ts';
import { type CommandArrival, runCommands } from '../support/crashes/run-commands.ts';
import { runs } from '../support/long.ts';

/** How many schedules, and where chance begins: for a long run, and to see a failure again. */
const SCHEDULES = Number(process.env.ANDON_CRASHES ?? runs(100));
const SEED = process.env.ANDON_CRASHES_SEED;

describe('law 5 under crashes, in the systems that take commands', () => {
  test('each command has one outcome, makes at most one object, and is undone at most once', async () => {
    const seen = new Map<string, number>();
    const count = (what: string) => seen.set(what, (seen.get(what) ?? 0) + 1);
    await fc.assert(
      fc.asyncProperty(commandSchedule, async (schedule) => {
        const arrivals = arrivalsOf(schedule);
        const outside = new ErpAndLedger();
        const { ends, recorded } = await runCommands(schedule.lives, arrivals, outside);
        const commands = arrivals.map(({ command }) => command);
        expect(wrongAt(outside, commands)).toEqual([]);
        for (const end of ends) count(end);
        for (const { kind } of recorded) count(kind);
        for (const { outcome, undoes } of outside.entries) {
          count(`${undoes === null ? '' : 'undo '}${outcome}`);
        }
      }),
      { numRuns: SCHEDULES, ...(SEED === undefined ? {} : { seed: Number(SEED) }) },
    );
    if (SCHEDULES < 50) return;
    // Otherwise nothing was tried.
    for (const [what, least] of Object.entries(LEAST)) {
      expect(seen.get(what), what).toBeGreaterThan((least * SCHEDULES) / 200);
    }
  }, 1_800_000);

  /** One way through all calls: a question, an object that stays, one that is undone. */
  const WAY: CommandSchedule = {
    requests: [
      ['check', 'reserve'],
      ['reserve', 'undo'],
    ],
    gaps: [1, 30],
    lives: [],
  };

  test.each(['write', 'send'] as const)(
    'killed before and after each %s in turn',
    async (of) => {
      let steps = 0;
      for (const moment of ['before', 'after'] as const) {
        for (let step = 1; ; step += 1) {
          const death = { by: 'kill', of, step, moment } as const;
          const plan = { death, seed: step, batch: 20, slow: 0, haste: 0, cmms: [], nats: [] };
          const arrivals = arrivalsOf(WAY);
          const outside = new ErpAndLedger();
          const { ends } = await runCommands([plan], arrivals, outside);
          // It lived to its end: there is no such step.
          if (ends[0] !== 'kill') break;
          steps += 1;
          const commands = arrivals.map(({ command }) => command);
          expect(wrongAt(outside, commands), `${moment} step ${step}`).toEqual([]);
        }
      }
      expect(steps).toBeGreaterThan(30);
    },
    300_000,
  );

  test('ten thousand commands for one key make one object', async () => {
    const [first] = arrivalsOf({ requests: [['reserve']], gaps: [0], lives: [] });
    if (first === undefined) throw new Error('nothing was decided');
    const count = runs(10_000);
    const arrivals = Array.from({ length: count }, (_, at) => ({
      ...first,
      // Whoever decided so has given ids of its own to what is one command.
      command: { ...first.command, id: `id${at}` },
    }));
    const outside = new ErpAndLedger();
    await runCommands([], arrivals, outside);
    expect(outside.objects).toMatchObject([{ submitted: 1 }]);
    expect(outside.entries.filter(({ outcome }) => outcome === 'done')).toHaveLength(count);
  }, 600_000);
});

/** What at least happens in a hundred schedules. */
const LEAST = {
  ...{ kill: 50, 'command-settled': 200, 'command-delayed': 50, 'maintenance-trouble': 50 },
  ...{ done: 50, cancelled: 10, expired: 3, 'undo done': 10, 'undo cancelled': 10 },
  'command-state': 100,
};

const VERBS: Readonly<Record<Decision, string>> = {
  ...{ reserve: 'reserve', late: 'reserve', check: 'check', undo: 'release' },
};

/** The commands of all requests, mixed as they arrive; those of one step in order. */
function arrivalsOf({ requests, gaps }: CommandSchedule): CommandArrival[] {
  const queues = requests.map((decisions, index) => commandsOf(`r${index}`, decisions));
  const longest = Math.max(...queues.map(({ length }) => length));
  const mixed = Array.from({ length: longest }, (_, at) =>
    queues.flatMap((queue) => queue[at] ?? []),
  ).flat();
  let at = 0;
  return mixed.map((command, index) => {
    at += 1_000 * (gaps[index % gaps.length] ?? 0);
    const late = command.not_after !== null;
    // Half of what is decided is never late: a minute, or nothing.
    const until = (Date.UTC(2026, 0, 6) + at + 60_000) * 1_000;
    return { at, command: { ...command, not_after: late ? (until as EventTime) : null } };
  });
}

function commandsOf(request: string, decisions: readonly Decision[]): Command[] {
  const commands: Command[] = [];
  let open: Command | undefined;
  let n = 0;
  for (const decision of decisions) {
    if (decision === 'undo' && open === undefined) continue;
    n += 1;
    const asked = { request, step: 'parts', n, verb: VERBS[decision] };
    const command: Command = {
      ...{ kind: 'command', ...asked, id: commandId(asked), key: commandKey(asked) },
      ...{ asset: 'p1/l1/press' as AssetKey, workflow: 'w', system: 'erp', payload: {} },
      ...{ priority: n % 3 === 0 ? 'urgent' : 'high', because: 'for a test' },
      ...{ time: 0 as EventTime, not_after: decision === 'late' ? (1 as EventTime) : null },
      undoes: decision === 'undo' ? (open?.id ?? null) : null,
    };
    commands.push(command);
    if (decision === 'undo') open = undefined;
    if (decision === 'reserve' || decision === 'late') open = command;
  }
  return commands;
}

/** What is wrong in the ERP and in the log, in words. */
function wrongAt(outside: ErpAndLedger, commands: readonly Command[]): string[] {
  const wrong = outside.contradictions.map((name) => `other content came under ${name}`);
  const { replies } = outside;
  const outcomes = new Map(outside.entries.map(({ id, outcome }) => [id, outcome]));
  for (const command of commands) {
    const said = replies.get(command.id) ?? [];
    const [first, ...later] = said;
    const outcome = outcomes.get(command.id);
    if (first?.outcome !== outcome || first?.state !== undefined) {
      wrong.push(`${nameOf(command)}: is ${outcome}, the log was told ${JSON.stringify(first)}`);
    }
    const states = later.map(({ state }) => state);
    if (
      ['assigned', 'picked', 'released'].filter((one) => states.includes(one)).join() !==
      states.join()
    ) {
      wrong.push(`${nameOf(command)}: the log was told ${states.join()}`);
    }
    const undone = commands.some(({ id, undoes }) => {
      return undoes === command.id && outcomes.get(id) === 'done';
    });
    const isKept = command.verb === 'reserve' && outcome === 'done' && !undone;
    if (isKept && states.at(-1) !== 'picked') wrong.push(`${nameOf(command)}: nobody looked at it`);
    wrong.push(...wrongObject(outside, command, outcomes, undone));
  }
  return [...wrong, ...wrongOrder(outside, commands)];
}

function wrongObject(
  outside: ErpAndLedger,
  command: Command,
  outcomes: ReadonlyMap<string, string | null>,
  undone: boolean,
): string[] {
  if (command.verb !== 'reserve') return [];
  const objects = outside.find(command.key);
  const outcome = outcomes.get(command.id);
  const found = `${nameOf(command)} is ${outcome}${undone ? ' and undone' : ''}`;
  if (outcome !== 'done') return objects.length === 0 ? [] : [`${found}: and has an object`];
  const [object, ...others] = objects;
  if (object === undefined || others.length > 0) return [`${found}: ${objects.length} objects`];
  const { submitted, released } = object;
  const whole = undone ? submitted <= 1 : submitted === 1;
  const right = whole && released === (undone ? 1 : 0);
  return right ? [] : [`${found}: submitted ${submitted}, released ${released} times`];
}

/** Of one step, what was decided first has taken effect first. */
function wrongOrder({ effects }: ErpAndLedger, commands: readonly Command[]): string[] {
  const byId = new Map(commands.map((command) => [command.id, command]));
  const last = new Map<string, number>();
  return effects.flatMap((effect) => {
    const command = byId.get(effect.split(' ')[1] ?? '');
    if (command === undefined) return [`${effect}: of no command`];
    const before = last.get(command.request) ?? 0;
    last.set(command.request, Math.max(before, command.n));
    return command.n < before ? [`${effect}: n ${command.n} after ${before}`] : [];
  });
}

function nameOf({ request, verb, n }: Command): string {
  return `${request} ${verb} ${n}`;
}
