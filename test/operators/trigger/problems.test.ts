import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Flow } from '../../../operators/flow/flow.ts';
import { SEVERITIES, type Severity } from '../../../operators/model/detector-rule.ts';
import type { Request } from '../../../operators/model/request.ts';
import { PRIORITIES, type Priority } from '../../../operators/model/trigger-rule.ts';
import { machineEvent, model, rules } from '../../support/findings.ts';
import { runs } from '../../support/long.ts';
import { type Input, pass, raised, run } from './run-trigger.ts';

/*
 * Random stories against a reference that is obviously right for what must hold: it knows nothing of episodes, only which
 * anomalies stand, what the revisions said, and what people answered to them.
 */

const COMPONENTS = ['bearing', 'drive'] as const;
const PRIORITY: Record<string, Priority> = { bearing: 'low', drive: 'high' };
const GROUP_WAIT = 60;
const ANSWERS = ['accepted', 'completed', 'closed', 'rejected', 'cancelled'];
const LIVE_UNTIL = ['completed', 'closed', 'rejected', 'cancelled'];
const FAR = 10_000_000;

type Rules = {
  readonly per: 'asset' | 'component';
  readonly withdraw: boolean;
  /** Seconds. */
  readonly cooldown: number;
};

type Step = readonly [wait: number, what: string, at: number, severity: number];

const story = fc.array(
  fc.tuple(
    fc.integer({ min: 1, max: 400 }),
    fc.constantFrom(
      'raise',
      'raise',
      'worse',
      'clear',
      'edit',
      'answer',
      'answer',
      'late',
      'ack',
      'report',
    ),
    fc.nat(1),
    fc.nat(3),
  ),
  { maxLength: 25 },
);

/** An anomaly that stands. */
type Standing = { id: string; severity: Severity; since: number };

type Told = {
  items: Flow<Input>[];
  /** The anomalies that stand at the end, by component. */
  standing: Map<string, Standing>;
  /** When the last answer came to which request. */
  answers: { id: string; status: string; time: number }[];
  now: number;
};

function tell(steps: readonly Step[], { per, withdraw, cooldown }: Rules): Told {
  const triggers = COMPONENTS.map((component) => ({
    ...{ id: `t-${component}`, on: `r-${component}`, per, withdraw },
    ...{ request: { priority: PRIORITY[component] }, rearm: '1m', cooldown: `${cooldown}s` },
  }));
  const items: Flow<Input>[] = [model, rules({ triggers })];
  const standing = new Map<string, Standing>();
  const answers: Told['answers'] = [];
  let now = 1_000;
  for (const [index, [wait, what, at, rank]] of steps.entries()) {
    now += wait;
    const component = COMPONENTS[at] ?? 'drive';
    const known = standing.get(component);
    const severity = SEVERITIES[rank] ?? 'danger';
    const about = { rule: `r-${component}`, signal: component, component, failure_mode: component };
    items.push(pass(now - 1));
    switch (what) {
      case 'raise': {
        if (known !== undefined) break;
        const id = `${component}${index}`;
        standing.set(component, { id, severity, since: now });
        items.push(raised(now, { ...about, id, severity }));
        break;
      }
      case 'worse':
        if (known === undefined || SEVERITIES.indexOf(known.severity) >= rank) break;
        Object.assign(known, { severity, since: now });
        items.push(raised(now, { ...about, id: known.id, phase: 'updated', severity }));
        break;
      case 'clear':
      case 'edit': {
        if (known === undefined) break;
        const cause = what === 'edit' ? 'rule changed' : 'well';
        standing.delete(component);
        items.push(raised(now, { ...about, id: known.id, phase: 'cleared', cause }));
        break;
      }
      case 'late':
        // Too late for any request: it may change nothing.
        items.push({
          ...raised(now - 800, { ...about, id: `late${index}`, severity: 'danger' }),
          late: true,
        });
        items.push({
          ...raised(now - 790, { ...about, id: `late${index}`, phase: 'cleared' }),
          late: true,
        });
        break;
      case 'report':
        items.push(machineEvent(now, 'report', { text: 'a noise', component, severity }));
        break;
      case 'ack':
        items.push(machineEvent(now, 'acknowledged', { component }));
        break;
      default: {
        const { requests } = run(items);
        const ids = liveIds(requests, answers);
        const id = ids[at % Math.max(ids.length, 1)];
        const status = ANSWERS[(rank + index) % ANSWERS.length] ?? 'closed';
        if (id === undefined) break;
        answers.push({ id, status, time: now });
        items.push(machineEvent(now, 'request', { id, status }));
      }
    }
  }
  return { items, standing, answers, now };
}

/** Requests that nobody has ended: neither Andon by a revision nor people by an answer. */
function liveIds(requests: readonly Request[], answers: Told['answers']): string[] {
  const ended = new Set([
    ...requests.flatMap(({ id, action }) =>
      action === 'withdraw' || action === 'close' ? [id] : [],
    ),
    ...answers.flatMap(({ id, status }) => (LIVE_UNTIL.includes(status) ? [id] : [])),
  ]);
  return [...new Set(requests.map(({ id }) => id))].filter((id) => !ended.has(id));
}

/** Without those of reports: each is a problem of its own, and its answer is about itself. */
function found(requests: readonly Request[]): Request[] {
  return requests.filter(({ trigger }) => trigger !== 'report');
}

/** The worst that a revision said of a component, and people answered less than a cool-down ago; -1 for nothing. */
function covered(
  requests: readonly Request[],
  { answers, now }: Told,
  of: Rules,
  component: string,
) {
  let worst = -1;
  let latest = 0;
  for (const { id, status, time } of answers) {
    if (!LIVE_UNTIL.includes(status)) continue;
    const last = requests.filter((one) => one.id === id && one.time / 1e6 <= time).at(-1);
    if (last === undefined) continue;
    if (of.per === 'asset' || last.component === component) latest = time;
    for (const severity of severitiesOf(last, component)) {
      worst = Math.max(worst, SEVERITIES.indexOf(severity));
    }
  }
  return latest + of.cooldown > now + GROUP_WAIT ? worst : -1;
}

/** By the words of the revision itself: its own component and severity, and what it says of others. */
function severitiesOf(request: Request, component: string): Severity[] {
  const also = [
    ...request.description.matchAll(/^Also: (\w+).* at (\w+)(?:, not active now)?\.$/gm),
  ];
  return [
    ...(request.component === component ? [request.severity] : []),
    ...also.flatMap(([, severity, at]) => (at === component ? [severity as Severity] : [])),
  ];
}

const settings = fc.record({
  per: fc.constantFrom('asset' as const, 'component' as const),
  withdraw: fc.boolean(),
  cooldown: fc.constantFrom(100, 500, 100_000),
});

describe('whatever happens in whatever order', () => {
  it('what stands and is worse than what was answered has a live request within the group wait', () => {
    let checked = 0;
    fc.assert(
      fc.property(story, settings, (steps, of) => {
        const told = tell(steps, of);
        const { items, standing, answers, now } = told;
        const requests = found(run([...items, pass(now + GROUP_WAIT + 1)]).requests);
        const live = liveIds(requests, answers);
        for (const [component, { severity }] of standing) {
          if (SEVERITIES.indexOf(severity) <= covered(requests, told, of, component)) continue;
          checked += 1;
          // Some revision of a live request told it, or worse of the same component.
          const telling = requests.find((one) => {
            const told = severitiesOf(one, component).map((name) => SEVERITIES.indexOf(name));
            return live.includes(one.id) && Math.max(...told, -1) >= SEVERITIES.indexOf(severity);
          });
          expect(telling).toBeDefined();
          const priority = requests.findLast(({ id }) => id === telling?.id)?.priority ?? 'low';
          expect(PRIORITIES.indexOf(priority)).toBeGreaterThanOrEqual(
            PRIORITIES.indexOf(PRIORITY[component] ?? 'low'),
          );
        }
      }),
      { numRuns: 400 },
    );
    expect(checked).toBeGreaterThan(50);
  });

  it('there are never two live requests for one component and trigger', () => {
    fc.assert(
      fc.property(story, settings, (steps, of) => {
        const { items, answers } = tell(steps, of);
        const { requests } = run(items);
        const live = liveIds(requests, answers);
        const last = live.flatMap((id) => requests.findLast((one) => one.id === id) ?? []);
        const own = found(last);
        expect(own.length).toBeLessThanOrEqual(of.per === 'asset' ? 1 : 2);
        const names = own.map(({ component, trigger }) => `${component} ${trigger}`);
        expect(new Set(names).size).toBe(names.length);
      }),
      { numRuns: runs(300) },
    );
  });

  it('what comes too late changes nothing', () => {
    fc.assert(
      fc.property(story, settings, (steps, of) => {
        const { items } = tell(steps, of);
        const inTime = items.filter((item) => item.kind !== 'event' || item.late !== true);
        expect(run(items).requests).toEqual(run(inTime).requests);
      }),
      { numRuns: runs(200) },
    );
  });

  it('every request ends when its problem is well and it is answered, and its revisions are dense', () => {
    fc.assert(
      fc.property(story, settings, (steps, of) => {
        const told = tell(steps, of);
        const items = [...told.items];
        let now = told.now + 1;
        for (const [component, { id }] of told.standing) {
          const about = { rule: `r-${component}`, signal: component, component };
          items.push(raised(now, { ...about, id, phase: 'cleared', cause: 'well' }));
        }
        now += 1;
        for (const id of liveIds(run(items).requests, told.answers)) {
          items.push(machineEvent(now, 'request', { id, status: 'completed' }));
        }
        const { requests } = run([...items, pass(now + FAR)]);
        for (const id of new Set(requests.map((one) => one.id))) {
          const mine = requests.filter((one) => one.id === id);
          expect(mine.map(({ revision }) => revision)).toEqual(mine.map((_, index) => index + 1));
          expect(mine[0]?.action).toBe('open');
          const isLastRound = requests.every((one) => one.round <= 1 || one.id === id);
          const ends = mine.slice(0, -1).filter(({ action }) => /withdraw|close/.test(action));
          expect(ends).toEqual([]);
          const answer = told.answers.some((one) => one.id === id);
          if (isLastRound && !answer) expect(mine.at(-1)?.action).toMatch(/withdraw|close/);
        }
        const latest = requests.at(-1);
        if (latest !== undefined) expect(latest.action).toMatch(/withdraw|close/);
        // Nothing is left: the same again is a new problem.
        const again = raised(now + FAR, { rule: 'r-drive', component: 'drive', id: 'z' });
        const after = run([...items, pass(now + FAR), again]).requests.at(-1);
        expect([after?.round, after?.revision]).toEqual([1, 1]);
      }),
      { numRuns: runs(300) },
    );
  });
});
