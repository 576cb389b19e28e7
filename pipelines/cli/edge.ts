import { type Command, Option } from 'commander';
import { endOnSignal } from '../base/child.ts';
import { type Config, configOf, type Departures } from '../base/config.ts';
import { inColumns } from '../base/in-columns.ts';
import { EXIT, Problem, wrongInput } from '../base/problem.ts';
import type { EdgeStatus } from '../edge/edge.ts';
import { type EdgeSource, isOfKind, readEdgeConfig, sourceKind } from '../edge/edge-config.ts';
import type { JoinOptions } from '../edge/join.ts';
import type { LookedTag } from '../edge/modbus/modbus-browse.ts';
import { BYTE_ORDERS, MODBUS_TABLES, modbusTags } from '../edge/modbus/modbus-config.ts';
import type { RegisterListOptions } from '../edge/modbus/modbus-list.ts';
import { planBlocks } from '../edge/modbus/modbus-values.ts';
import type { SparkplugStatus } from '../edge/sparkplug/source.ts';
import { parseTopic } from '../edge/topic.ts';
import { createInternalEvents } from '../observe/observe.ts';
import { withAuditor } from './audited.ts';
import { withNats } from './with-nats.ts';

type EdgeFile = { readonly config: string };

const NAME = /^[A-Za-z0-9_-]{1,32}$/;
const PATIENCE = 5_000;

/** Adds `andon edge`: the process beside the machines, and what the centre does for it. */
export function registerEdge(command: Command): void {
  command.addHelpText('after', '\nWithout a command: start. Its options: andon edge start --help');
  const beside = (named: Command) =>
    named.requiredOption('--config <file>', 'edge.yaml: sources, assets, signals');
  const centre = (named: Command) =>
    named
      .option('--partitions <count>', 'of the log (ANDON_PARTITIONS, else 1)')
      .option('--nats <url>', 'of the centre, instead of NATS_URL')
      .option('--config <file>', 'configuration (YAML); the environment overlays it');
  beside(command.command('start', { isDefault: true }))
    .description('bring what machines say, until a signal ends it')
    .action(start);
  registerBeside((name) => beside(command.command(name)));
  beside(command.command('browse <source>'))
    .description('variables of a server of OPC UA, or values of a Modbus device, over a connection')
    .option('--path <path>', 'OPC UA: only what fits it: Press line/{machine}/{tag...}')
    .option('--most <count>', 'variables or tags at most', '10000')
    .option('--json', 'as JSON')
    .action(browse);
  command
    .command('registers <list>')
    .description('groups of tags of a Modbus device, from a list of its maker (CSV)')
    .option('--machine <name>', 'of rows that name none')
    .addOption(new Option('--table <table>', 'of all rows').choices(MODBUS_TABLES))
    .action(async (list: string, options: RegisterListOptions) => {
      const { groupsOfList } = await import('../edge/modbus/modbus-list.ts');
      console.log(groupsOfList(list, options).trimEnd());
    });
  beside(command.command('status'))
    .description('a running edge: sources, what goes up, what is held')
    .option('--json', 'as JSON')
    .action(async ({ config, json }: EdgeFile & { readonly json?: boolean }) => {
      const status = await ask(config);
      console.log(json === true ? JSON.stringify(status) : describeEdge(status));
    });
  beside(command.command('births'))
    .description('a running edge: the metrics that nodes of Sparkplug were born with')
    .option('--json', 'as JSON')
    .action(async ({ config, json }: EdgeFile & { readonly json?: boolean }) => {
      const { sources } = await ask(config);
      const born = Object.entries(sources).flatMap(([name, { details }]) =>
        details === undefined || !('born' in details)
          ? []
          : [[name, details as SparkplugStatus] as const],
      );
      console.log(json === true ? JSON.stringify(Object.fromEntries(born)) : describeBirths(born));
    });
  centre(command.command('join <edge>'))
    .description('at the centre: its streams source this edge')
    .action((edge: string, options: Departures) => edit(edge, options, 'join'));
  centre(command.command('leave <edge>'))
    .description('at the centre: this edge is sourced no more; what came of it stays')
    .action((edge: string, options: Departures) => edit(edge, options, 'leave'));
  centre(command.command('list'))
    .description('at the centre: the edges that it sources')
    .action(list);
}

function registerBeside(beside: (named: string) => Command): void {
  beside('judge')
    .description('judge the lines whose model says judged_at: this edge, until a signal ends it')
    .action(judge);
  beside('check')
    .description('check edge.yaml and say what it brings')
    .action(({ config }: EdgeFile) => check(config));
}

async function start({ config: file }: EdgeFile): Promise<void> {
  const config = readEdgeConfig(file);
  const events = createInternalEvents({ level: config.log.level, labels: { edge: config.edge } });
  const over = endOnSignal();
  const { runEdge } = await import('../edge/edge.ts');
  await runEdge({ config, events, signal: over }).catch((error: unknown) => {
    // A signal came while the leaf node was still waited for.
    if (!over.aborted || error !== over.reason) throw error;
  });
}

async function judge({ config: file }: EdgeFile): Promise<void> {
  // What the worker writes is for this user alone.
  process.umask(0o077);
  const { judge: wanted, ...config } = readEdgeConfig(file);
  if (wanted === undefined) {
    throw wrongInput('judge', `the field judge in ${file} (judge: {} is enough)`, 'none');
  }
  const events = createInternalEvents({ level: config.log.level, labels: { edge: config.edge } });
  const drain = endOnSignal((reason) => events.record({ kind: 'draining', reason }));
  const { runEdgeWorker } = await import('../worker/edge-worker.ts');
  await runEdgeWorker({ config: { ...config, judge: wanted }, events, drain }).catch(
    (error: unknown) => {
      // Told to go before it had begun.
      if (!drain.aborted || error !== drain.reason) throw error;
    },
  );
}

function check(file: string): void {
  const { edge, sources, assets, signals, centre } = readEdgeConfig(file);
  const rows = sources.flatMap((source) =>
    readsOf(source).map((read) => [source.name, sourceKind(source), ...read]),
  );
  console.log(inColumns([['SOURCE', 'KIND', 'ADDRESS', 'READS', 'AS'], ...rows]));
  console.log(
    `edge ${edge} to ${centre.domain} (${centre.partitions} partitions): ` +
      `${Object.keys(assets).length} assets, ${Object.keys(signals).length} signals in the table.`,
  );
}

/** Where a source reads, what, and as what. */
function readsOf(source: EdgeSource): readonly (readonly string[])[] {
  if (isOfKind(source, 'opcua')) {
    const { endpoint, nodes, policy, mode } = source.opcua;
    return nodes.map(({ node, path }) => [endpoint, node ?? path ?? '', `${policy}, ${mode}`]);
  }
  if (isOfKind(source, 'sparkplug')) {
    const { url, host, groups = ['all groups'] } = source.sparkplug;
    return groups.map((group) => [url, group, `host application ${host}`]);
  }
  if (isOfKind(source, 'http')) {
    const { host, port, tokens } = source.http;
    return tokens.map(({ name, machines }) => [
      ...[`${host}:${port}`, machines.join(', '), `token ${name}`],
    ]);
  }
  if (isOfKind(source, 'modbus')) {
    const { host, port, groups } = source.modbus;
    return groups.map((group, at) => {
      const tags = modbusTags(source.modbus)[at] ?? [];
      const reads = planBlocks(tags, { ...source.modbus, gap: group.gap }).length;
      const what = `${tags.length} tags in ${reads} ${reads === 1 ? 'read' : 'reads'}`;
      return [`${host}:${port}`, what, `every ${group.every / 1_000} ms`];
    });
  }
  const { mqtt } = source;
  return mqtt.topics.map(({ topic, format, qos }) => [mqtt.url, topic, `${format}, QoS ${qos}`]);
}

type BrowseWords = EdgeFile & {
  readonly path?: string;
  readonly most: string;
  readonly json?: boolean;
};

async function browse(name: string, { config: file, path, most, json }: BrowseWords) {
  const config = readEdgeConfig(file);
  const source = config.sources.find((each) => each.name === name);
  if (source?.kind !== 'opcua' && source?.kind !== 'modbus') {
    throw wrongInput('source', 'the name of a source of kind opcua or modbus', name);
  }
  if (!/^[1-9]\d{0,6}$/.test(most)) throw wrongInput('--most', 'a number up to 9999999', most);
  if (path !== undefined && parseTopic(path) === undefined) {
    throw wrongInput('--path', 'browse names with /, {name} and at the end {name...}', path);
  }
  if (source.kind === 'modbus') {
    const { lookAtDevice } = await import('../edge/modbus/modbus-browse.ts');
    const looked = await lookAtDevice(source.modbus, name, Number(most));
    console.log(
      json === true ? JSON.stringify(looked) : describeLooked(looked, source.modbus.first),
    );
    return;
  }
  const { browseServer } = await import('../edge/opcua/opcua-browse.ts');
  const { variables, more } = await browseServer({
    ...{ config: source.opcua, name, path, most: Number(most) },
    application: `andon:edge:${config.edge}`,
    onProgress: (seen) => console.error(`${seen} nodes seen`),
  });
  if (json === true) {
    console.log(JSON.stringify(variables));
  } else {
    const rows = variables.map((each) => [
      ...[each.path, each.type, each.unit || '-', each.access, each.nodeId],
    ]);
    console.log(inColumns([['PATH', 'TYPE', 'UNIT', 'ACCESS', 'NODE'], ...rows]));
  }
  if (more) console.error(`There are more than ${most}: give --path, or a greater --most.`);
}

/** For people: off by one, and the orders of bytes side by side. */
function describeLooked(looked: readonly LookedTag[], first: number): string {
  const rows = looked.map(({ tag: { machine, tag, unitId, table, address, type }, ...values }) => [
    ...[machine, tag, `${unitId}`, table, `${address + first}`, type, values.value],
    ...[values.before, values.behind, ...values.orders],
  ]);
  const headings = ['MACHINE', 'TAG', 'UNIT', 'TABLE', 'ADDRESS', 'TYPE', 'VALUE'];
  return inColumns([[...headings, 'ADDRESS-1', 'ADDRESS+1', ...BYTE_ORDERS], ...rows]);
}

async function ask(file: string): Promise<EdgeStatus> {
  const { host, port } = readEdgeConfig(file).http;
  const url = `http://${host}:${port}/status`;
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(PATIENCE) });
    const said = (await answer.json()) as EdgeStatus | { readonly waiting: string };
    if (!('waiting' in said)) return said;
    throw new Error(`that it waits: ${said.waiting}`);
  } catch (cause) {
    const found = cause instanceof Error ? cause.message : String(cause);
    const remedy = 'Start it (andon edge), or correct http in the file.';
    throw new Problem(
      { where: url, expected: 'the answer of an edge', found, remedy, exit: EXIT.outside },
      { cause },
    );
  }
}

/** For people. */
export function describeEdge(status: EdgeStatus): string {
  const { edge, centre, memory, held, unknown, judge, sources } = status;
  const since = held.since === undefined ? '' : `, since ${new Date(held.since).toISOString()}`;
  const facts = [
    ['edge', edge],
    ['centre', centre.away ? `away: ${centre.reason}` : `there, ${centre.lag} messages behind`],
    ['stored', `${memory.messages} messages, ${memory.bytes} bytes since the start`],
    ['held', `${held.messages} messages, ${held.bytes} bytes${since}`],
    ['moved', `${held.moved} of the held ones since the start`],
    ['unknown', describeKept(unknown)],
    ['lost', `${held.lost} of the oldest held ones: the memory was full`],
    ...(judge === undefined ? [] : [['judge', describeFollowed(judge)]]),
  ];
  const rows = Object.entries(sources).map(([name, one]) => [
    ...[name, String(one.in_messages), String(one.in_bytes), String(one.up_messages)],
    ...[String(one.up_bytes), one.ratio === null ? '-' : String(one.ratio)],
    Object.entries(one.refused)
      .map(([reason, count]) => `${reason} ${count}`)
      .join(', ') || '-',
  ]);
  const headings = ['SOURCE', 'IN', 'BYTES', 'UP', 'BYTES', 'RATIO', 'NOT UP'];
  return [inColumns(facts), '', inColumns([headings, ...rows], new Set([1, 2, 3, 4, 5]))].join(
    '\n',
  );
}

function describeFollowed({ messages, last }: NonNullable<EdgeStatus['judge']>): string {
  const of = last === undefined ? '' : `, the last one of ${new Date(last).toISOString()}`;
  return `${messages} messages of the centre's log came down since the start${of}`;
}

function describeKept({ messages, bytes, machines, given }: EdgeStatus['unknown']): string {
  const names = Object.entries(machines).map(([machine, count]) => `${machine} (${count})`);
  const of = names.length === 0 ? '' : ` of ${names.join(', ')}`;
  return `${messages} messages${of}, ${bytes} bytes kept; ${given} given back since the start`;
}

/** For people. */
function describeBirths(born: readonly (readonly [string, SparkplugStatus])[]): string {
  const rows = born.flatMap(([name, { born: metrics }]) =>
    metrics.map(({ machine, online, name: metric, type, unit = '-', low, high }) => [
      ...[name, machine, online ? 'online' : 'offline', metric, type, unit],
      low === undefined && high === undefined ? '-' : `${low ?? ''} to ${high ?? ''}`,
    ]),
  );
  const headings = ['SOURCE', 'MACHINE', 'STATE', 'METRIC', 'TYPE', 'UNIT', 'RANGE'];
  const counts = born.map(([name, { born: metrics, metrics: all, nodes }]) => {
    return `${name}: ${Object.keys(nodes).length} nodes, ${metrics.length} of ${all} metrics.`;
  });
  return [inColumns([headings, ...rows]), ...counts].join('\n');
}

async function edit(edge: string, options: Departures, verb: 'join' | 'leave'): Promise<void> {
  if (!NAME.test(edge)) {
    throw wrongInput('edge', 'letters, digits, _ and -, at most 32', edge);
  }
  const config = centreOf(options);
  const { joinEdge, leaveEdge } = await import('../edge/join.ts');
  const work = verb === 'join' ? joinEdge : leaveEdge;
  const act = { act: `edge-${verb}`, what: edge };
  const changed = await withAuditor(config, `andon edge ${verb}`, (auditor, connection) => {
    const asked: JoinOptions = { connection, edge, partitions: config.partitions };
    return auditor.around([act], () => work(asked));
  });
  const is = verb === 'join' ? 'is sourced' : 'is sourced no more';
  console.log(changed ? `Edge ${edge} ${is}.` : `Nothing to do: edge ${edge} ${is} already.`);
}

/** The configuration of the centre. With a prefix, the logs without one are those of another installation. */
function centreOf(options: Departures): Config {
  const config = configOf(options);
  const { prefix } = config.nats;
  if (prefix === undefined) return config;
  throw wrongInput('nats.prefix', 'none: edges are sourced by an installation without', prefix);
}

async function list(options: Departures): Promise<void> {
  const config = centreOf(options);
  const { joinedEdges } = await import('../edge/join.ts');
  const { partitions } = config;
  const edges = await withNats(config, 'andon edge list', (connection) =>
    joinedEdges({ connection, partitions }),
  );
  const rows = edges.map(({ edge, stream, lag }) => [edge, stream, String(lag)]);
  console.log(inColumns([['EDGE', 'STREAM', 'LAG'], ...rows], new Set([2])));
}
