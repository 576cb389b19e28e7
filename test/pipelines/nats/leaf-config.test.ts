import { expect, test } from 'vitest';
import { leafConfig, leafUserLine } from '../../../pipelines/nats/leaf-config.ts';

const USER = { edge: 'e1', password: 'a-password-of-twenty-letters' };
const CENTRE = { partitions: 2, domain: 'hub' };

test('an edge that judges no line may not ask the centre for messages, one that does may', () => {
  const questions = [
    '"$JS.hub.API.STREAM.MSG.GET.ANDON_0"',
    '"$JS.hub.API.STREAM.MSG.GET.ANDON_1"',
  ];
  const plain = leafUserLine(USER, CENTRE);
  expect(plain).toContain('"$JS.hub.API.STREAM.INFO.ANDON_1"');
  expect(plain).not.toContain('MSG.GET');
  const judging = leafUserLine({ ...USER, judges: true }, CENTRE);
  for (const question of questions) expect(judging).toContain(question);
});

test('the log of its judge stays beside the machines', () => {
  const printed = leafConfig({ ...USER, centre: 'hub:7422', key: 'UKEY', tls: false });
  const denied = '["andon.>", "held.>", "judge.>"]';
  expect(printed).toContain(`deny_exports: ${denied}, deny_imports: ${denied}`);
});
