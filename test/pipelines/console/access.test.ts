import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openAccounts } from '../../../pipelines/console/access/accounts.ts';
import { createLockout } from '../../../pipelines/console/access/lockout.ts';
import { csrfOf, openSessions } from '../../../pipelines/console/access/sessions.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const PASSWORD = 'correct horse battery';
const HOUR = 3_600_000;

describe('accounts', () => {
  test('whoever has the password is let in, and nobody else', async () => {
    const accounts = openAccounts(temporaryDirectory());
    await accounts.put('mia', PASSWORD, [{ role: 'operator', plant: 'p' }]);
    const mia = await accounts.check('mia', PASSWORD);
    expect(mia).toMatchObject({ name: 'mia', roles: [{ role: 'operator', plant: 'p' }] });
    expect(mia?.id).toMatch(/^[a-z0-9]{1,32}$/);
    expect(await accounts.check('mia', `${PASSWORD} `)).toBeUndefined();
    expect(await accounts.check('tom', PASSWORD)).toBeUndefined();
  });

  test('another password and other roles keep the id: it stands in the log', async () => {
    const accounts = openAccounts(temporaryDirectory());
    await accounts.put('mia', PASSWORD, [{ role: 'operator' }]);
    const before = await accounts.check('mia', PASSWORD);
    await accounts.put('mia', 'another password', [{ role: 'viewer' }]);
    expect(await accounts.check('mia', PASSWORD)).toBeUndefined();
    const after = await accounts.check('mia', 'another password');
    expect(after).toEqual({ ...before, roles: [{ role: 'viewer' }] });
  });

  test('what another process changes is true at once', async () => {
    const directory = temporaryDirectory();
    const [here, there] = [openAccounts(directory), openAccounts(directory)];
    await there.put('mia', PASSWORD, [{ role: 'viewer' }]);
    const mia = await here.check('mia', PASSWORD);
    expect(mia).toBeDefined();
    await there.remove('mia');
    expect(await here.find(mia?.id ?? '')).toBeUndefined();
  });

  test('a key is a program, shown once and kept as a digest', async () => {
    const directory = temporaryDirectory();
    const accounts = openAccounts(directory);
    const key = await accounts.addKey('historian', [{ role: 'analyst' }]);
    expect(await accounts.program(key)).toMatchObject({ name: 'historian', isProgram: true });
    expect(await accounts.program(`${key}x`)).toBeUndefined();
    await expect(accounts.addKey('historian', [])).rejects.toThrow('a name that no key has');
    expect(await accounts.remove('historian')).toBe(true);
    expect(await accounts.program(key)).toBeUndefined();
  });

  test('passwords that are short, and names that hide something, are refused', async () => {
    const accounts = openAccounts(temporaryDirectory());
    await expect(accounts.put('mia', 'short', [])).rejects.toThrow('10 to 256 characters');
    await expect(accounts.put('a\u001b[2J', PASSWORD, [])).rejects.toThrow('letters, digits');
  });

  test('a file that is something else is refused with what to do', async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'accounts.json'), '{"version":2}');
    await expect(openAccounts(directory).list()).rejects.toThrow('make the accounts anew');
  });
});

describe('sessions', () => {
  test('they outlive the process, and their tokens are in no file', async () => {
    const directory = temporaryDirectory();
    const token = await (await openSessions(directory)).begin('mia');
    const again = await openSessions(directory);
    expect(await again.user(token)).toBe('mia');
    expect(await again.user(`${token}x`)).toBeUndefined();
    await again.end(token);
    expect(await (await openSessions(directory)).user(token)).toBeUndefined();
    expect(statSync(join(directory, 'sessions.json')).size).toBeLessThan(10);
  });

  test('they end after twelve hours without use, and after seven days', async () => {
    let now = 0;
    const sessions = await openSessions(temporaryDirectory(), () => now);
    const [idle, used] = [await sessions.begin('mia'), await sessions.begin('tom')];
    for (; now < 13 * HOUR; now += HOUR) expect(await sessions.user(used)).toBe('tom');
    expect(await sessions.user(idle)).toBeUndefined();
    for (; now < 168 * HOUR; now += 6 * HOUR) expect(await sessions.user(used)).toBe('tom');
    now = 169 * HOUR;
    expect(await sessions.user(used)).toBeUndefined();
  });

  test('one account has at most twenty: the oldest go', async () => {
    let now = 0;
    const sessions = await openSessions(temporaryDirectory(), () => now);
    const tokens: string[] = [];
    for (; now < 21; now += 1) tokens.push(await sessions.begin('mia'));
    expect(await sessions.user(tokens[0] ?? '')).toBeUndefined();
    expect(await sessions.user(tokens[1] ?? '')).toBe('mia');
  });

  test('what acts have to show is of the session, and tells nothing of its token', () => {
    expect(csrfOf('a')).not.toBe(csrfOf('b'));
    expect(csrfOf('token')).not.toContain('token');
  });
});

describe('lockout', () => {
  test('so many wrong passwords cost nothing; then each doubles the wait', () => {
    let now = 0;
    const lockout = createLockout(5, () => now);
    for (let at = 0; at < 4; at += 1) lockout.failed('mia');
    expect(lockout.wait('mia')).toBe(0);
    lockout.failed('mia');
    expect(lockout.wait('mia')).toBe(2_000);
    now = 2_000;
    expect(lockout.wait('mia')).toBe(0);
    lockout.failed('mia');
    expect(lockout.wait('mia')).toBe(4_000);
    expect(lockout.wait('tom')).toBe(0);
    lockout.succeeded('mia');
    expect(lockout.wait('mia')).toBe(0);
  });

  test('nobody waits longer than a quarter of an hour, and an hour forgets', () => {
    let now = 0;
    const lockout = createLockout(5, () => now);
    for (let at = 0; at < 100; at += 1) lockout.failed('mia');
    expect(lockout.wait('mia')).toBe(15 * 60_000);
    now = HOUR + 1;
    expect(lockout.wait('mia')).toBe(0);
  });
});
