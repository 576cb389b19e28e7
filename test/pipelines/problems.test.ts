import { describe, expect, test } from 'vitest';
import { decide, rowsOf } from '../support/decisions.ts';
import { frame, happened, logOf, MODEL, type Said, START } from '../support/plant-log.ts';

/* Problems through the whole pipeline, from frames to requests: answers, edits and reports. */

const detector = (id: string, signal: string, above: number, more: object) => ({
  ...{ id, kind: 'limit', signal, window: 'minute', above, ...more },
});
const rulesWith = (hot: number, per: 'asset' | 'component' = 'asset', of = 'mean') => ({
  windows: [{ id: 'minute', kind: 'tumbling', size: '1m' }],
  detectors: [
    detector('warm', 'temperature', hot, {
      component: 'bearing',
      of,
      raise: { severity: 'notice' },
    }),
    detector('burst', 'vibration', 50, { component: 'drive', raise: { severity: 'danger' } }),
  ],
  triggers: [
    { id: 'look', on: 'warm', per, request: { priority: 'low' } },
    { id: 'stop-it', on: 'burst', per, request: { priority: 'urgent' } },
  ],
});

/** A frame every 10 s for so many minutes: warm from minute 3, bursting from minute `burst`. */
function life(minutes: number, burst: number): Said[] {
  return Array.from({ length: minutes * 6 }, (_, index) => {
    const vibration = index / 6 < burst ? 10 : 80;
    return frame('l2.fan', index * 10_000, { temperature: index < 18 ? 60 : 80, vibration });
  });
}

const change = (at: number, subject: string, content: object): Said => ({
  ...{ at, subject, payload: Buffer.from(JSON.stringify(content)) },
  headers: { 'Content-Type': 'application/json', 'Andon-Change': 'c2' },
});

function requestsOf(said: readonly Said[], rules: object) {
  const inOrder = [...said].sort((a, b) => a.at - b.at);
  return rowsOf(decide(logOf(inOrder, rules)), 'requests').map(({ request, ...row }) => {
    const { because } = JSON.parse(request);
    const minute = Math.floor((row.time / 1_000 - START) / 60_000);
    return { ...row, because, text: `${minute} ${row.action} ${row.priority}` };
  });
}

const texts = (said: readonly Said[], rules: object) =>
  requestsOf(said, rules).map(({ text }) => text);

describe('an answered request hides nothing that it does not cover', () => {
  test.each(['asset', 'component'] as const)(
    'rejected, with a problem per %s: the drive bursts',
    (per) => {
      const rules = rulesWith(75, per);
      const [first] = requestsOf(life(10, 30), rules);
      const answer = happened('l2.fan', 600_000, 'request', { id: first?.id, status: 'rejected' });
      expect(texts([...life(40, 30), answer], rules)).toEqual(['4 open low', '31 open urgent']);
    },
  );
});

describe('an edit under an open problem', () => {
  test('that still raises is the same problem', () => {
    const edit = change(600_001, 'rules.p1', rulesWith(76, 'asset', 'max'));
    expect(texts([...life(60, 100), edit], rulesWith(75))).toEqual(['4 open low']);
  });

  test('that raises nothing ends it after rearm, with its cause', () => {
    const edit = change(600_001, 'rules.p1', rulesWith(90, 'asset', 'max'));
    const requests = requestsOf([...life(60, 100), edit], rulesWith(75));
    expect(requests.map(({ text }) => text.replace(/^\d+ /, ''))).toEqual([
      'open low',
      'withdraw low',
    ]);
    expect(requests[1]?.because).toMatch(/^the rule warm was changed at .* no anomaly/);
  });

  test('of the model that removes the asset ends it', () => {
    const lines = MODEL.lines.map((line) => (line.id === 'l2' ? { ...line, assets: [] } : line));
    const edit = change(600_001, 'model.p1', { ...MODEL, lines });
    const requests = requestsOf([...life(20, 100), edit], rulesWith(75));
    expect(requests.map(({ action }) => action)).toEqual(['open', 'withdraw']);
    expect(requests[1]?.because).toContain('asset removed');
  });
});

test('a report of an operator is a request', () => {
  const data = { text: 'oil on the floor', component: 'drive', priority: 'high' };
  const report = happened('l2.fan', 60_000, 'report', data);
  const cleared = happened('l2.fan', 1_200_000, 'report-cleared', {});
  const requests = requestsOf([...life(3, 100), report], rulesWith(75));
  expect(requests).toMatchObject([{ action: 'open', component: 'drive', priority: 'high' }]);
  const taken = requestsOf([...life(60, 100), report, cleared], rulesWith(99));
  expect(taken.map(({ action }) => action)).toEqual(['open', 'withdraw']);
});
