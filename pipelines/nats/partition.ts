/** In which partition a line lives, and the configuration of nats-server that says the same. */

import type { Outgoing } from './publisher.ts';
import { partitionPrefix } from './streams.ts';

/** One plant's model and rules on their way into the log: into every partition that holds one of its lines. */
export type PlantChange = {
  readonly plant: string;
  readonly lines: readonly string[];
  readonly messages: readonly Outgoing[];
};

/**
 * The partition of a line, as nats-server's mapping function `partition(n, …)` of plant and line has it: FNV-1a (32 bits) over the
 * tokens one after another, modulo n. A publisher that puts the prefix itself must come to the same answer.
 */
export function partitionOf(plant: string, line: string, partitions: number): number {
  if (partitions === 1) return 0;
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(plant + line)) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return hash % partitions;
}

/** Every partition that holds one of these lines, ascending. A plant without a line is kept in partition 0. */
export function partitionsOf(
  plant: string,
  lines: readonly string[],
  partitions: number,
): readonly number[] {
  const found = new Set(lines.map((line) => partitionOf(plant, line, partitions)));
  return found.size === 0 ? [0] : [...found].sort((a, b) => a - b);
}

/** Where a publisher that computes the partition sends a message about a line: `andon.<n>.<subject>`. */
export function partitionedSubject(subject: string, partitions: number): string {
  const [kind, ...tokens] = subject.split('.');
  const [plant = '', line = ''] = kind === 'status' ? tokens.slice(1) : tokens;
  return `${partitionPrefix(partitionOf(plant, line, partitions))}${subject}`;
}

/**
 * Kinds of messages that belong to a line: the number of tokens of their subjects behind the kind, which of them is the
 * plant (the line follows it), and what a plant's gateway may publish of them.
 */
const LINE_SUBJECTS = [
  { kind: 'telemetry', tokens: 3, plantAt: 1, ofGateway: (plant: string) => `${plant}.>` },
  { kind: 'waveform', tokens: 4, plantAt: 1, ofGateway: (plant: string) => `${plant}.>` },
  { kind: 'event', tokens: 3, plantAt: 1, ofGateway: (plant: string) => `${plant}.>` },
  { kind: 'schedule', tokens: 2, plantAt: 1, ofGateway: (plant: string) => `${plant}.>` },
  { kind: 'finding', tokens: 3, plantAt: 1, ofGateway: (plant: string) => `${plant}.>` },
  // What people did at the gateway; not what they did at a console.
  { kind: 'act', tokens: 5, plantAt: 1, ofGateway: (plant: string) => `${plant}.*.*.gateway.*` },
  { kind: 'status', tokens: 4, plantAt: 2, ofGateway: undefined },
] as const;

/**
 * What nats-server needs in its configuration: with several partitions the mapping that puts the prefix, and the
 * permissions of a plant's gateway and of a worker. Fixed tokens instead of `>`, which mappings of 2.9 do not take.
 */
export function natsConfig(partitions: number, plant: string): string {
  return [...mappings(partitions), '', ...permissions(partitions, plant)].join('\n');
}

function mappings(partitions: number): readonly string[] {
  if (partitions === 1) {
    return ['# One partition: the stream ANDON_0 takes the plain subjects, no mapping is needed.'];
  }
  const lines = LINE_SUBJECTS.map(({ kind, tokens, plantAt }) => {
    const positions = Array.from({ length: tokens }, (_, index) => index + 1);
    const from = [kind, ...positions.map(() => '*')].join('.');
    const to = [kind, ...positions.map((at) => `{{wildcard(${at})}}`)].join('.');
    return `  "${from}": "andon.{{partition(${partitions},${plantAt},${plantAt + 1})}}.${to}"`;
  });
  return [
    `# A line lives in one of ${partitions} partitions: the server puts andon.<n>. before what plants publish.`,
    'mappings = {',
    ...lines,
    '}',
  ];
}

function permissions(partitions: number, plant: string): readonly string[] {
  // The server checks a mapped message against the subject it was mapped to.
  const own = LINE_SUBJECTS.flatMap(({ kind, ofGateway }) => {
    if (ofGateway === undefined) return [];
    const subject = `${kind}.${ofGateway(plant)}`;
    return partitions === 1 ? [`"${subject}"`] : [`"${subject}"`, `"andon.*.${subject}"`];
  }).join(', ');
  return [
    `# A gateway of ${plant} publishes for its own plant, and hears the acknowledgements.`,
    'authorization {',
    '  users = [',
    `    { user: "${plant}-gateway", password: "CHANGE-ME", permissions {`,
    `        publish: [${own}]`,
    '        subscribe: ["_INBOX.>"] } }',
    '    # A worker reads and makes the streams, ticks, sends requests and publishes what became of them.',
    '    { user: "andon-worker", password: "CHANGE-ME", permissions {',
    '        publish: ["$JS.API.>", "$KV.>", "$O.>", "andon.>", "request.>", "event.>", "status.>", "model.>", "rules.>"]',
    '        subscribe: ["_INBOX.>"] } }',
    '  ]',
    '}',
  ];
}
