import { stringify } from 'yaml';

/** What each system has, by entity. Each object is a row of texts with an `id`. */
export type Things = Record<string, Record<string, string>[]>;

export type World = {
  readonly erp: Things;
  readonly cmms: Things;
  /** Of the people's system, which only exports files. */
  readonly hr: Things;
  readonly plants: { id: string; lines: { id: string; assets: ModelAsset[] }[] }[];
  readonly mappings: Record<string, string>[];
};
type ModelAsset = {
  id: string;
  class: string;
  criticality: string;
  ids: Record<string, string>;
};

const PLANTS = [
  { id: 'berlin', erp: 'P100', cmms: 'BER' },
  { id: 'torino', erp: 'P200', cmms: 'TOR' },
] as const;
const LINES = 5;
const CLASSES = ['press', 'pump', 'conveyor'];
const pad = (number: number) => String(number).padStart(5, '0');

/**
 * Two plants of which everything fits: the same things in ERP and CMMS, each by its own ids; conveyors and some others without
 * telemetry. `size`: assets of both.
 */
export function soundWorld(size: number): World {
  const world: World = {
    erp: {
      location: [],
      line: [],
      work_centre: [],
      asset: [],
      part: [],
      supplier: [],
      cost_centre: [],
    },
    cmms: { location: [], work_centre: [], asset: [], part: [], maintenance_class: [], status: [] },
    hr: { skill: [] },
    plants: PLANTS.map(({ id }) => ({
      id,
      lines: Array.from({ length: LINES }, (_, line) => ({ id: `l${line}`, assets: [] })),
    })),
    mappings: [
      ...said('erp', { ACT: 'active', OUT: 'retired' }),
      ...said('cmms', { RUNNING: 'active', SCRAPPED: 'retired', OPEN: 'requested' }),
    ],
  };
  const { erp, cmms, hr, mappings } = world;
  for (const id of CLASSES) cmms.maintenance_class?.push({ id, name: `${id}s` });
  for (const id of ['RUNNING', 'SCRAPPED', 'OPEN']) cmms.status?.push({ id });
  for (const id of ['welding', 'hydraulics']) hr.skill?.push({ id, name: id });
  for (let at = 0; at < 20; at += 1)
    erp.supplier?.push({ id: `S-${at}`, name: `Supplier ${at}`, status: 'ACT' });
  erp.supplier?.push({ id: 'S-OLD', name: 'Gone & Sons', status: 'OUT' });
  for (const plant of PLANTS) addPlant(world, plant);
  for (let at = 0; at < Math.max(40, size / 10); at += 1) {
    const part = { id: `PT-${pad(at)}`, name: `Part ${at}` };
    const made = {
      manufacturer: 'Wälz & Co',
      manufacturer_part: `W ${at}/A`,
      supplier: `S-${at % 20}`,
    };
    erp.part?.push({ ...part, ...made, status: 'ACT' });
    cmms.part?.push({ ...part, status: 'RUNNING' });
  }
  for (let at = 0; at < size; at += 1) addAsset(world, at);
  // Without a manufacturer the same number says nothing.
  for (const id of ['PT-00036', 'PT-00037']) {
    const part = object(erp, 'part', id);
    delete part.manufacturer;
    part.manufacturer_part = 'M8x20';
  }
  for (const id of ['EQ-00230', 'EQ-00232']) {
    const asset = object(erp, 'asset', id);
    delete asset.manufacturer;
    asset.serial = '1001';
  }
  mappings.push({ ...signed('part'), id: 'PT-00010', system: 'cmms', remote: 'PT-00010' });
  return world;
}

const signed = (entity: string) => ({
  entity,
  proposed: 'anna',
  approved: 'bert',
  owner: 'master data',
});

function said(system: string, words: Record<string, string>) {
  return Object.entries(words).map(([remote, id]) => ({ ...signed('status'), id, system, remote }));
}

function addPlant({ erp, cmms, mappings }: World, plant: (typeof PLANTS)[number]): void {
  const code = plant.erp;
  erp.cost_centre?.push({ id: `${code}-MNT`, name: 'Maintenance', plant: code, status: 'ACT' });
  for (let at = 0; at < LINES; at += 1) {
    const hall = { id: `${code}-H${at}`, name: `Hall ${at}` };
    erp.location?.push({ ...hall, plant: code, status: 'ACT' });
    cmms.location?.push({ ...hall, plant: plant.cmms, status: 'RUNNING' });
    erp.line?.push({ id: `${code}-L${at}`, name: `Line ${at}`, plant: code, location: hall.id });
    mappings.push({
      ...signed('line'),
      id: `${plant.id}/l${at}`,
      system: 'erp',
      remote: `${code}-L${at}`,
    });
    const centre = { id: `${code}-WC${at}`, name: `Centre ${at}`, capacity: '16' };
    erp.work_centre?.push({
      ...centre,
      plant: code,
      line: `${code}-L${at}`,
      cost_centre: `${code}-MNT`,
      status: 'ACT',
    });
    // Numbers and cases that say the same are the same.
    cmms.work_centre?.push({
      ...centre,
      plant: plant.cmms,
      name: `CENTRE ${at}`,
      capacity: '16.0',
      status: 'RUNNING',
    });
  }
}

function addAsset({ erp, cmms, plants, mappings }: World, at: number): void {
  const plant = PLANTS[at % 2] as (typeof PLANTS)[number];
  const line = Math.floor(at / 2) % LINES;
  const kind = CLASSES[Math.floor(at / 10) % 3] as string;
  const [inErp, inCmms] = [`EQ-${pad(at)}`, `C${at}`];
  const common = {
    name: `Machine ${at}`,
    location: `${plant.erp}-H${line}`,
    maintenance_class: kind,
    criticality: 'B',
  };
  erp.asset?.push({
    ...{ ...common, id: inErp, plant: plant.erp, line: `${plant.erp}-L${line}` },
    ...{
      work_centre: `${plant.erp}-WC${line}`,
      cost_centre: `${plant.erp}-MNT`,
      supplier: `S-${at % 20}`,
    },
    ...{ manufacturer: 'Press AG', serial: `SN ${pad(at)}`, status: 'ACT' },
  });
  cmms.asset?.push({ ...common, id: inCmms, plant: plant.cmms, status: 'RUNNING' });
  if (kind === 'conveyor') {
    mappings.push({ ...signed('asset'), id: inErp, system: 'cmms', remote: inCmms });
    return;
  }
  const model = { id: `m${at}`, class: kind, criticality: 'B', ids: { erp: inErp, cmms: inCmms } };
  plants.find(({ id }) => id === plant.id)?.lines[line]?.assets.push(model);
}

/** A mistake that was made on purpose: which check must find it, and in what. */
export type Planted = {
  readonly check: string;
  readonly system: string;
  readonly objects: readonly string[];
};

type Planter = (world: World, at: number) => Omit<Planted, 'check'>;

const one = (system: string, id: string) => ({ system, objects: [id] });
const object = (things: Things, entity: string, id: string): Record<string, string> => {
  const found = things[entity]?.find((each) => each.id === id);
  if (found === undefined) throw new Error(`no ${entity} ${id}`);
  return found;
};
/** Assets that no other planter touches: each has twenty of its own. `at`: 0 to 4. */
const assetOf = (planter: number, at: number) => planter * 20 + at * 2 + (at % 2);

/** How each kind of mistake is made, the at-th time. Nothing else may come of it. */
export const PLANTERS: Readonly<Record<string, Planter>> = {
  duplicate_assets({ erp }, at) {
    const [first, second] = [assetOf(0, at), assetOf(1, at)].map((each) => `EQ-${pad(each)}`) as [
      string,
      string,
    ];
    object(erp, 'asset', second).serial =
      object(erp, 'asset', first).serial?.replace(' ', '-').toLowerCase() ?? '';
    return { system: 'erp', objects: [first, second] };
  },
  duplicate_parts({ erp }, at) {
    const [first, second] = [`PT-${pad(at * 2)}`, `PT-${pad(at * 2 + 1)}`];
    object(erp, 'part', second).manufacturer_part = `w${at * 2}a`;
    return { system: 'erp', objects: [first, second] };
  },
  invalid_locations({ cmms }, at) {
    const id = `C${assetOf(2, at)}`;
    object(cmms, 'asset', id).location = `SHED-${at}`;
    return one('cmms', id);
  },
  dangling_references({ erp }, at) {
    const id = `EQ-${pad(assetOf(3, at))}`;
    object(erp, 'asset', id).supplier = `S-99${at}`;
    return one('erp', id);
  },
  stale_references({ erp }, at) {
    const id = `EQ-${pad(assetOf(4, at))}`;
    object(erp, 'asset', id).supplier = 'S-OLD';
    return one('erp', id);
  },
  hierarchies_differ({ cmms }, at) {
    const asset = object(cmms, 'asset', `C${assetOf(5, at)}`);
    const [code = '', hall = ''] = (asset.location ?? '').split('-H');
    asset.location = `${code}-H${(Number(hall) + 1) % LINES}`;
    return one('cmms', `C${assetOf(5, at)}`);
  },
  unmaintained_equipment({ plants }, at) {
    plants[0]?.lines[at]?.assets.push({
      id: `new${at}`,
      class: 'press',
      criticality: 'B',
      ids: {},
    });
    return one('telemetry', `berlin/l${at}/new${at}`);
  },
  unmonitored_equipment({ plants, mappings }, at) {
    const asset = assetOf(6, at);
    for (const plant of plants) {
      for (const line of plant.lines) {
        const index = line.assets.findIndex(({ id }) => id === `m${asset}`);
        if (index < 0) continue;
        const [removed] = line.assets.splice(index, 1);
        const id = `${plant.id}/${line.id}/m${asset}`;
        for (const [system, remote] of Object.entries(removed?.ids ?? {})) {
          mappings.push({ ...signed('asset'), id, system, remote });
        }
      }
    }
    return one('erp', `EQ-${pad(asset)}`);
  },
  unknown_plant_codes({ erp }, at) {
    const id = `EQ-${pad(assetOf(7, at))}`;
    object(erp, 'asset', id).plant = `p10${at}`;
    return one('erp', id);
  },
  work_centres_conflict({ cmms }, at) {
    const id = `P100-WC${at}`;
    object(cmms, 'work_centre', id)[at < 3 ? 'capacity' : 'name'] = '24';
    // The CMMS is the system of record of the capacity.
    return one(at < 3 ? 'erp' : 'cmms', id);
  },
  unmapped_statuses({ cmms }, at) {
    cmms.status?.push({ id: `WMATL${at}` });
    return one('cmms', `WMATL${at}`);
  },
  unrecorded_objects({ cmms }, at) {
    cmms.part?.push({ id: `XP-${at}`, name: `Bought in a shop ${at}`, status: 'RUNNING' });
    return one('cmms', `XP-${at}`);
  },
  missing_copies({ cmms }, at) {
    const id = `PT-${pad(20 + at)}`;
    cmms.part?.splice(
      cmms.part.findIndex((part) => part.id === id),
      1,
    );
    return one('erp', id);
  },
  values_differ({ erp, cmms }, at) {
    if (at === 4) {
      object(cmms, 'asset', `C${assetOf(9, at)}`).status = 'OPEN';
      return one('cmms', `C${assetOf(9, at)}`);
    }
    const id = `EQ-${pad(assetOf(9, at))}`;
    object(erp, 'asset', id).criticality = 'A';
    return one('erp', id);
  },
  incomplete_objects({ erp }, at) {
    const asset = object(erp, 'asset', `EQ-${pad(assetOf(10, at))}`);
    delete asset.name;
    return one('erp', asset.id ?? '');
  },
  broken_mappings({ mappings }, at) {
    mappings.push({
      ...signed('asset'),
      id: `torino/l0/gone${at}`,
      system: 'cmms',
      remote: `GONE-${at}`,
    });
    return one('cmms', `GONE-${at}`);
  },
  ambiguous_mappings({ mappings }, at) {
    const remote = `PT-${pad(30 + at)}`;
    for (const id of [remote, `ZZ-${at}`])
      mappings.push({ ...signed('part'), id, system: 'cmms', remote });
    return one('cmms', remote);
  },
  waiting_mappings({ mappings }, at) {
    const mapping = { entity: 'supplier', id: `S-${at}`, system: 'cmms', remote: `V${at}` };
    mappings.push({ ...mapping, proposed: 'anna', owner: 'purchasing' });
    return one('cmms', `V${at}`);
  },
  repeated_ids({ hr }, at) {
    hr.skill?.push({ id: `skill-${at}`, name: 'One' }, { id: `skill-${at}`, name: 'Another' });
    return one('hr', `skill-${at}`);
  },
};

/** Plants each of the kinds so often. */
export function plant(world: World, kinds: readonly string[], times: number): readonly Planted[] {
  return kinds.flatMap((check) =>
    Array.from({ length: times }, (_, at): Planted => {
      const planter = PLANTERS[check] as Planter;
      return { check, ...planter(world, at) };
    }),
  );
}

const PLANNING = 'maintenance planning';
/** Owners as the examples have them; sources as a test chooses them. */
export function governanceOf(
  { mappings }: World,
  sourceOf: (system: string, entity: string, fields: readonly string[]) => object,
  worlds: Record<string, Things>,
): string {
  const sources = Object.fromEntries(
    Object.entries(worlds).map(([system, things]) => [
      system,
      Object.fromEntries(
        Object.entries(things).map(([entity, objects]) => {
          const fields = [...new Set(objects.flatMap((each) => Object.keys(each)))];
          return [
            entity,
            sourceOf(
              system,
              entity,
              fields.filter((field) => field !== 'id'),
            ),
          ];
        }),
      ),
    ]),
  );
  return stringify({
    plants: PLANTS.map(({ id, erp, cmms }) => ({
      id,
      name: id,
      owner: 'plant manager',
      codes: { erp, cmms },
    })),
    entities: {
      location: { owner: 'facilities', record: 'erp', also: ['cmms'] },
      line: { owner: 'production', record: 'erp' },
      work_centre: {
        ...{ owner: 'production', record: 'erp', also: ['cmms'] },
        fields: { capacity: 'cmms' },
      },
      asset: {
        ...{ owner: PLANNING, record: 'erp', also: ['cmms'], monitored: ['press', 'pump'] },
        ...{ fields: { criticality: 'cmms', status: 'erp' }, fresh: '7d' },
      },
      part: { owner: 'stores', record: 'erp', also: ['cmms'] },
      maintenance_class: { owner: PLANNING, record: 'cmms' },
      supplier: { owner: 'purchasing', record: 'erp' },
      cost_centre: { owner: 'controlling', record: 'erp' },
      skill: { owner: 'people', record: 'hr', fresh: '7d' },
      status: { owner: PLANNING, record: 'cmms' },
    },
    ...{ model: 'plant.yaml', sources, mappings },
  });
}

/** Rows as CSV; texts of these worlds hold no quotes and no separators. */
export function csvOf(objects: readonly Record<string, string>[]): string {
  const headings = [...new Set(['id', ...objects.flatMap((each) => Object.keys(each))])];
  const rows = objects.map((each) => headings.map((heading) => each[heading] ?? '').join(';'));
  return `${[headings.join(';'), ...rows].join('\n')}\n`;
}
