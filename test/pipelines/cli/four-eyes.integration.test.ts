import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { connectNats } from '../../../pipelines/nats/nats.ts';
import { ensurePartition } from '../../../pipelines/nats/streams.ts';
import { startNats } from '../../stand/nats.ts';
import { andon, ROOT } from '../../stand/stand.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

test('with four eyes nobody applies what nobody else has proposed, to the letter', async () => {
  const nats = await startNats();
  try {
    const connection = await connectNats({ servers: nats.url, name: 'test' });
    await ensurePartition(connection, { partition: 0, partitions: 1 });
    await connection.close();
    const folder = temporaryDirectory();
    const [plant, rules] = ['plant.yaml', 'rules.yaml'].map((name) => {
      const text = readFileSync(join(ROOT, 'examples', name), 'utf8');
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    }) as [string, string];
    const config = join(folder, 'andon.yaml');
    writeFileSync(config, `four_eyes: true\nnats: { servers: '${nats.url}' }\n`);
    const apply = (user: string, ...more: string[]) =>
      andon(['apply', plant, rules, '--config', config, ...more], { ANDON_USER: user });

    const first = await apply('anna');
    expect([first.code, first.err]).toEqual([2, expect.stringContaining('no such proposal')]);
    const proposed = await apply('anna', '--propose', '--reason', 'the oil is older');
    expect(proposed).toMatchObject({ code: 0, out: 'proposed for p1: somebody else applies it\n' });
    const own = await apply('anna');
    expect([own.code, own.err]).toEqual([2, expect.stringContaining('a proposal by anna alone')]);
    const other = await apply('bert');
    expect(other).toMatchObject({ code: 0, out: expect.stringContaining('rules.p1 takes effect') });
    // What was changed since is something else.
    writeFileSync(plant, readFileSync(plant, 'utf8').replace('name: ', 'name: Other '));
    expect((await apply('bert')).code).toBe(2);
    const recording = join(ROOT, 'examples/recordings/pump.ndjson');
    const live = ['publish', '--live', '--speed', '100000', '--model', plant, '--rules', rules];
    const beside = await andon([...live, recording, '--config', config], { ANDON_USER: 'bert' });
    expect([beside.code, beside.err]).toEqual([2, expect.stringContaining('no such proposal')]);
    const { out } = await andon(['audit', '--json', '--config', config], { ANDON_USER: 'cleo' });
    const told = out
      .trim()
      .split('\n')
      .map((line): { who: string; act: string; step: string; what: string } => JSON.parse(line))
      .filter(({ what, step }) => what === 'rules.p1' && step === 'done');
    expect(told.map(({ who, act }) => `${who} ${act}`)).toEqual([
      'bert apply',
      'anna apply-propose',
    ]);
  } finally {
    await nats.stop();
  }
});
