import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FOUND_TABLES } from '../../../operators/judge/found.ts';
import { CENTRE } from '../../../operators/model/knowledge.ts';
import type { Message, Sequence } from '../../../operators/model/message.ts';
import { type Decisions, deadLettersOf, decide, rowsOf } from '../../support/decisions.ts';
import {
  EDGE,
  modelJudged,
  sentByEdge,
  withFindings,
  withModel,
} from '../../support/edge-judge.ts';
import { runs } from '../../support/long.ts';
import { frame, happened, logOf, plantLife, RULES } from '../../support/plant-log.ts';

/** The press runs, and is too hot all the time. */
const HOT_PRESS = [
  happened('l1.press', 0, 'state', { state: 'EXECUTE' }),
  ...Array.from({ length: 240 }, (_, second) =>
    frame('l1.press', second * 1_000, { temperature: 95 }),
  ),
];

/** Of each machine in their order, table by table. */
function judgements(decisions: Decisions) {
  return Object.fromEntries(
    FOUND_TABLES.map((table) => {
      const rows = rowsOf(decisions, table).map(
        (row) => [`${row.line}/${row.asset}`, row] as const,
      );
      const names = [...new Set(rows.map(([name]) => name))].sort();
      return [table, names.map((name) => rows.filter(([of]) => of === name))];
    }),
  );
}

describe('one judge', () => {
  /** What is warm is much to say. */
  const [hot, ...others] = RULES.detectors;
  const rules = { ...RULES, detectors: [{ ...hot, above: 73 }, ...others] };
  const log = (seed: number) => logOf(plantLife(seed, 240), rules);

  test('edge and centre together find and ask for what the centre alone does, whenever it comes', () => {
    const seen = { requests: 0, anomalies: 0, others: 0 };
    const property = fc.property(
      fc.integer({ min: 0, max: 1_000 }),
      fc.array(fc.nat(400), { minLength: 1, maxLength: 8 }),
      (seed, delays) => {
        const plain = log(seed);
        const alone = decide(plain);
        const judged = withModel(plain, modelJudged(EDGE));
        const sent = sentByEdge(judged);
        const merged = withFindings(judged, sent, (index) => delays[index % delays.length] ?? 0);
        const together = decide(merged);
        expect(judgements(together)).toEqual(judgements(alone));
        expect(deadLettersOf(together).refused).toBeUndefined();
        seen.requests += rowsOf(alone, 'requests').filter(({ line }) => line === 'l1').length;
        seen.anomalies += rowsOf(alone, 'anomalies').filter(({ line }) => line === 'l1').length;
        seen.others += rowsOf(alone, 'anomalies').filter(({ line }) => line === 'l2').length;
      },
    );
    fc.assert(property, { numRuns: runs(4), seed: 20261201 });
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(3);
  });

  test('each machine is judged at one place: the edge says nothing of other lines, the centre nothing of its line', () => {
    const judged = withModel(log(3), modelJudged(EDGE));
    const lines = new Set(sentByEdge(judged).map(({ subject }) => subject.split('.')[2]));
    expect(lines).toEqual(new Set(['l1']));
    const centre = decide(judged);
    for (const table of FOUND_TABLES) {
      expect(rowsOf(centre, table).filter(({ line }) => line === 'l1')).toEqual([]);
    }
    expect(sentByEdge(judged, 'e2')).toEqual([]);
    expect(rowsOf(centre, 'machine_states').some(({ line }) => line === 'l1')).toBe(true);
  });

  test('repeats and what another edge says of the line change nothing, and are counted', () => {
    const judged = withModel(log(3), modelJudged(EDGE));
    const sent = sentByEdge(judged);
    const requests = sent.filter(({ data }) => data.table === 'requests');
    expect(requests.length).toBeGreaterThan(1);
    // A repeat of what is over is told as that.
    const gone = new Set(
      requests.flatMap(({ data }) => {
        const { id, action } = JSON.parse(String(data.row));
        return action === 'withdraw' || action === 'close' ? [id] : [];
      }),
    );
    const over = requests.filter(({ data }) => gone.has(JSON.parse(String(data.row)).id)).length;
    const others = requests.map((one) => ({ ...one, data: { ...one.data, judge: 'e2' } }));
    const all = [...sent, ...requests, ...others];
    const merged = decide(withFindings(judged, all, () => 0));
    const once = decide(withFindings(judged, sent, () => 0));
    expect(judgements(merged).requests).toEqual(judgements(once).requests);
    expect(deadLettersOf(merged).refused).toBe(others.length + over);
    expect(deadLettersOf(merged).duplicate).toBe(
      (deadLettersOf(once).duplicate ?? 0) + requests.length - over,
    );
  });

  test('a restart anywhere changes nothing', () => {
    const judged = withModel(log(4), modelJudged(EDGE));
    const merged = withFindings(judged, sentByEdge(judged), (index) => index % 7);
    const cuts = new Set(merged.map(({ sequence }) => sequence).filter((at) => at % 23 === 0));
    expect(decide(merged, { cuts, increments: 2 })).toEqual(decide(merged));
  });
});

describe('another judge', () => {
  const half = 120;

  /** The log with a model at its beginning, and another one after half of it. */
  const changing = (first: string, second: string): Message[] => {
    const log = withModel(logOf(HOT_PRESS), modelJudged(first));
    const change = log[0] as Message;
    const at = log[half] as Message;
    const payload = Buffer.from(JSON.stringify(modelJudged(second)));
    return [
      ...log.slice(0, half),
      { ...change, appended: at.appended, payload },
      ...log.slice(half),
    ].map((message, index) => ({ ...message, sequence: (index + 1) as Sequence }));
  };

  /** Requests of the line that are open at the same time for one problem. */
  const mostOpen = (decisions: Decisions): number => {
    const open = new Map<string, Set<string>>();
    let most = 0;
    for (const { line, asset, component, id, action } of rowsOf(decisions, 'requests')) {
      const problem = `${line}/${asset}/${component}`;
      const ids = open.get(problem) ?? new Set();
      open.set(problem, ids);
      if (action === 'withdraw' || action === 'close') ids.delete(id);
      else ids.add(id);
      most = Math.max(most, ids.size);
    }
    return most;
  };

  test.each([
    ['the centre hands over to an edge', CENTRE, EDGE],
    ['an edge hands over to the centre', EDGE, CENTRE],
    ['an edge hands over to another', EDGE, 'e2'],
  ])(
    '%s: what is open ends with that cause, and nothing is asked for twice',
    (_, first, second) => {
      const log = changing(first, second);
      const sent = [...sentByEdge(log, EDGE), ...sentByEdge(log, 'e2')].sort(
        (a, b) => a.after - b.after,
      );
      // The edges hear of it later, and what they say of it comes later still.
      const decided = decide(withFindings(log, sent, () => 20));
      const requests = rowsOf(decided, 'requests').filter(({ line }) => line === 'l1');
      const ended = requests.filter(({ request }) => /judge changed/.test(request));
      expect(ended.length).toBeGreaterThan(0);
      for (const { action } of ended) expect(['withdraw', 'close']).toContain(action);
      expect(mostOpen(decided)).toBe(mostOpen(decide(logOf(HOT_PRESS))));
      const revisions = requests.map(({ id, revision }) => `${id} ${revision}`);
      expect(new Set(revisions).size).toBe(revisions.length);
      if (first === CENTRE) {
        const causes = rowsOf(decided, 'anomalies').map(({ cause }) => cause);
        expect(causes).toContain('judge changed');
      } else {
        // What the edge still said of what is over.
        expect(deadLettersOf(decided).refused ?? 0).toBeGreaterThan(0);
      }
      expect(
        requests.some(({ request }) => JSON.parse(request).opened > (log[half]?.appended ?? 0)),
      ).toBe(true);
    },
  );
});

describe('ids that every object has', () => {
  const judged = withModel(logOf(HOT_PRESS), modelJudged(EDGE));
  const sent = sentByEdge(judged);
  const ids = ['__proto__', 'constructor', 'toString'];

  test.each(ids)('a finding of the request %s is a dead letter', (id) => {
    const strange = sent.map((one) => {
      if (one.data.table !== 'requests') return one;
      const row = JSON.stringify({ ...JSON.parse(String(one.data.row)), id });
      return { ...one, data: { ...one.data, row } };
    });
    const decisions = decide(withFindings(judged, strange, () => 0));
    expect(rowsOf(decisions, 'requests').filter(({ line }) => line === 'l1')).toEqual([]);
    expect(deadLettersOf(decisions).refused).toBeGreaterThan(0);
  });

  test.each(ids)('a status of the request %s is malformed, and changes nothing', (id) => {
    const merged = withFindings(judged, sent, () => 0);
    const [first] = merged.filter(({ subject }) => subject.startsWith('telemetry.'));
    const payload = Buffer.from(
      JSON.stringify({ time: 1_000, type: 'request', data: { id, status: 'accepted' } }),
    );
    const subject = 'status.cmms.p1.l1.press';
    const headers = { 'Content-Type': 'application/json' };
    const last = merged.at(-1) as Message;
    const sequence = (last.sequence + 1) as Sequence;
    const log = [
      ...merged,
      { ...(first as Message), ...last, subject, headers, payload, sequence },
    ];
    const [before, after] = [decide(merged), decide(log)];
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(({} as { answered?: boolean }).answered).toBeUndefined();
    expect(rowsOf(after, 'requests')).toEqual(rowsOf(before, 'requests'));
    expect(deadLettersOf(after).malformed).toBe((deadLettersOf(before).malformed ?? 0) + 1);
  });
});

describe('rows that no judge writes', () => {
  const judged = withModel(logOf(HOT_PRESS), modelJudged(EDGE));
  const sent = sentByEdge(judged);

  test.each([
    ['anomalies', { phase: 'nonsense' }],
    ['anomalies', { evidence: 'no json' }],
    ['anomalies', { alarm: 'ringing' }],
    ['anomalies', { cause: 'who knows' }],
    ['alarms', { after: 'nonsense' }],
    ['incidents', { evidence: 'no json' }],
    ['incidents', { evidence: '[{"stage":1}]' }],
    ['requests', { evidence: 'no list' }],
  ] as const)('of %s with %j are dead letters', (table, change) => {
    const strange = sent.map((one) => {
      if (one.data.table !== table) return one;
      const row = JSON.stringify({ ...JSON.parse(String(one.data.row)), ...change });
      return { ...one, data: { ...one.data, row } };
    });
    const decisions = decide(withFindings(judged, strange, () => 0));
    const count = sent.filter(({ data }) => data.table === table).length;
    expect(count).toBeGreaterThan(0);
    expect(rowsOf(decisions, table).filter(({ line }) => line === 'l1')).toEqual([]);
    expect(deadLettersOf(decisions).refused).toBe(count);
  });
});
