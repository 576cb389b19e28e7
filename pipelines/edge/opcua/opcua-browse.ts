/** What a server has: its variables with type, unit and access, for people who write `nodes`. */

import type { DataValue } from 'node-opcua-client';
import { within } from '../../base/within.ts';
import { parseTopic } from '../topic.ts';
import {
  loadOpcua,
  openOpcuaSession,
  type ServerSession,
  type SessionOptions,
  VALUE_ATTRIBUTE,
} from './opcua-client.ts';
import { type BrowsedNode, browseNodes } from './opcua-nodes.ts';

export type BrowsedVariable = {
  readonly path: string;
  readonly nodeId: string;
  readonly type: string;
  /** As the server says it; empty where it says none. */
  readonly unit: string;
  /** The range of normal operation (`EURange`), where the server says one. */
  readonly low?: number;
  readonly high?: number;
  readonly access: string;
};

export type BrowseOptions = SessionOptions & {
  /** Only what fits this path; without it everything below Objects but the server itself. */
  readonly path?: string | undefined;
  /** Variables at most. */
  readonly most: number;
  /** Told of how many nodes were seen. */
  readonly onProgress: (seen: number) => void;
};

export type Browsed = {
  readonly variables: readonly BrowsedVariable[];
  /** There are more than were asked for. */
  readonly more: boolean;
};

/** Attributes by their numbers (part 6, A.1). */
const DATA_TYPE = 14;
const VALUE_RANK = 15;
const USER_ACCESS_LEVEL = 18;
export const DESCRIBED_AT_ONCE = 100;
const EACH = 1_000;

/** Over a connection of its own, which ends with it. */
export async function browseServer(options: BrowseOptions): Promise<Browsed> {
  const { path, most, onProgress } = options;
  const opened = await openOpcuaSession(options);
  try {
    const pattern = path === undefined ? undefined : parseTopic(path);
    const found: BrowsedNode[] = [];
    let [seen, isCut] = [0, false];
    const onCut = () => {
      isCut = true;
    };
    for await (const node of browseNodes(opened.session, pattern, onCut)) {
      seen += 1;
      if (seen % EACH === 0) onProgress(seen);
      if (node.isVariable) found.push(node);
      if (found.length > most) break;
    }
    const variables: BrowsedVariable[] = [];
    const patience = options.config.answer / 1_000;
    for (let at = 0; at < Math.min(found.length, most); at += DESCRIBED_AT_ONCE) {
      const some = found.slice(at, Math.min(at + DESCRIBED_AT_ONCE, most));
      variables.push(...(await within(patience, describeNodes(opened.session, some))));
    }
    return { variables, more: isCut || found.length > most };
  } finally {
    await opened.close({ keepsSession: false });
  }
}

/** Types, units and access of so many nodes as a server answers for at once. */
export async function describeNodes(
  session: ServerSession,
  nodes: readonly Pick<BrowsedNode, 'nodeId' | 'path'>[],
): Promise<readonly BrowsedVariable[]> {
  const attributes = [DATA_TYPE, VALUE_RANK, USER_ACCESS_LEVEL];
  const read = nodes.flatMap(({ nodeId }) =>
    attributes.map((attributeId) => ({ nodeId, attributeId })),
  );
  const values = await session.read(read);
  const units = await propertiesOf(session, nodes, 'EngineeringUnits');
  const ranges = await propertiesOf(session, nodes, 'EURange');
  return nodes.map(({ nodeId, path }, at) => {
    const [type, rank, access] = values.slice(at * attributes.length) as [
      DataValue,
      DataValue,
      DataValue,
    ];
    const list = Number(rank.value?.value) >= 0 ? '[]' : '';
    return {
      ...{ path, nodeId, ...rangeIn(ranges[at]) },
      unit: (units[at] as { displayName?: { text?: string } } | undefined)?.displayName?.text ?? '',
      type: `${typeName(type)}${list}`,
      access: accessName(Number(access.value?.value ?? 0)),
    };
  });
}

/** Built-in types by name, all others by the id of their type. */
function typeName({ value }: DataValue): string {
  const id: unknown = value?.value;
  const text = String(id ?? '');
  const [, number] = /^ns=0;i=(\d+)$/.exec(text) ?? [];
  const { DataType } = loadOpcua();
  return (number === undefined ? undefined : DataType[Number(number)]) ?? text;
}

/** Bits of part 3, 8.57. */
function accessName(level: number): string {
  const names = [
    ...((level & 1) === 0 ? [] : ['read']),
    ...((level & 2) === 0 ? [] : ['write']),
    ...((level & 4) === 0 ? [] : ['history']),
  ];
  return names.join(', ') || 'none';
}

/** Numbers alone: a server may leave one of them out. */
function rangeIn(value: unknown): Pick<BrowsedVariable, 'low' | 'high'> {
  const { low, high } = (value ?? {}) as Readonly<Record<string, unknown>>;
  return typeof low === 'number' && typeof high === 'number' && low < high ? { low, high } : {};
}

/** What a property of each node says, of those that have it. */
async function propertiesOf(
  session: ServerSession,
  nodes: readonly Pick<BrowsedNode, 'nodeId'>[],
  name: string,
): Promise<readonly unknown[]> {
  const { makeBrowsePath } = loadOpcua();
  const found = await session.translateBrowsePath(
    nodes.map(({ nodeId }) => makeBrowsePath(nodeId, `.${name}`)),
  );
  const targets = found.map(({ targets }) => targets?.[0]?.targetId);
  const known = targets.flatMap((nodeId) => (nodeId == null ? [] : [nodeId]));
  if (known.length === 0) return [];
  const values = await session.read(
    known.map((nodeId) => ({ nodeId, attributeId: VALUE_ATTRIBUTE })),
  );
  let next = 0;
  return targets.map((target) => (target == null ? undefined : values[next++]?.value?.value));
}
