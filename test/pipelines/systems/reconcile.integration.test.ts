import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Command } from '../../../operators/model/command.ts';
import type { Request } from '../../../operators/model/request.ts';
import {
  openReconcileBook,
  openReconcileDesk,
  type ReconcileLane,
  type ReconcileReport,
} from '../../../pipelines/systems/reconciliation/book.ts';
import type { CmmsConfig } from '../../../sinks/remote/config.ts';
import { ANDON } from '../../stand/code.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { type ErpPlant, startErpPlant } from './commands-support.ts';
import { readProfile } from './erp-config.ts';
import { exampleCommand, undoOf } from './example-command.ts';
import { quickConfig } from './systems-config.ts';
import { askReference, freshRequest, type Plant, startPlant } from './systems-support.ts';

const until = { timeout: 20_000, interval: 25 };

/** Asks for a comparison, as `andon reconcile` does, and waits for its report. */
async function compared(
  plant: Pick<Plant, 'connection'>,
  lane: ReconcileLane,
  system: string,
  mend = false,
): Promise<ReconcileReport> {
  const desk = await openReconcileDesk(plant.connection, lane, system);
  const id = randomUUID();
  await desk.ask({ id, mend });
  await expect.poll(() => desk.report(id), until).toBeDefined();
  return (await desk.report(id)) as ReconcileReport;
}

/** `missing request ID`, in the order of the alphabet. */
const namesOf = ({ differences }: ReconcileReport) =>
  differences
    .map(({ kind, verb, id, field }) => `${kind} ${verb} ${id} ${field}`.trimEnd())
    .toSorted();

describe('requests in the CMMS', () => {
  let plant: Plant;
  let ask: ReturnType<typeof askReference>;
  let run: { stop(): Promise<void> };
  // A state that changed so long ago is not on its way any more; so long ago was decided what is late.
  const hour = 3_600_000;
  const reconcile = { every: hour, full: hour, late: 200 };
  const { status } = quickConfig('http://nobody');
  // With `gone` the poll of its status ends a request whose object is not there: it would be no difference any more.
  const quick: Partial<CmmsConfig> = { reconcile, status: { ...status, gone: undefined } as never };
  beforeAll(async () => {
    plant = await startPlant();
    ask = askReference(plant.cmms.url);
  });
  afterEach(() => run.stop());
  afterAll(() => plant.close());

  const sent = async (...requests: Request[]) => {
    await plant.send(...requests);
    for (const { id } of requests) {
      await expect.poll(async () => (await plant.entry(id))?.status, until).toBe('requested');
    }
  };
  const remoteOf = async ({ id }: Request) => (await plant.entry(id))?.remote ?? '';
  const path = async (request: Request) => `/api/work-requests/${await remoteOf(request)}`;

  it('finds what was planted, each kind of it, and nothing else', async () => {
    run = plant.run(quick, () => Date.now() + hour);
    const well = Array.from({ length: 8 }, () => freshRequest());
    const [missing, doubled, drifted, moved] = Array.from({ length: 4 }, () => freshRequest()) as [
      ...[Request, Request, Request, Request],
    ];
    const refused = freshRequest({ title: '' });
    await sent(...well, missing, doubled, drifted, moved);
    await plant.send(refused);
    await expect
      .poll(async () => (await plant.entry(refused.id))?.delivery, until)
      .toBe('rejected');
    expect(namesOf(await compared(plant, 'requests', 'reference'))).toEqual([
      `missing request ${refused.id}`,
    ]);

    await ask('DELETE', `/admin/work-requests/${await remoteOf(missing)}`, {});
    await ask('POST', '/api/work-requests', { title: 'Twice', external_key: doubled.id });
    await ask('PATCH', await path(drifted), {
      asset: 'berlin/packing/other',
      title: 'A new title',
    });
    await ask('PATCH', await path(moved), { external_key: '' });
    await ask('POST', '/api/work-requests', {
      title: 'Again',
      external_key: moved.id,
      revision: 1,
      asset: moved.asset,
    });
    await ask('POST', '/api/work-requests', { title: 'Forged', external_key: 'NEVER-GIVEN' });
    await ask('POST', '/api/work-requests', { title: 'Of somebody', external_key: 'a b.>' });
    // What people do every day is none: other fields, comments, orders of their own.
    await ask('PATCH', await path(well[0] as Request), { priority: 'LOW', hours: 8 });
    await ask('POST', '/api/work-requests', { title: 'Lubricate', origin: 'plan' });
    await plant.act(await remoteOf(well[1] as Request), 'accept');
    await expect
      .poll(async () => (await plant.entry(well[1]?.id ?? ''))?.status, until)
      .toBe('accepted');

    const report = await compared(plant, 'requests', 'reference');
    expect(namesOf(report)).toEqual(
      [
        `missing request ${missing.id}`,
        `missing request ${refused.id}`,
        `doubled request ${doubled.id}`,
        `drifted request ${drifted.id} /asset`,
        `drifted request ${moved.id} object`,
        'forged request NEVER-GIVEN',
        'forged request a b.>',
      ].toSorted(),
    );
    expect(report.counts).toMatchObject({ missing: 2, doubled: 1, drifted: 2, forged: 2, late: 0 });
    expect(report.sides).toMatchObject([{ verb: 'request', ours: 13, unseen: null }]);
    expect(plant.recorded).toContainEqual(
      expect.objectContaining({ kind: 'difference-count', difference: 'missing', count: 2 }),
    );
  });

  it('keeps as much of a long report as a message holds, and counts what it leaves off', async () => {
    run = plant.run(quick, () => Date.now() + hour);
    const report = await compared(plant, 'requests', 'reference');
    const [first] = report.differences;
    if (first === undefined) throw new Error('nothing differs');
    const long = { ...first, remotes: Array.from({ length: 1_000 }, () => randomUUID()) };
    const differences = Array.from({ length: 400 }, () => long);
    const book = await openReconcileBook(plant.connection, 'requests', 'other');
    await book.keep({ ...report, differences });
    const kept = await book.last();
    expect(kept?.differences).toContainEqual(long);
    expect((kept?.differences.length ?? 0) + (kept?.left_off ?? 0)).toBe(400);
  });

  it('mends what is safe, so that the next comparison finds the rest', async () => {
    run = plant.run(quick, () => Date.now() + hour);
    const before = await compared(plant, 'requests', 'reference', true);
    const mended = before.differences.filter((one) => one.mended);
    expect(mended.map(({ kind, field }) => `${kind} ${field}`.trim()).toSorted()).toEqual([
      ...['drifted /asset', 'drifted object', 'missing'],
    ]);
    const left = () => compared(plant, 'requests', 'reference').then(({ counts }) => counts);
    await expect
      .poll(left, { ...until, interval: 200 })
      .toEqual({ missing: 1, doubled: 1, drifted: 0, orphaned: 0, forged: 2, late: 0 });
  });

  it('says what the log was not told of a request that was taken up again', async () => {
    run = plant.run(quick, () => Date.now() + hour);
    const request = freshRequest();
    await sent(request);
    await plant.act(await remoteOf(request), 'reject');
    // Its report is in the log, and nobody is at the entry any more.
    const said = { status: 'rejected', unreported: null };
    await expect.poll(() => plant.entry(request.id), until).toMatchObject(said);
    // As the system stood before a restore: its poll has ended, and nobody would look again.
    const { entry, version } = await plant.ledger.get(request.id);
    if (entry === undefined) throw new Error('no entry');
    await plant.ledger.put({ ...entry, status: 'cancelled' }, version);
    const found = (await compared(plant, 'requests', 'reference', true)).differences;
    expect(found.filter(({ id }) => id === request.id)).toMatchObject([
      { kind: 'drifted', field: 'state', ours: 'cancelled', theirs: 'rejected', mended: true },
    ]);
    await expect.poll(async () => (await plant.entry(request.id))?.status, until).toBe('rejected');
    expect((await plant.events(request.id)).at(-1)).toMatchObject({ data: { status: 'rejected' } });
  });

  it('calls late what is not carried out, and tells what it could not see', async () => {
    run = plant.run(quick, () => Date.now() + hour);
    const request = freshRequest();
    await plant.misbehave({ script: [{ fault: 'unavailable', delay: 0, times: 100_000 }] });
    await plant.send(request);
    await expect
      .poll(async () => (await plant.entry(request.id))?.history.length, until)
      .toBeGreaterThan(0);
    const report = await compared(plant, 'requests', 'reference');
    expect(namesOf(report)).toEqual([`late request ${request.id}`]);
    expect(report.sides[0]?.unseen).toMatch(/503|left alone/);
    await plant.misbehave({ script: [] });
    await expect.poll(async () => (await plant.entry(request.id))?.status, until).toBe('requested');
    const after = namesOf(await compared(plant, 'requests', 'reference'));
    expect(after).not.toContain(`late request ${request.id}`);
  });

  it('compares by its timetable, lands what it found when the warehouse is there, and asks it for old keys', async () => {
    const landed: ReconcileReport[] = [];
    let away = 2;
    const frequent = { ...quick, reconcile: { every: 1_500, full: hour, late: 200 } };
    // By this clock the last full comparison is longer ago than an hour.
    const now = () => Date.now() + 2 * hour + 60_000;
    const begun = now();
    run = plant.run(frequent, now, {
      async landReports(report) {
        away -= 1;
        if (away >= 0) throw new Error('the warehouse is away');
        landed.push(report);
      },
      wasGiven: {
        requests: async (key) => (key === 'NEVER-GIVEN' ? true : undefined),
        commands: async () => false,
      },
    });
    const own = (full: boolean) => landed.find((one) => one.begun >= begun && one.full === full);
    await expect.poll(() => own(true), until).toBeDefined();
    expect(own(true)?.counts).toMatchObject({ orphaned: 1, forged: 0 });
    expect(own(true)?.sides[0]?.unseen).toContain('1 unknown keys');
    // The ones after it take what changed since, which is nothing by that clock.
    await expect.poll(() => own(false), until).toBeDefined();
    expect(own(false)?.sides[0]?.theirs).toBe(0);
    expect(own(false)?.counts).toMatchObject({ missing: 0, orphaned: 0 });
  });

  it('is a command that prints sentences with the way to mend, and ends with 7 where something is left', async () => {
    run = plant.run(quick, () => Date.now() + hour);
    const file = join(temporaryDirectory(), 'andon.yaml');
    const profile = readFileSync('examples/cmms/reference.yaml', 'utf8').replace(/^.*\n/, '');
    const cmms = profile.replaceAll(/^(?=.)/gm, '  ');
    writeFileSync(file, `cmms:\n${cmms}`);
    const environment = { ...process.env, CMMS_URL: plant.cmms.url, CMMS_TOKEN: 'reference' };
    const andon = (...args: string[]) =>
      promisify(execFile)(
        process.execPath,
        [ANDON, ...args, '--config', file, '--nats', plant.nats.url],
        {
          env: environment,
        },
      ).then(
        ({ stdout }) => ({ code: 0, stdout, stderr: '' }),
        (error: { code: number; stdout: string; stderr: string }) => error,
      );
    const told = await andon('reconcile', 'reference');
    expect(told).toMatchObject({ code: 7 });
    expect(told.stdout).toContain('reference, requests: ');
    expect(told.stdout).toContain('with the key NEVER-GIVEN, which Andon never gave');
    expect(told.stdout).toContain('Find out who made');
    const unknown = await andon('reconcile', 'nobody');
    expect(unknown).toMatchObject({ code: 2 });
    expect(unknown.stderr).toContain('there are reference');
  });

  it('finds without a list what a search shows, and says what it does not', async () => {
    run = plant.run({ ...quick, changes: undefined }, () => Date.now() + hour);
    const request = freshRequest();
    await sent(request);
    await ask('DELETE', `/admin/work-requests/${await remoteOf(request)}`, {});
    const report = await compared(plant, 'requests', 'reference');
    expect(namesOf(report)).toContain(`missing request ${request.id}`);
    expect(report.counts).toMatchObject({ doubled: 1, forged: 0 });
    expect(report.sides[0]?.unseen).toContain('orphaned or forged');
  });
});

describe('commands in the ERP', () => {
  let plant: ErpPlant;
  let run: { stop(): Promise<void> };
  beforeAll(async () => {
    plant = await startErpPlant();
    await plant.ask('PUT', '/admin/parts', { id: '6205-2RS', on_hand: 1_000, lead_time_days: 5 });
  });
  afterEach(() => run.stop());
  afterAll(() => plant.close());

  const over = async (...commands: Command[]) => {
    await plant.send(...commands);
    for (const command of commands) {
      await expect.poll(async () => (await plant.entry(command))?.outcome, until).toMatch(/./);
    }
  };
  const remoteOf = async (command: Command) => (await plant.entry(command))?.remote ?? '';
  /** As a person at the ERP does, whose writes need no tokens. */
  const create = (content: object) =>
    plant.ask<{ id: string }>('POST', '/admin/reservations', content);

  it('finds what was planted, each kind of it, and nothing else', async () => {
    const verbs = JSON.stringify(readProfile('erp').verbs)
      .replaceAll('"30s"', '"100ms"')
      .replaceAll(/,"gone":"\w+"/g, '');
    run = plant.run({
      verbs: JSON.parse(verbs),
      reconcile: { every: '1h', full: '1h', late: '1s' },
    });
    const reserve = () => exampleCommand({ time: (Date.now() * 1_000) as never });
    const well = Array.from({ length: 6 }, reserve);
    const [missing, doubled, drifted, taken, untaken] = Array.from({ length: 5 }, reserve) as [
      ...[Command, Command, Command, Command, Command],
    ];
    const bought = exampleCommand({
      ...{ step: 'buy', verb: 'requisition', payload: { part: 'SEAL-45', quantity: 2 } },
    });
    await over(...well, missing, doubled, drifted, taken, untaken, bought);
    await over(undoOf(taken, 'release'), undoOf(untaken, 'release'));
    for (const one of [...well, missing, doubled, drifted]) {
      await expect.poll(async () => (await plant.entry(one))?.state, until).toBe('assigned');
    }
    await expect.poll(async () => (await plant.entry(bought))?.state, until).toBe('submitted');
    expect(namesOf(await compared(plant, 'commands', 'erp'))).toEqual([]);

    await plant.ask('DELETE', `/admin/objects/reservation/${await remoteOf(missing)}`, {});
    const fields = { part: '6205-2RS', quantity: 1 };
    await create({ ...fields, external_key: doubled.key });
    await plant.ask('PATCH', `/admin/reservations/${await remoteOf(drifted)}`, { quantity: 3 });
    await plant.ask('PATCH', `/admin/reservations/${await remoteOf(untaken)}`, {
      status: 'ASSIGNED',
    });
    await create({ ...fields, external_key: 'NEVERGIVEN' });
    await create({ ...fields, external_key: '' });

    // What changed just now may be on its way into the log: it is found when it is not.
    const names = async () => namesOf(await compared(plant, 'commands', 'erp'));
    await expect
      .poll(names, { ...until, interval: 300 })
      .toEqual(
        [
          `missing reserve ${missing.id}`,
          `doubled reserve ${doubled.id}`,
          `drifted reserve ${drifted.id} /quantity`,
          `orphaned reserve ${untaken.id}`,
          'forged reserve NEVERGIVEN',
        ].toSorted(),
      );
    const mended = await compared(plant, 'commands', 'erp', true);
    expect(mended.differences.filter((one) => one.mended).map(({ kind }) => kind)).toEqual([
      'missing',
    ]);
    await expect
      .poll(names, { ...until, interval: 300 })
      .not.toContain(`missing reserve ${missing.id}`);
  });
});
