/** The messages of the catalogue as an AsyncAPI 3 document. */

import type { JsonSchema } from './compare-schemas.ts';
import type { Catalogue, Contract } from './contract.ts';

/**
 * Channels are subjects of NATS. The binding of NATS knows only queues, so what JetStream does stands in extensions.
 * From the point of view of AsyncAPI the application is Andon: it receives what others send.
 */
export function describeMessages({ andon, contracts }: Catalogue): JsonSchema {
  const messages = contracts.filter(({ kind }) => kind === 'message');
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Andon',
      version: andon,
      description: 'What plants, people and systems send to Andon, and what it publishes for them.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/json',
    servers: {
      nats: { host: '127.0.0.1:4222', protocol: 'nats', description: 'NATS with JetStream.' },
    },
    channels: Object.fromEntries(messages.map((each) => [nameOf(each), channelOf(each)])),
    operations: Object.fromEntries(messages.map((each) => [nameOf(each), operationOf(each)])),
    components: {
      messages: Object.fromEntries(messages.map((each) => [nameOf(each), messageOf(each)])),
    },
  };
}

function nameOf({ id }: Contract): string {
  return id.replace(/^message\./, '').replaceAll('-', '_');
}

/** `a.<b>.<c>` with each parameter as `{b}`. What stands behind a comma are further subjects. */
function channelOf(contract: Contract): JsonSchema {
  const [subject = '', ...others] = contract.address.split(', ');
  const names = [...subject.matchAll(/<(\w+)>/g)].map(([, name = '']) => name);
  const name = nameOf(contract);
  return {
    address: subject.replaceAll(/<(\w+)>/g, '{$1}'),
    ...(others.length === 0 ? {} : { description: `Also: ${others.join(', ')}` }),
    messages: { [name]: { $ref: `#/components/messages/${name}` } },
    parameters: Object.fromEntries(names.map((each) => [each, { description: WORD }])),
  };
}

const WORD = 'Letters, digits, _ and -, at most 64.';

function operationOf(contract: Contract): JsonSchema {
  const name = nameOf(contract);
  const { sender, meaning, interaction, criticality, latency, on_failure } = contract;
  return {
    action: sender === 'others' ? 'receive' : 'send',
    channel: { $ref: `#/channels/${name}` },
    summary: meaning,
    'x-andon': { interaction, criticality, latency, on_failure },
  };
}

function messageOf(contract: Contract): JsonSchema {
  const { meaning, owner, version, since, deprecated, schema } = contract;
  return {
    name: nameOf(contract),
    summary: meaning,
    contentType: 'application/json',
    headers: { type: 'object', properties: { 'Andon-Schema': { const: String(version) } } },
    payload: relocated(schema, `#/components/messages/${nameOf(contract)}/payload`),
    'x-andon': { owner, version, since, ...(deprecated === undefined ? {} : { deprecated }) },
  };
}

/** The schema as a part of another document: its references begin where it stands. */
function relocated(schema: JsonSchema, at: string): JsonSchema {
  const text = JSON.stringify(schema).replaceAll('"$ref":"#/', `"$ref":"${at}/`);
  return JSON.parse(text) as JsonSchema;
}
