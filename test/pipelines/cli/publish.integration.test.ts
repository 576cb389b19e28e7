import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { configSchema } from '../../../pipelines/base/config.ts';
import { registerApply } from '../../../pipelines/cli/apply.ts';
import { registerNatsConfig } from '../../../pipelines/cli/nats-config.ts';
import { registerPublish } from '../../../pipelines/cli/publish.ts';
import { withNats } from '../../../pipelines/cli/with-nats.ts';
import { startNats, type TestNats } from '../../stand/nats.ts';
import { startRelay } from '../../stand/relay.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const folder = temporaryDirectory();
const press = fileURLToPath(new URL('../../../examples/recordings/press.ndjson', import.meta.url));
const plant = join(folder, 'plant.yaml');
const wrong = join(folder, 'wrong.yaml');
writeFileSync(plant, 'plants: [{ id: works, lines: [{ id: line1, assets: [{ id: press }] }] }]\n');
writeFileSync(wrong, 'windows: [{ id: w, kind: tumbling }]\n');

let server: TestNats;
beforeAll(async () => {
  server = await startNats();
});
afterAll(() => server.stop());

/** What a command prints. */
async function andon(...words: string[]): Promise<string> {
  const lines: string[] = [];
  const spy = vi.spyOn(console, 'log').mockImplementation((line) => void lines.push(String(line)));
  const program = new Command().exitOverride();
  registerApply(program.command('apply'));
  registerNatsConfig(program.command('nats-config'));
  registerPublish(program.command('publish'));
  try {
    await program.parseAsync(['node', 'andon', ...words]);
  } finally {
    spy.mockRestore();
  }
  return lines.join('\n');
}

test('apply only checks when it is told to, and publishes nothing when anything is wrong', async () => {
  expect(await andon('apply', plant, '--check')).toBe(`${plant}: no mistakes.`);
  const refused = andon('apply', plant, wrong, '--nats', server.url);
  await expect(refused).rejects.toThrow(
    /^one mistake; nothing was changed:\n.*wrong\.yaml:1:11: windows\.0\.size: expected a duration such as .*, found nothing$/,
  );
  const publishing = andon('publish', press, '--nats', server.url);
  await expect(publishing).rejects.toThrow(/found none\. With --replay it is made/);
});

test('apply says at which message a change takes effect, publish what is in the log', async () => {
  const nats = ['--nats', server.url, '--json'];
  const applied = JSON.parse(await andon('apply', plant, '--replay', press, ...nats));
  expect(applied).toEqual([
    {
      subject: 'model.works',
      change: expect.stringMatching(/^[a-z2-7]{20}$/),
      stream: 'ANDON_0',
      sequence: 1,
    },
  ]);
  const counts = JSON.parse(await andon('publish', press, '--settle', '0s', ...nats));
  // 5 messages, and 8 ticks in the silences between them.
  expect(counts).toMatchObject({ acknowledged: 13, last: 14, duplicates: 0, stopped: false });
  await expect(andon('publish', press, '--speed', 'soon', ...nats)).rejects.toThrow(
    /--speed: expected a number above 0, or max, found soon/,
  );
});

test('nats-config prints a mapping, and the same keys again', async () => {
  const keys = join(folder, 'keys');
  const words = ['nats-config', '--model', plant, '--keys', keys, '--partitions', '4'];
  const printed = await andon(...words);
  expect(await andon(...words)).toBe(printed);
  expect(statSync(join(keys, 'worker.nk')).mode & 0o777).toBe(0o600);
  expect(statSync(keys).mode & 0o777).toBe(0o700);
  expect(printed).toContain(
    '"telemetry.*.*.*": "andon.{{partition(4,1,2)}}.telemetry.{{wildcard(1)}}.{{wildcard(2)}}.{{wildcard(3)}}"',
  );
  await expect(andon(...words, '--partitions', 'many')).rejects.toThrow(
    /--partitions: partitions: expected/,
  );
  await expect(andon(...words, '--user', 'person=Ines@works')).rejects.toThrow(
    '--user: expected an id of a to z and 0 to 9, at most 32, found Ines',
  );
  await expect(andon(...words, '--user', 'boss=u7@works')).rejects.toThrow(/person=ID@PLANT/);
  await expect(andon(...words, '--user', 'person=u7@mill')).rejects.toThrow(/and plants works/);
  await expect(andon(...words, '--leafnodes', 'all')).rejects.toThrow(
    '--leafnodes: expected a port',
  );
  writeFileSync(join(keys, 'worker.nk'), 'no seed');
  await expect(andon(...words)).rejects.toThrow(/worker\.nk: expected the nkey seed of a user/);
});

test('nats-config prints the part of an edge with its password alone, and makes no other keys', async () => {
  const keys = join(folder, 'edge-keys');
  const words = ['nats-config', '--model', plant, '--keys', keys, '--no-tls'];
  const leaf = [...words, '--leaf', 'e1', '--centre', 'hub:7422'];
  await expect(andon(...leaf)).rejects.toThrow(/edge\.e1\.password: .*found no file of this name/);
  expect(existsSync(keys)).toBe(false);
  mkdirSync(keys);
  writeFileSync(join(keys, 'edge.e1.password'), `${'p'.repeat(43)}\n`);
  expect(await andon(...leaf)).toContain(`edge.e1:${'p'.repeat(43)}@hub:7422`);
  expect(readdirSync(keys)).toEqual(['edge.e1.nk', 'edge.e1.password']);
});

test('a server that falls silent amid the work is named, with what to do', async () => {
  const relay = await startRelay(server.port);
  try {
    const config = {
      nats: configSchema.parse({ nats: { servers: [`nats://127.0.0.1:${relay.port}`] } }).nats,
    };
    const work = withNats(config, 'test', (connection) => {
      void relay.hold({ ask: /\$JS\.API\.INFO/ });
      return connection.request('$JS.API.INFO', '', { timeout: 300 });
    });
    await expect(work).rejects.toThrow(
      /^NATS nats:\S+: expected an answer, found timeout\. Look whether/,
    );
  } finally {
    relay.close();
  }
});
