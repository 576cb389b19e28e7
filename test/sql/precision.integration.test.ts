import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { readAnswered } from '../../pipelines/rules/answers/answered.ts';
import { precisionText } from '../../pipelines/rules/answers/precision.ts';
import { readQuestions } from '../../pipelines/warehouse/questions.ts';
import { migratedWarehouse, type StartedWarehouse } from '../sinks/clickhouse/started-warehouse.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const ANDON = fileURLToPath(new URL('../../scripts/andon.js', import.meta.url));

let warehouse: StartedWarehouse;

function andon(...args: string[]) {
  const { url, password } = warehouse;
  const env = { ...process.env, CLICKHOUSE_URL: url, CLICKHOUSE_PASSWORD: password };
  return new Promise<{ code: unknown; out: string; err: string }>((resolve) => {
    execFile(process.execPath, [ANDON, 'precision', ...args], { env }, (error, out, err) => {
      resolve({ code: error?.code ?? 0, out, err });
    });
  });
}

const ON = { stream: 'ANDON_0', run: '1', sequence: 1, plant: 'p', line: 'l', asset: 'press' };
/** The minute of a day on which something was said. */
const at = (minute: number) => new Date(Date.UTC(2026, 2, 2, 6, minute)).toISOString().slice(0, 19);
const said = (id: string, rule: string, more: object = {}) => ({
  ...{ ...ON, appended: at(0), id, rule, phase: 'raised', revision: 1, since: at(0), time: at(0) },
  ...more,
});
const feedback = (minute: number, anomaly: string, cause: string, more: object = {}) => ({
  ...{ ...ON, sequence: minute, appended: at(minute), time: at(minute), anomaly, cause },
  ...{ rule: 'hot', who: 'fitter', reason: '', ...more },
});
const asked = (id: string, action: string, anomalies: string[], incidents: string[] = []) => ({
  ...{ ...ON, appended: at(0), id, revision: 1, action, opened: at(0), time: at(0) },
  ...{ anomalies, incidents },
});
/** Of one minute each: events of the same type, time and message are one. */
const status = (minute: number, id: string, word: string, more: object = {}) => ({
  ...{ ...ON, sequence: minute, appended: at(minute), time: at(minute), type: 'request' },
  ...{ kind: 'status', system: 'cmms', data: JSON.stringify({ id, status: word, ...more }) },
});

async function insert(table: string, values: readonly object[]): Promise<void> {
  await warehouse.client.insert({ table, values: [...values], format: 'JSONEachRow' });
}

beforeAll(async () => {
  warehouse = await migratedWarehouse();
  const many = (count: number, name: string) => Array.from({ length: count }, (_, n) => name + n);
  await insert('anomalies', [
    ...many(9, 'h').map((id) => said(id, 'hot')),
    ...many(20, 'n').map((id) => said(id, 'noisy', { asset: 'pump' })),
    ...many(29, 'm').map((id) => said(id, 'noisy', { asset: 'fan' })),
    said('z', 'zone'),
    said('h0', 'hot', { phase: 'cleared', revision: 2, time: at(5) }),
  ]);
  await insert('alarms', [
    // Taken back by whoever said so: the latest word counts.
    feedback(1, 'h0', 'false', { reason: 'a mistake' }),
    feedback(9, 'h0', 'confirmed'),
    feedback(2, 'h1', 'false', { reason: 'a fork lift' }),
    feedback(3, 'h2', 'false', { reason: 'cleaned' }),
    feedback(4, 'h3', 'false', { reason: '' }),
    // As the console sends it when the alarm is gone: by its anomaly alone.
    feedback(5, 'h4', 'confirmed', { rule: '' }),
    // The work was done, and the person who did it says that it was for nothing.
    feedback(3, 'h5', 'false', { reason: 'sensor loose' }),
    feedback(6, '', 'false', { rule: '' }),
    feedback(6, 'h8', 'acknowledged'),
    ...many(20, 'n').map((id) => feedback(7, id, 'false', { rule: 'noisy', asset: 'pump' })),
    ...many(29, 'm').map((id, n) =>
      feedback(7, id, n === 0 ? 'confirmed' : 'false', { rule: 'noisy', asset: 'fan' }),
    ),
    // The same log, processed again.
    { ...feedback(3, 'h2', 'false', { reason: 'cleaned' }), run: '2' },
  ]);
  await insert('incidents', [
    said('i6', 'hot', { start: at(0), end: at(0), phase: undefined, revision: undefined }),
    said('i7', 'seizing', { start: at(0), end: at(0), phase: undefined, revision: undefined }),
  ]);
  await insert('requests', [
    asked('r5', 'close', ['h5']),
    asked('r6', 'update', ['h6', 'z'], ['i6']),
    asked('r7', 'close', ['h7'], ['i7']),
    asked('r8', 'withdraw', ['h8']),
  ]);
  await insert('machine_events', [
    status(6, 'r5', 'completed'),
    status(5, 'r6', 'accepted'),
    status(8, 'r6', 'rejected', { note: 'is fine' }),
    status(7, 'r7', 'completed'),
    // It was withdrawn, so that is no answer.
    status(9, 'r8', 'cancelled'),
    // Anybody could send that.
    { ...status(10, 'r6', 'completed'), kind: 'event', system: '' },
  ]);
});

test('each anomaly has one answer: the latest of people, else that of the CMMS', async () => {
  const rows = await warehouse.rows<{ id: string; verdict: string; source: string }>(
    "SELECT rule, id, verdict, source, who, reason FROM rule_answers WHERE asset = 'press' ORDER BY rule, id",
  );
  expect(rows.map(({ id, verdict, source }) => `${id} ${verdict} ${source}`)).toEqual([
    'h0 confirmed feedback',
    'h1 false feedback',
    'h2 false feedback',
    'h3 false feedback',
    'h4 confirmed feedback',
    'h5 false feedback',
    'h6 false request',
    'h7 confirmed request',
    'i7 confirmed request',
    'z false request',
  ]);
  expect(rows[6]).toMatchObject({ rule: 'hot', who: 'cmms', reason: 'is fine' });
});

// Three of eight: (0.375 + 0.2401 ± 1.96 √(0.0293 + 0.0150)) / 1.4802. The others are in Newcombe 1998 (Stat. Med. 17, 857), table I:
// 1 of 29 is 0.0061 to 0.1718, and 0 of 20 is 0 to 0.1611.
test('the interval is that of Wilson, by rule and asset and by rule', async () => {
  const rows = await warehouse.rows<Record<string, unknown>>(
    `SELECT asset, rule, answers, confirmed, called_false, round(precision, 4) AS precision,
            round(precision_low, 4) AS low, round(precision_high, 4) AS high, reasons
     FROM rule_precision ORDER BY rule, asset`,
  );
  const figures = rows.map((row) => ({ ...row, reasons: undefined }));
  expect(figures).toMatchObject([
    { ...{ asset: '', rule: 'hot' }, answers: 8, confirmed: 3, low: 0.1368, high: 0.6943 },
    { ...{ asset: 'press', rule: 'hot' }, answers: 8, called_false: 5, precision: 0.375 },
    { ...{ asset: '', rule: 'noisy' }, answers: 49, confirmed: 1, called_false: 48 },
    { ...{ asset: 'fan', rule: 'noisy' }, answers: 29, low: 0.0061, high: 0.1718 },
    { ...{ asset: 'pump', rule: 'noisy' }, answers: 20, low: 0, high: 0.1611 },
    { ...{ asset: '', rule: 'seizing' }, answers: 1, precision: 1, low: 0.2065, high: 1 },
    { ...{ asset: 'press', rule: 'seizing' } },
    { ...{ asset: '', rule: 'zone' }, answers: 1, precision: 0, low: 0, high: 0.7935 },
    { ...{ asset: 'press', rule: 'zone' } },
  ]);
  // The latest three of the false ones; what h0 was first called is taken back.
  expect(rows[1]?.reasons).toEqual(['is fine', 'sensor loose', 'cleaned']);
});

test('the question can be asked of one machine or rule', async () => {
  const questions = await readQuestions();
  const { sql = '' } = questions.find(({ name }) => name === 'precision_by_rule') ?? {};
  const all = { plant: '', line: '', asset: '', rule: '' };
  const ofFan = await warehouse.rows(sql, { ...all, asset: 'fan' });
  expect(ofFan).toMatchObject([{ rule: 'noisy', precision: 0.034, at_least: 0.006 }]);
  const ofHot = await warehouse.rows(sql, { ...all, rule: 'hot' });
  expect(ofHot).toMatchObject([{ asset: 'press', answers: 8, confirmed: 3 }]);
});

test('answers come with the time that their anomaly stood', async () => {
  const answered = await readAnswered(warehouse.client, { asset: 'press', rule: 'hot' });
  const micros = (minute: number) => Date.UTC(2026, 2, 2, 6, minute) * 1_000;
  expect(answered).toHaveLength(8);
  expect(answered.filter(({ isConfirmed }) => isConfirmed)).toHaveLength(3);
  // h0 has cleared.
  expect(answered.filter(({ until }) => until !== undefined)).toMatchObject([
    { asset: 'p/l/press', since: micros(0), until: micros(5), isConfirmed: true },
  ]);
});

test('andon precision says it in words and as JSON, the worst rules first', async () => {
  const [words, one] = await Promise.all([
    andon(),
    andon('--rule', 'hot', '--asset', 'press', '--json'),
  ]);
  expect(words).toMatchObject({ code: 0, err: '' });
  expect(words.out.split('\n').slice(0, 8)).toEqual([
    'noisy (p): 1 of 49 right, 2 % (0 to 11 %)',
    '  p/l/fan noisy: 1 of 29 right, 3 % (1 to 17 %)',
    '  p/l/pump noisy: 0 of 20 right, 0 % (0 to 16 %)',
    'hot (p): 3 of 8 right, 38 % (14 to 69 %)',
    '  p/l/press hot: 3 of 8 right, 38 % (14 to 69 %)',
    '      false: is fine',
    '      false: sensor loose',
    '      false: cleaned',
  ]);
  expect(JSON.parse(one.out)).toMatchObject([{ rule: 'hot', answers: 8, called_false: 5 }]);
  expect(precisionText([])).toContain('No answers yet');
});

test('andon precision --propose tries values on recordings, and needs them', async () => {
  const folder = temporaryDirectory();
  const [plant, rules] = [join(folder, 'plant.yaml'), join(folder, 'rules.yaml')];
  const data = join(folder, 'history.ndjson');
  writeFileSync(plant, 'plants: [{ id: p, lines: [{ id: l, assets: [{ id: press }] }] }]');
  writeFileSync(rules, 'detectors: [{ id: hot, kind: limit, signal: heat, above: 80 }]');
  const payload = { time: Date.UTC(2026, 2, 2, 6), values: { heat: 20 } };
  writeFileSync(data, `${JSON.stringify({ subject: 'telemetry.p.l.press', payload })}\n`);
  const files = ['--model', plant, '--rules', rules, '--data', data];
  const [tried, without, beside] = await Promise.all([
    andon('--propose', ...files),
    andon('--propose', '--model', plant),
    andon('--data', data),
  ]);
  expect(tried).toMatchObject({ code: 0, err: '' });
  expect(tried.out).toContain('# hot: 5 of 8 answers say false.');
  expect(tried.out).toContain('raises 0 of the 3 confirmed ones and 0 of the 5 false ones.');
  expect(tried.out).toContain('# Nothing is proposed: too few of the false ones come again');
  expect(without).toMatchObject({ code: 2 });
  expect(without.err).toContain('found no --rules, no --data');
  expect(beside).toMatchObject({ code: 2 });
  expect(beside.err).toContain('expected --propose beside');
});
