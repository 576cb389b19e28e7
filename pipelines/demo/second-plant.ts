/** The second plant of a demo: it brought an ERP and a CMMS of its own, and master data with mistakes that were put there. */

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ClickHouseClient } from '@clickhouse/client';
import { parse } from 'yaml';
import { z } from 'zod';
import { type Duration, HOUR, plus, toIso } from '../../operators/model/time.ts';
import { readConfig } from '../base/config.ts';
import { readText } from '../base/read-text.ts';
import { createListCopier, reachedSystems } from '../governance/copy-lists.ts';
import { readGovernance } from '../governance/governance-file.ts';
import { checkQuality, keepQuality } from '../governance/quality.ts';
import { syncMasterData } from '../governance/sync.ts';
import { type PlantEntry, type RulesEntry, readPlantFile, readRulesFile } from '../rules/rules.ts';
import { type CmmsAddress, cmmsConfig } from '../stand/programs.ts';
import type { Stand } from '../stand/stand.ts';
import { BEGIN } from './plant/plant.ts';
import { startReferenceCmms } from './reference-cmms/reference-cmms.ts';
import { startReferenceErp } from './reference-erp/reference-erp.ts';
import { profileOf, send } from './systems.ts';

/** What was found wrong with the master data of both plants, and what was put there: a line each. */
export type MasterDataFound = {
  readonly planted: readonly string[];
  readonly found: readonly string[];
};

export interface SecondPlant {
  readonly plants: readonly PlantEntry[];
  /** For the list of maintenance systems, and for `systems`, of the configuration. */
  readonly cmms: object;
  readonly systems: object;
  withWorkflows(rules: Pick<RulesEntry, 'raw'>): Promise<Pick<RulesEntry, 'raw'>>;
  /** A plan of its CMMS makes an order. */
  plan(): Promise<void>;
  /** Lays master data into all systems, copies it as `andon sync` does, and looks for what is wrong with it. */
  lookAtMasterData(
    stand: Stand,
    client: ClickHouseClient,
    first: readonly PlantEntry[],
  ): Promise<MasterDataFound>;
  stop(): Promise<void>;
}

const fileOf = (name: string) =>
  fileURLToPath(new URL(`../../examples/demo/north/${name}.yaml`, import.meta.url));
const text = z.string();
const heldSchema = z.object({
  systems: z.record(text, z.record(text, z.array(z.record(text, text)))),
  planted: z.array(z.object({ check: text, system: text, objects: z.array(text) })),
});
const rulesSchema = z.looseObject({ workflows: z.array(z.unknown()).default([]) });
type Mistake = {
  readonly check: string;
  readonly system: string;
  readonly objects: readonly string[];
};

/** Of the reference systems. */
const SECRET = 'reference';

/** `pace`: how its systems are called. `orders`: where its CMMS has the orders that it made itself. */
export async function startSecondPlant(
  folder: string,
  pace: object,
  orders: object,
): Promise<SecondPlant> {
  const plants = await readPlantFile(fileOf('plant'));
  const [cmms, erp] = await Promise.all([
    startReferenceCmms({ journal: join(folder, 'north-cmms.ndjson'), token: SECRET }),
    startReferenceErp({ journal: join(folder, 'north-erp.ndjson'), token: SECRET }),
  ]);
  const address = { url: cmms.url, token: SECRET };
  const oauth = { kind: 'oauth2', path: '/oauth/token', client: 'andon', secret: SECRET };
  return {
    plants,
    cmms: cmmsConfig(address, {
      ...{ name: 'north-cmms', takes: { plants: plants.map(({ model }) => model.id) } },
      ...{ ...pace, orders },
    }),
    systems: {
      'north-erp': { profile: profileOf('erp'), base: erp.url, auth: oauth, ...pace },
    },
    async withWorkflows({ raw }) {
      const { raw: own } = await readRulesFile(fileOf('workflows'));
      const [rules, { workflows }] = [rulesSchema.parse(raw), rulesSchema.parse(own)];
      // The first that fits an order is its workflow: those of one plant go before those of all.
      return { raw: { ...rules, workflows: [...workflows, ...rules.workflows] } };
    },
    plan: () => send(`${cmms.url}/api/work-requests`, 'POST', PLANNED),
    async lookAtMasterData(stand, client, first) {
      const held = heldSchema.parse(parse(readText(fileOf('master-data'))));
      const { cmms: ofFirst } = stand;
      if (ofFirst === undefined) throw new Error('expected a stand with a CMMS');
      await lay(ofFirst, { asset: machinesOf(first) });
      const places = {
        cmms: ofFirst,
        'north-cmms': address,
        'north-erp': { ...address, url: erp.url },
      };
      for (const [system, where] of Object.entries(places)) {
        await lay(where, held.systems[system] ?? {});
      }
      return { planted: namesOfMistakes(held.planted), found: await copyAndCheck(stand, client) };
    },
    async stop() {
      await Promise.all([cmms.close(), erp.close()]);
    },
  };
}

/** When the first shift ends. */
const PLANNED = {
  ...{ title: 'Service of Filler 1', origin: 'plan', priority: 'LOW', hours: 1 },
  ...{ asset: 'north/filling/filler1', parts: ['6205-2RS'] },
  ...{ planned_start: toIso(plus(BEGIN, (8 * HOUR) as Duration)) },
  ...{ planned_end: toIso(plus(BEGIN, (9 * HOUR) as Duration)) },
};

/** Machines as the CMMS of their plant has them, by their ids there. */
function machinesOf(plants: readonly PlantEntry[]): readonly Readonly<Record<string, string>>[] {
  const assets = plants.flatMap(({ model }) => model.lines.flatMap((line) => line.assets));
  return assets.map(({ name, class: kind, criticality, ids }) => ({
    ...{ id: ids.cmms ?? '', name: name ?? '', plant: 'DEMO', criticality },
    ...{ maintenance_class: kind, status: 'RUNNING' },
  }));
}

async function lay(
  where: CmmsAddress,
  things: Readonly<Record<string, readonly object[]>>,
): Promise<void> {
  for (const [entity, objects] of Object.entries(things)) {
    await send(`${where.url}/admin/master/${entity}`, 'POST', objects, where.token);
  }
}

/** As `andon sync` and `andon quality` do it; what was found is kept, and the page shows it. */
async function copyAndCheck(
  { config: file, env }: Stand,
  client: ClickHouseClient,
): Promise<readonly string[]> {
  const config = readConfig(file, {});
  const path = fileOf('governance');
  const common = { now: Date.now, signal: new AbortController().signal };
  const systems = reachedSystems(config, file);
  const [warehouse, database] = [{ client }, config.clickhouse.database];
  const synced = await syncMasterData({
    ...{ ...common, governance: readGovernance(path), path, warehouse, database },
    copyList: createListCopier({ ...common, client, systems, environment: env, full: true }),
  });
  const unread = synced.flatMap(({ error }) => (error === null ? [] : [error]));
  if (unread.length > 0) throw new Error(unread.join('; '));
  const report = await checkQuality(client, Date.now);
  await keepQuality(warehouse, database, report);
  return namesOfMistakes(report.findings);
}

function namesOfMistakes(mistakes: readonly Mistake[]): readonly string[] {
  return mistakes
    .map(({ check, system, objects }) => `${check} in ${system}: ${objects.join(' and ')}`)
    .toSorted();
}
