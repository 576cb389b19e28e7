import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

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

test('an unknown command is wrong input', async () => {
  const { code, err } = await andon('nonsense');
  expect(code).toBe(2);
  expect(err).toContain("unknown command 'nonsense'");
});

test('a problem is its message and its exit code, without a stack', async () => {
  const { code, err } = await andon('doctor', '--config', '/nonexistent.yaml');
  expect(code).toBe(2);
  expect(err).toMatch(
    /^andon: \/nonexistent\.yaml: expected a file that can be read, found ENOENT/,
  );
  expect(err).not.toContain('    at ');
});
