import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nkeys } from '@nats-io/transport-node';
import type { Command } from 'commander';
import { evaluatorOf } from '../../operators/model/knowledge.ts';
import type { PlantModel } from '../../operators/model/plant-model.ts';
import { sha256Of } from '../audit/chain.ts';
import { configOf, type Departures } from '../base/config.ts';
import { EXIT, Problem, wrongInput } from '../base/problem.ts';
import { ROLES, type RoleName } from '../base/roles.ts';
import { type LeafUser, leafConfig } from '../nats/leaf-config.ts';
import { isLogRole, LOG_ACCOUNT, type LogUser } from '../nats/permissions.ts';
import { serverConfig } from '../nats/server-config.ts';
import { readPlantFile } from '../rules/rules.ts';
import { noteIfPossible } from './audited.ts';

type Options = Departures & {
  readonly model: string;
  readonly keys: string;
  readonly user: readonly string[];
  readonly operator: readonly string[];
  readonly tls: string | false;
  readonly leafnodes?: string;
  readonly edge: readonly string[];
  readonly domain: string;
  readonly leaf?: string;
  readonly centre?: string;
};

const ID = /^[a-z0-9]{1,32}$/;
const more = (value: string, values: readonly string[]) => [...values, value];

/** Adds `andon nats-config`: accounts, permissions and mapping for nats-server, and the keys of its users. */
export function registerNatsConfig(command: Command): void {
  command
    .requiredOption('--model <file>', 'plant.yaml: whose plants, lines and assets')
    .option('--keys <folder>', 'of the seeds, one file each; what is missing is made', 'nats-keys')
    .option(
      '--user <role=id@plant>',
      'one more engineer or person of a plant; may be repeated',
      more,
      [],
    )
    .option(
      '--operator <id>',
      'who may act by way of a gateway; may be repeated (operator)',
      more,
      [],
    )
    .option('--tls <folder>', 'of server-cert.pem, server-key.pem and ca.pem', 'tls')
    .option('--no-tls', 'everything in the clear')
    .option('--leafnodes <port>', 'lets leaf nodes in')
    .option('--edge <name>', 'lets the leaf node of this edge in; may be repeated', more, [])
    .option('--domain <name>', 'of JetStream at the centre, as edges ask for it', 'hub')
    .option('--leaf <name>', 'prints the part of this edge instead, which dials --centre')
    .option('--centre <host:port>', 'where the centre takes leaf nodes')
    .option('--partitions <count>', 'of the log (ANDON_PARTITIONS, else 1)')
    .option('--config <file>', 'configuration (YAML); the environment overlays it')
    .action(async (options: Options) => {
      const config = configOf(options);
      const { partitions } = config;
      if (options.leaf !== undefined) {
        const printed = leafOf(options, options.leaf);
        console.log(printed);
        const what = `the leaf node of ${options.leaf}`;
        await noteIfPossible(config, { act: 'nats-config', what, after: sha256Of(printed) });
        return;
      }
      const plants = (await readPlantFile(options.model)).map(({ model }) => model);
      const operators = options.operator.length === 0 ? ['operator'] : options.operator;
      for (const id of operators) checkId('--operator', id);
      const users = [...usersOf(plants), ...options.user.map((text) => namedUser(text, plants))];
      const keyed = users.map((user) => ({ ...user, key: publicKeyOf(options.keys, user.name) }));
      const { tls } = options;
      const leafPort = portOf(options.leafnodes);
      const { prefix } = config.nats;
      const extent = { partitions, operators, prefix };
      const { domain } = options;
      const edges = options.edge.map((edge) => leafUserOf(options.keys, edge, plants));
      if (edges.length > 0 && prefix !== undefined) {
        throw wrongInput('--edge', 'an installation without nats.prefix', prefix);
      }
      if (edges.length > 0 && leafPort === undefined) {
        throw wrongInput('--edge', '--leafnodes beside it, which lets them in', 'none');
      }
      const printed = serverConfig({ ...extent, users: keyed, tls, leafPort, edges, domain });
      console.log(printed);
      // The first one is printed before there is a server.
      const act = { act: 'nats-config', what: `${keyed.length} users`, after: sha256Of(printed) };
      await noteIfPossible(config, act);
    });
}

/** A gateway for each line, a scheduler and an engineer for each plant, and one of each other role but persons. */
function usersOf(plants: readonly PlantModel[]): readonly LogUser[] {
  const others = (Object.keys(ROLES) as RoleName[]).filter(
    (role) => isLogRole(role) && !['gateway', 'scheduler', 'engineer', 'person'].includes(role),
  );
  return [
    ...others.map((role) => ({
      ...{ name: role, role, account: accountOf(role) },
      // Whoever may not look up ids has one in its permission.
      ...(role === 'backup' ? { id: 'backup' } : {}),
    })),
    ...plants.flatMap((plant) => {
      const account = plantAccount(plant);
      return [
        { name: `scheduler.${plant.id}`, role: 'scheduler' as const, account, plant },
        {
          ...{ name: `engineer.${plant.id}`, role: 'engineer' as const, plant, id: 'engineer' },
          account: engineersAccount(plant),
        },
        ...plant.lines.map(({ id }) => ({
          ...{ name: `gateway.${plant.id}.${id}`, role: 'gateway' as const, account },
          ...{ plant, lines: [id] },
        })),
      ];
    }),
  ];
}

/** Whoever only reads has an account of its own: what one asks for can write nowhere in that of the log. */
function accountOf(role: RoleName): string {
  const isOwn = role === 'worker' || role === 'requests' || role === 'backup';
  return isOwn ? LOG_ACCOUNT : `${LOG_ACCOUNT}_${role.toUpperCase()}`;
}

function plantAccount({ id }: PlantModel): string {
  return `PLANT_${id}`;
}

/** Not that of the gateways: what these name as a reply subject exists in their own account alone. */
function engineersAccount({ id }: PlantModel): string {
  return `ENGINEERS_${id}`;
}

function namedUser(text: string, plants: readonly PlantModel[]): LogUser {
  const [, role, id = '', of] = /^(engineer|person)=([^@]*)@(.*)$/.exec(text) ?? [];
  const plant = plants.find((each) => each.id === of);
  if (role === undefined || plant === undefined) {
    const found =
      role === undefined ? text : `${text}, and plants ${plants.map((each) => each.id)}`;
    throw wrongInput(
      '--user',
      'engineer=ID@PLANT or person=ID@PLANT, with a plant of the model',
      found,
    );
  }
  checkId('--user', id);
  const account = role === 'engineer' ? engineersAccount(plant) : plantAccount(plant);
  return { name: `${role}.${plant.id}.${id}`, role: role as RoleName, account, plant, id };
}

function checkId(where: string, id: string): void {
  if (!ID.test(id)) throw wrongInput(where, 'an id of a to z and 0 to 9, at most 32', id);
}

const EDGE_NAME = /^[A-Za-z0-9_-]{1,32}$/;

/** Beside the machines: of the keys there is made that of the edge alone, and its password is the one of the centre. */
function leafOf({ keys, centre, tls }: Options, edge: string): string {
  const path = passwordOf('--leaf', keys, edge);
  if (!existsSync(path)) {
    throw new Problem({
      where: path,
      expected: 'the password by which the centre lets this edge in',
      found: 'no file of this name',
      remedy: `Bring it from the folder of keys where andon nats-config --edge ${edge} made it.`,
      exit: EXIT.input,
    });
  }
  const user = leafUserOf(keys, edge, []);
  const key = publicKeyOf(keys, `edge.${edge}`);
  return leafConfig({ ...user, centre: centreOf(centre), tls, key });
}

function passwordOf(option: string, folder: string, edge: string): string {
  if (!EDGE_NAME.test(edge)) {
    throw wrongInput(option, 'letters, digits, _ and -, at most 32', edge);
  }
  return join(folder, `edge.${edge}.password`);
}

/** The leaf node of an edge; makes its password when there is none yet. Only the owner may read the file. */
function leafUserOf(folder: string, edge: string, plants: readonly PlantModel[]): LeafUser {
  const path = passwordOf('--edge', folder, edge);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  try {
    writeFileSync(path, `${randomBytes(32).toString('base64url')}\n`, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (!isThere(error)) throw error;
  }
  const password = readFileSync(path, 'utf8').trim();
  const judges = plants.some(({ lines }) => lines.some((line) => evaluatorOf(line) === edge));
  if (/^[A-Za-z0-9_-]{20,}$/.test(password)) return { edge, password, judges };
  throw wrongInput(path, 'a password of at least 20 letters, digits, _ and -', 'something else');
}

function centreOf(text: string | undefined): string {
  if (text !== undefined && /^[^\s/@]+:\d+$/.test(text)) return text;
  throw wrongInput('--centre', 'host:port, where the centre takes leaf nodes', text ?? 'nothing');
}

function portOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw wrongInput('--leafnodes', 'a port', text);
}

/** The public key of a user; makes its seed when there is none yet. Only the owner may read the file. */
function publicKeyOf(folder: string, user: string): string {
  const path = join(folder, `${user}.nk`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  try {
    const seed = new TextDecoder().decode(nkeys.createUser().getSeed());
    writeFileSync(path, `${seed}\n`, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (!isThere(error)) throw error;
  }
  chmodSync(path, 0o600);
  try {
    const seed = readFileSync(path, 'utf8').trim();
    if (!seed.startsWith('SU')) throw new Error('something else');
    return nkeys.fromSeed(new TextEncoder().encode(seed)).getPublicKey();
  } catch (cause) {
    throw new Problem(
      {
        where: path,
        expected: 'the nkey seed of a user (SU…)',
        found: 'none that can be read',
        remedy: 'Restore the file, or remove it: a new key is made, and the server has to be told.',
        exit: EXIT.input,
      },
      { cause },
    );
  }
}

function isThere(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST';
}
