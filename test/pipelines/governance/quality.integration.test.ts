import { execFile } from 'node:child_process';
import { readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { startReferenceCmms } from '../../../pipelines/demo/reference-cmms/reference-cmms.ts';
import { startReferenceErp } from '../../../pipelines/demo/reference-erp/reference-erp.ts';
import type { ReferenceServer } from '../../../pipelines/demo/reference-server.ts';
import {
  checkQuality,
  keepQuality,
  readQualityChecks,
} from '../../../pipelines/governance/quality.ts';
import type { ReachConfig } from '../../../sinks/remote/call-config.ts';
import { systemConfigSchema } from '../../../sinks/remote/system-config.ts';
import {
  migratedWarehouse,
  type StartedWarehouse,
} from '../../sinks/clickhouse/started-warehouse.ts';
import { ANDON } from '../../stand/code.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { readProfile } from '../systems/erp-config.ts';
import { PLANTERS, plant, soundWorld, type Things } from './planted-world.ts';
import { namesOf, namesOfPlanted, syncWorld, written } from './synced-world.ts';

let warehouse: StartedWarehouse;

beforeAll(async () => {
  warehouse = await migratedWarehouse();
});

const TABLES = ['master_data', 'master_syncs', 'master_mappings', 'master_quality'];
const clean = async () => {
  for (const table of TABLES) await warehouse.client.command({ query: `TRUNCATE TABLE ${table}` });
};

describe('reference ERP, reference CMMS, exported files and the plant model', () => {
  let erp: ReferenceServer;
  let cmms: ReferenceServer;
  const admin = { authorization: 'Bearer reference', 'content-type': 'application/json' };
  let systems: ReadonlyMap<string, ReachConfig>;

  beforeAll(async () => {
    await clean();
    const folder = temporaryDirectory();
    erp = await startReferenceErp({ journal: join(folder, 'erp') });
    cmms = await startReferenceCmms({ journal: join(folder, 'cmms') });
    const auth = { kind: 'bearer', token: 'reference' };
    const { rate: _, ...profile } = readProfile('erp');
    const reached = (name: string, base: string) => {
      const system = systemConfigSchema.parse({ ...profile, name, base, auth, csrf: undefined });
      if (system.kind !== 'http') throw new Error('no HTTP');
      return [name, system] as const;
    };
    systems = new Map([reached('erp', erp.url), reached('cmms', cmms.url)]);
    return async () => {
      await erp.close();
      await cmms.close();
    };
  });

  const lay = async (url: string, things: Things) => {
    for (const [entity, objects] of Object.entries(things)) {
      const body = JSON.stringify(objects);
      const answer = await fetch(`${url}/admin/master/${entity}`, {
        method: 'POST',
        headers: admin,
        body,
      });
      expect(answer.status).toBe(200);
    }
  };

  test('of a sound world nothing is told', async () => {
    await clean();
    const world = soundWorld(240);
    await lay(erp.url, world.erp);
    await lay(cmms.url, world.cmms);
    const synced = await syncWorld(
      warehouse,
      written(world, temporaryDirectory(), ['hr']),
      systems,
    );
    expect(synced.filter(({ error }) => error !== null)).toEqual([]);
    expect(
      synced.find(({ system, entity }) => system === 'erp' && entity === 'asset'),
    ).toMatchObject({
      ...{ objects: 240, full: true },
    });
    const report = await checkQuality(warehouse.client, Date.now);
    expect(namesOf(report)).toEqual([]);
    expect(report.scores.map(({ plant: of, score }) => [of, score])).toEqual([
      ...[
        ['', 1],
        ['berlin', 1],
        ['torino', 1],
      ],
    ]);
  });

  test('96 mistakes of 19 kinds are all found, each with owner and proposal, and nothing else', async () => {
    const world = soundWorld(240);
    const planted = [...plant(world, Object.keys(PLANTERS), 5)];
    expect(planted).toHaveLength(95);
    // Two of one kind in one object are two findings.
    const dangling = planted.find(({ check }) => check === 'dangling_references');
    const twice = world.erp.asset?.find(({ id }) => id === dangling?.objects[0]);
    if (dangling === undefined || twice === undefined) throw new Error('nothing planted');
    twice.cost_centre = 'P100-GONE';
    planted.push(dangling);
    await lay(erp.url, world.erp);
    await lay(cmms.url, world.cmms);
    for (const { system, objects } of planted.filter(({ check }) => check === 'missing_copies')) {
      expect(system).toBe('erp');
      const address = `${cmms.url}/admin/master/part/${objects[0]}`;
      await fetch(address, { method: 'DELETE', headers: { authorization: 'Bearer reference' } });
    }
    const folder = temporaryDirectory();
    const path = written(world, folder, ['hr']);
    // What is gone shows only when everything is copied: as if the last time were long ago.
    await clean();
    await syncWorld(warehouse, path, systems);
    const report = await checkQuality(warehouse.client, Date.now);
    expect(namesOf(report)).toEqual(namesOfPlanted(planted));
    for (const { text, proposal, owner } of report.findings) {
      expect([text, proposal, owner].every((one) => one.length > 3)).toBe(true);
    }
    await keepQuality(warehouse, 'andon', report);
    const [kept] = await warehouse.rows<{ findings: number }>(
      "SELECT toUInt32(count()) AS findings FROM master_quality FINAL WHERE `check` != 'counted'",
    );
    expect(kept?.findings).toBe(planted.length);
    // A day later they are a day old; what was put right is gone, and what is new is new.
    const part = { ...world.erp.part?.[1], manufacturer_part: 'own number' };
    await lay(erp.url, { part: [part as Record<string, string>] });
    const again = await syncWorld(warehouse, path, systems, 'erp');
    expect(again.find(({ entity, system }) => system === 'erp' && entity === 'part')).toMatchObject(
      { full: false },
    );
    // Another list is another thing: what changed in it says nothing of what the first one had.
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replaceAll('/api/master/supplier', '/api/./master/supplier'));
    const elsewhere = await syncWorld(warehouse, path, systems, 'erp');
    const ofSupplier = elsewhere.find(({ entity }) => entity === 'supplier');
    expect(ofSupplier).toMatchObject({ system: 'erp', full: true, error: null });
    const later = await checkQuality(warehouse.client, () => report.time + 86_400_000);
    expect(namesOf(later)).toEqual(namesOfPlanted(planted.slice(0, 5).concat(planted.slice(6))));
    expect(later.findings.every(({ since }) => since === report.time)).toBe(true);
    await keepQuality(warehouse, 'andon', later);
    const scores = await warehouse.rows<{ plant: string; score: number }>(
      "SELECT plant, score FROM master_scores WHERE plant = 'berlin' ORDER BY time",
    );
    expect(scores).toHaveLength(2);
    expect(scores[0]?.score).toBeLessThan(1);
  });

  test('a file that is old is told, and a system that does not answer keeps none of the others', async () => {
    await clean();
    const folder = temporaryDirectory();
    const path = written(soundWorld(240), folder, ['hr']);
    const long = new Date(Date.now() - 30 * 86_400_000);
    utimesSync(join(folder, 'exports', 'hr-skill.csv'), long, long);
    // The plant model is what it says, however old the file is.
    utimesSync(join(folder, 'plant.yaml'), long, long);
    const away = new Map(systems);
    away.set('cmms', { ...(away.get('cmms') as ReachConfig), base: 'http://127.0.0.1:1' });
    const synced = await syncWorld(warehouse, path, away);
    expect(
      new Set(synced.filter(({ error }) => error !== null).map(({ system }) => system)),
    ).toEqual(new Set(['cmms']));
    const { findings } = await checkQuality(warehouse.client, Date.now);
    expect(findings.filter(({ check }) => check === 'old_copies')).toMatchObject([
      { system: 'cmms', entity: 'asset', text: expect.stringContaining('nothing was copied yet') },
      { system: 'hr', entity: 'skill', owner: 'people' },
    ]);
    // The ERP still has its mistakes; of a system that was never copied nothing is told.
    expect(
      findings.filter(
        ({ system, check }) =>
          (system === 'cmms' && check !== 'old_copies') || check === 'missing_copies',
      ),
    ).toEqual([]);
    // What is described no longer is judged no longer.
    const described = parse(readFileSync(path, 'utf8'));
    delete described.entities.skill;
    delete described.sources.hr;
    writeFileSync(path, stringify(described));
    await syncWorld(warehouse, path, away, 'telemetry');
    const held = await warehouse.rows<{ system: string }>(
      'SELECT DISTINCT system FROM master_now ORDER BY system',
    );
    expect(held.map(({ system }) => system)).toEqual(['erp', 'governance', 'telemetry']);
  });
});

test('every check asks a question, and is planted', () => {
  const checks = readQualityChecks();
  expect(checks.map(({ name }) => name)).toEqual(
    [...Object.keys(PLANTERS), 'old_copies'].toSorted(),
  );
  for (const { question } of checks) expect(question).toMatch(/\?/);
});

test('andon sync and andon quality, as a person uses them', async () => {
  await clean();
  const world = soundWorld(240);
  const planted = plant(world, ['duplicate_parts'], 1);
  const path = written(world, temporaryDirectory(), ['erp', 'cmms', 'hr']);
  const env = {
    ...process.env,
    ...{
      CLICKHOUSE_URL: warehouse.url,
      CLICKHOUSE_PASSWORD: warehouse.password,
      NATS_URL: 'nats://127.0.0.1:1',
    },
  };
  const andon = async (...args: string[]) => {
    const run = promisify(execFile)(process.execPath, [ANDON, ...args], { env });
    return run.then(
      ({ stdout }) => ({ code: 0, stdout, stderr: '' }),
      ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
    );
  };
  const before = await andon('quality');
  expect(before.stderr).toContain('run andon sync first');
  expect(before.code).toBe(2);
  const synced = await andon('sync', '--governance', path);
  expect(synced.stdout).toMatch(/erp +asset +240 +all/);
  expect(synced.code).toBe(0);
  const found = await andon('quality');
  expect(found.stdout).toContain(`duplicate_parts (erp; stores; new today)`);
  expect(found.stdout).toContain(`  ${planted[0]?.objects.join(' and ')} are `);
  expect(found.stdout).toMatch(/20 checks, one finding/);
  expect(found.code).toBe(7);
  const unknown = await andon('sync', 'sap', '--governance', path);
  expect(unknown.stderr).toContain('a system with sources: erp, cmms, hr, telemetry, found sap');
});
