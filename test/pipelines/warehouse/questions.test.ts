import { expect, test } from 'vitest';
import { questionList, readNamedQuestion } from '../../../pipelines/warehouse/questions.ts';

test('a question takes defaults, then --param, then options of its own', async () => {
  const { script, parameters } = await readNamedQuestion(
    'downtime',
    ['--plant', 'p1', '--days=2'],
    {
      line: 'l1',
      days: '9',
    },
  );
  expect(script).toContain('FROM downtime');
  expect(parameters).toEqual({ plant: 'p1', line: 'l1', asset: '', days: '2', limit: '50' });
});

test.each([
  ['oe', [], 'Did you mean @oee?'],
  ['lineage', [], 'Did you mean @request_lineage?'],
  ['nothing_like_it', [], 'andon sql @ lists the questions.'],
  ['oee', ['--plnt', 'p1'], 'Did you mean --plant?'],
  ['oee', ['p1'], 'found p1'],
  ['oee', ['--plant'], 'a value behind --plant'],
  [
    'why_this_request',
    [],
    '@why_this_request: expected a value for --id (the request), found none',
  ],
])('@%s %j says what is wrong', async (name, rest, words) => {
  await expect(readNamedQuestion(name, rest, {})).rejects.toThrow(words);
});

test('the list has every question under its group', async () => {
  const list = await questionList();
  expect(list).toMatch(/^alarms\n {2}@alarm_floods/);
  expect(list).toContain('  @oee [--plant …] [--line …] [--asset …] [--days 30]\n      How well');
});
