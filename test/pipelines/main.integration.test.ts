import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../support/temporary.ts';

const ANDON = fileURLToPath(new URL('../../scripts/andon.js', import.meta.url));

function andon(...args: string[]) {
  return new Promise<{ code: unknown; out: string; err: string }>((resolve) => {
    execFile(process.execPath, [ANDON, ...args], (error, out, err) => {
      resolve({ code: error?.code ?? 0, out, err });
    });
  });
}

test('help names every command and what it does', async () => {
  const { code, out } = await andon('--help');
  expect(code).toBe(0);
  for (const command of ['run', 'publish', 'apply', 'backtest', 'requests', 'doctor']) {
    expect(out).toMatch(new RegExp(`^  ${command} .*\\w`, 'm'));
  }
});

test.each([
  ['audit', 'list'],
  ['requests', 'list'],
  ['commands', 'list'],
  ['console', 'start'],
])(
  'andon %s says that it is %s without a command, and where the options stand',
  async (name, usual) => {
    const { code, out } = await andon(name, '--help');
    expect(code).toBe(0);
    expect(out).toContain(
      `Without a command: ${usual}. Its options: andon ${name} ${usual} --help`,
    );
  },
);

test('a word that is no command of a group is said to be none', async () => {
  const { code, err } = await andon('requests', 'nosuch');
  expect(code).toBe(2);
  expect(err).toContain(
    'andon requests: expected one of list, show, resend, found nosuch. See andon requests --help.',
  );
});

test('an unknown command is wrong input', async () => {
  const { code, err } = await andon('nonsense');
  expect(code).toBe(2);
  expect(err).toContain("unknown command 'nonsense'");
});

test('a problem is its message and its exit code, without a stack', async () => {
  const { code, err } = await andon('doctor', '--config', '/nonexistent.yaml');
  expect(code).toBe(2);
  expect(err).toMatch(
    /^andon: \/nonexistent\.yaml: expected a file that can be read, found none of this name/,
  );
  expect(err).not.toContain('    at ');
});

test('a console that waits for NATS ends at a signal, without a stack', async () => {
  const env = { ...process.env, NATS_URL: 'nats://127.0.0.1:1', ANDON_DIR: temporaryDirectory() };
  const child = spawn(process.execPath, [ANDON, 'console'], { env });
  let err = '';
  child.stderr.on('data', (text) => {
    if (err === '') child.kill('SIGTERM');
    err += text;
  });
  const [code] = await once(child, 'close');
  expect(err).toContain('NATS is away');
  expect(err).not.toContain('    at ');
  expect(code).toBe(0);
});
