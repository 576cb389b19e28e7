/** Kinds of messages that belong to a line, with the number of tokens of their subjects behind the kind. */
const LINE_SUBJECTS = [
  ['telemetry', 3],
  ['waveform', 4],
  ['event', 3],
  ['schedule', 2],
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
  const lines = LINE_SUBJECTS.map(([kind, tokens]) => {
    const positions = Array.from({ length: tokens }, (_, index) => index + 1);
    const from = [kind, ...positions.map(() => '*')].join('.');
    const to = [kind, ...positions.map((at) => `{{wildcard(${at})}}`)].join('.');
    return `  "${from}": "andon.{{partition(${partitions},1,2)}}.${to}"`;
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
  const own = LINE_SUBJECTS.flatMap(([kind]) => [
    `"${kind}.${plant}.>"`,
    ...(partitions === 1 ? [] : [`"andon.*.${kind}.${plant}.>"`]),
  ]).join(', ');
  return [
    `# A gateway of ${plant} publishes for its own plant, and hears the acknowledgements.`,
    'authorization {',
    '  users = [',
    `    { user: "${plant}-gateway", password: "CHANGE-ME", permissions {`,
    `        publish: [${own}]`,
    '        subscribe: ["_INBOX.>"] } }',
    '    # A worker reads and makes the streams, ticks, sends requests and publishes what became of them.',
    '    { user: "andon-worker", password: "CHANGE-ME", permissions {',
    '        publish: ["$JS.API.>", "$KV.>", "$O.>", "andon.>", "request.>", "event.>", "model.>", "rules.>"]',
    '        subscribe: ["_INBOX.>"] } }',
    '  ]',
    '}',
  ];
}
