import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { canonicalJson } from '../../operators/model/canonical.ts';
import { requestSchema } from '../../operators/model/request.ts';
import { hot, pass, raised, run } from '../operators/trigger/run-trigger.ts';
import { model, planned, rules } from '../support/findings.ts';

const START = Date.UTC(2026, 10, 22, 6) / 1_000;

// To write it anew: npx vitest run --project unit test/golden/request.test.ts -u
test('a request with order, due time, slot and cost reads as it did', async () => {
  const trigger = { ...hot, slot: 'next-gap', request: { ...hot.request, duration: '90m' } };
  const order = { id: '4711', kind: 'order', product: 'lid', start: START, end: START + 14_400 };
  const change = { id: 'co-12', kind: 'changeover', start: START + 14_400, end: START + 20_400 };
  const { requests, rows } = run([
    ...[model, rules({ triggers: [trigger] })],
    planned({ ...order, due: START + 18_000, quantity: 2_400 }, change),
    ...[raised(START + 3_600), pass(START + 3_601)],
  ]);
  const [request] = requests;
  expect(rows[0]?.request).toBe(canonicalJson(request));
  expect(requestSchema.parse(JSON.parse(rows[0]?.request ?? ''))).toEqual(request);
  const text = `${JSON.stringify(JSON.parse(rows[0]?.request ?? ''), null, 2)}\n`;
  const file = fileURLToPath(new URL('./request.txt', import.meta.url));
  await expect(text).toMatchFileSnapshot(file);
});
