/** The catalogue: every contract of this release, with what is promised about it. */

import { z } from 'zod';
import { requestSchema } from '../../operators/model/request.ts';
import { WIRE_SCHEMAS, type WireMessage } from '../../operators/model/wire.ts';
import { FEED_DATA, FEED_KINDS, type FeedKind, feedSubject } from '../../sinks/feed.ts';
import { commandSchema } from '../systems/command-reader.ts';
import { apiContracts, type OpenApi } from './api-contracts.ts';
import type { JsonSchema } from './compare-schemas.ts';
import type { Catalogue, Contract } from './contract.ts';
import { tableSchemas } from './table-schemas.ts';

/** What the catalogue is made from. `tables`: the files of `sql/schema`. */
type CatalogueSources = {
  readonly version: string;
  readonly openApi: OpenApi;
  readonly tables: readonly string[];
};

/** All contracts, by id. */
export function buildCatalogue({ version, openApi, tables }: CatalogueSources): Catalogue {
  const contracts = [
    ...Object.entries(FROM_PLANTS).map(([name, promise]) => wireContract(name, promise)),
    ...publishedContracts(),
    ...feedContracts(),
    ...tables.flatMap(tableSchemas).map(tableContract),
    ...apiContracts(openApi),
  ];
  return { andon: version, contracts: contracts.toSorted((a, b) => (a.id < b.id ? -1 : 1)) };
}

type Promised = Pick<Contract, 'address' | 'owner' | 'meaning'> &
  Partial<
    Pick<Contract, 'criticality' | 'latency' | 'on_failure' | 'interaction' | 'version' | 'since'>
  > & { readonly deprecated?: string };

const GATEWAY = 'gateways of the plant';
/** All of them are machine events. */
const EVENTS = [
  'event.<plant>.<line>.<asset>',
  'act.<plant>.<line>.<asset>.<via>.<user>',
  'status.<system>.<plant>.<line>.<asset>',
  'finding.<plant>.<line>.<asset>',
];
const TELEMETRY = 'telemetry.<plant>.<line>.<asset>';

/** What others publish into the log. What cannot be read becomes a dead letter, with the reason. */
const FROM_PLANTS: Readonly<Record<WireMessage, Promised>> = {
  frame: { address: TELEMETRY, owner: GATEWAY, meaning: 'The signals of an asset at one time.' },
  block: { address: TELEMETRY, owner: GATEWAY, meaning: 'Several samples of an asset.' },
  'packed-block': {
    ...{ address: TELEMETRY, owner: GATEWAY },
    meaning: 'Equidistant samples of an asset, as bytes.',
  },
  waveform: {
    ...{ address: 'waveform.<plant>.<line>.<asset>.<point>', owner: GATEWAY },
    meaning: 'A burst of vibration.',
  },
  event: {
    address: EVENTS.join(', '),
    owner: 'gateways, people and systems',
    meaning: 'Something that happened to an asset, or that somebody did or said about it.',
  },
  schedule: {
    ...{ address: 'schedule.<plant>.<line>', owner: 'the planning system' },
    ...{ meaning: 'What a line produces and when it stands.', interaction: 'batch' },
    latency: '1 min',
  },
  model: {
    ...{ address: 'model.<plant>', owner: 'engineers' },
    ...{ meaning: 'The machines of a plant and their signals.', interaction: 'batch' },
    latency: '1 min',
  },
  rules: {
    ...{ address: 'rules.<plant>', owner: 'engineers' },
    ...{ meaning: 'Windows, detectors, patterns, triggers, workflows.', interaction: 'batch' },
    latency: '1 min',
  },
  mapping: {
    ...{ address: 'mapping.<plant>.<via>.<user>', owner: 'engineers', interaction: 'batch' },
    meaning: 'A change of what a thing is called in a system: proposed, approved or refused.',
    ...{ criticality: 'important', latency: '1 min' },
  },
};

function wireContract(name: string, promise: Promised): Contract {
  const schema = WIRE_SCHEMAS[name as WireMessage];
  return {
    ...{ id: `message.${name}`, kind: 'message', sender: 'others', version: 1, since: '0.2.0' },
    ...{ interaction: 'asynchronous', criticality: 'vital', latency: '1 s' },
    on_failure:
      'The sender waits for the acknowledgement and sends again. What cannot be read is a dead letter.',
    ...promise,
    schema: jsonSchema(schema),
  };
}

/** What Andon publishes for systems to carry out. */
function publishedContracts(): readonly Contract[] {
  const common: Pick<Contract, 'kind' | 'sender' | 'version' | 'since' | 'criticality'> = {
    ...{ kind: 'message', sender: 'andon', version: 1, since: '0.2.0', criticality: 'vital' },
  };
  return [
    {
      ...{ id: 'message.request', ...common, address: 'request.<id>.<revision>', owner: 'trigger' },
      ...{ interaction: 'asynchronous', latency: '2 s' },
      meaning: 'A revision of the maintenance request of a problem.',
      on_failure: 'It stays in the stream. The delivery goes on when the CMMS is back.',
      schema: jsonSchema(requestSchema),
    },
    {
      ...{ id: 'message.command', ...common, address: 'command.<system>.<id>' },
      ...{ owner: 'coordinate', interaction: 'orchestrated', latency: 'not_after of the command' },
      meaning: 'What a system is asked to do for a request.',
      on_failure: 'It is tried until not_after. Then the workflow goes on as its step says.',
      schema: jsonSchema(commandSchema),
    },
  ];
}

/** What happens, for whoever subscribes. The schema names what each kind has; CloudEvents headers say the rest. */
function feedContracts(): readonly Contract[] {
  return (Object.keys(FEED_KINDS) as FeedKind[]).map((kind) => ({
    ...{ id: `message.feed-${kind}`, kind: 'message' as const, sender: 'andon' as const },
    ...{ version: 1, since: '0.2.0', owner: 'worker', criticality: 'important' as const },
    ...{ interaction: 'asynchronous' as const, latency: 'one epoch (2 s)' },
    address: feedSubject('<plant>.<line>.<asset>', kind),
    meaning: FEED_KINDS[kind],
    on_failure: 'Epochs wait on disk. A repeat has the same ce-id.',
    schema: kind === 'request' ? jsonSchema(requestSchema) : jsonSchema(FEED_DATA[kind]),
  }));
}

function tableContract({
  name,
  meaning,
  schema,
}: ReturnType<typeof tableSchemas>[number]): Contract {
  return {
    ...{ id: `table.${name}`, kind: 'table', address: name, sender: 'andon', owner: 'worker' },
    ...{ version: 1, since: '0.2.0', meaning, interaction: 'batch', criticality: 'important' },
    latency: 'one epoch (1 s)',
    on_failure: 'Epochs wait on disk and land when ClickHouse is back. Nothing is dropped.',
    schema,
  };
}

function jsonSchema(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return rest;
}
