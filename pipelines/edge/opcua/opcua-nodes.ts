/** Nodes of a server by id or by browse path, found anew in each session: indexes of namespaces change between two. */

import type { ClientSession, ReferenceDescription } from 'node-opcua-client';
import { fillTemplate } from '../tag-reading.ts';
import { matchTopic, parseTopic, type TopicPattern } from '../topic.ts';
import { loadOpcua } from './opcua-client.ts';
import type { OpcuaNode } from './opcua-config.ts';

/** A node of the configuration as this session has it. */
export type WantedNode = {
  readonly nodeId: string;
  /** What its readings are of: `machine` and `tag`. */
  readonly labels: Readonly<Record<'machine' | 'tag', string>>;
  readonly entry: OpcuaNode;
};

export type ResolvedNodes = {
  readonly wanted: readonly WantedNode[];
  /** Why entries of the configuration lead to no node, one sentence each. */
  readonly missing: readonly string[];
};

/** A node below the folder Objects. */
export type BrowsedNode = {
  readonly nodeId: string;
  /** Browse names from below Objects, with / between them. */
  readonly path: string;
  readonly name: string;
  readonly isVariable: boolean;
};

/** Nodes that one source may watch. */
const MOST_WANTED = 20_000;
/** Nodes that are looked at for one path. */
const MOST_BROWSED = 500_000;
/** Nodes that are asked for at once. */
const AT_ONCE = 100;

const OBJECTS = 'i=85';
/** Diagnostics of the server itself: a wildcard does not mean them. */
const SERVER = 'i=2253';
const HIERARCHICAL = 'i=33';
const HAS_PROPERTY = 'i=46';
const OBJECTS_AND_VARIABLES = 1 | 2;
const VARIABLE = 2;
const ALL_FIELDS = 63;

/** What the entries mean in this session. Rejects when the session does not answer. */
export async function resolveNodes(
  session: ClientSession,
  entries: readonly OpcuaNode[],
): Promise<ResolvedNodes> {
  const namespaces = await session.readNamespaceArray();
  const wanted = new Map<string, WantedNode>();
  const missing: string[] = [];
  for (const entry of entries) {
    const { node, path } = entry;
    const found =
      node !== undefined
        ? nodeOfId(node, entry, namespaces)
        : await nodesOfPath(session, path ?? '', entry, () =>
            missing.push(
              `${path}: not looked at beyond ${MOST_BROWSED} nodes; name it more closely`,
            ),
          );
    if (typeof found === 'string') missing.push(found);
    // The first entry that names a node decides: patterns follow what is written out.
    else for (const each of found) if (!wanted.has(each.nodeId)) wanted.set(each.nodeId, each);
  }
  const all = [...wanted.values()];
  if (all.length > MOST_WANTED) {
    missing.push(`${all.length} nodes are named, and a source takes ${MOST_WANTED}`);
  }
  return { wanted: all.slice(0, MOST_WANTED), missing };
}

function nodeOfId(
  node: string,
  entry: OpcuaNode,
  namespaces: readonly string[],
): readonly WantedNode[] | string {
  const [, uri, rest] = /^nsu=([^;]+);(.+)$/s.exec(node) ?? [];
  const index = uri === undefined ? -1 : namespaces.indexOf(uri);
  if (uri !== undefined && index < 0) return `${node}: the server has no namespace ${uri}`;
  const nodeId = uri === undefined ? node : `ns=${index};${rest}`;
  const name = node.replace(/^(?:nsu?=[^;]+;)?[isgb]=/s, '');
  const labels = labelsOf(entry, { node, name });
  return labels === undefined
    ? `${node}: machine or tag has no value`
    : [{ nodeId, labels, entry }];
}

async function nodesOfPath(
  session: ClientSession,
  path: string,
  entry: OpcuaNode,
  onCut: () => void,
): Promise<readonly WantedNode[] | string> {
  const pattern = parseTopic(path);
  if (pattern === undefined) return `${path}: no path`;
  const found: WantedNode[] = [];
  for await (const each of browseNodes(session, pattern, onCut)) {
    const captures = each.isVariable ? matchTopic(pattern, each.path) : undefined;
    if (captures === undefined) continue;
    const { nodeId, name } = each;
    const labels = labelsOf(entry, { ...captures, name, node: nodeId, path: each.path });
    if (labels !== undefined) found.push({ nodeId, labels, entry });
  }
  return found.length === 0 ? `${path}: the server has no variable there` : found;
}

function labelsOf({ machine, tag, path }: OpcuaNode, names: Readonly<Record<string, string>>) {
  const usual = path !== undefined && Object.hasOwn(names, 'tag') ? '{tag}' : '{name}';
  const filled = {
    machine: fillTemplate(machine, names),
    tag: fillTemplate(tag ?? usual, names),
  };
  return filled.machine === undefined || filled.tag === undefined
    ? undefined
    : { machine: filled.machine, tag: filled.tag };
}

/**
 * Objects and variables below Objects, level by level; only those that a pattern may fit, where there is one. `onCut` is
 * told where the server has more than are looked at.
 */
export async function* browseNodes(
  session: ClientSession,
  pattern: TopicPattern | undefined,
  onCut: () => void,
): AsyncGenerator<BrowsedNode> {
  const seen = new Set<string>();
  let level: readonly BrowsedNode[] = [{ nodeId: OBJECTS, path: '', name: '', isVariable: false }];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (pattern !== undefined && !pattern.open && depth >= pattern.levels.length) return;
    const next: BrowsedNode[] = [];
    for (let at = 0; at < level.length; at += AT_ONCE) {
      for (const child of await childrenOf(session, level.slice(at, at + AT_ONCE))) {
        if (seen.has(child.nodeId) || !mayFit(child, depth, pattern)) continue;
        seen.add(child.nodeId);
        yield child;
        next.push(child);
        if (seen.size >= MOST_BROWSED) {
          onCut();
          return;
        }
      }
    }
    level = next;
  }
}

function mayFit({ name, nodeId }: BrowsedNode, depth: number, pattern: TopicPattern | undefined) {
  const level = pattern?.levels[depth];
  if (level !== undefined) return level === name;
  return nodeId !== SERVER;
}

async function childrenOf(
  session: ClientSession,
  parents: readonly BrowsedNode[],
): Promise<readonly BrowsedNode[]> {
  const { browseAll2, BrowseDirection } = loadOpcua();
  const results = await browseAll2(
    session,
    parents.map(({ nodeId }) => ({
      ...{ nodeId, referenceTypeId: HIERARCHICAL, includeSubtypes: true },
      ...{ browseDirection: BrowseDirection.Forward, nodeClassMask: OBJECTS_AND_VARIABLES },
      resultMask: ALL_FIELDS,
    })),
  );
  return results.flatMap(({ references }, at) =>
    (references ?? []).flatMap((reference) => childOf(reference, parents[at]?.path ?? '')),
  );
}

function childOf(reference: ReferenceDescription, above: string): readonly BrowsedNode[] {
  // Units and ranges stand beside a value, and are none.
  if (reference.referenceTypeId.toString() === `ns=0;${HAS_PROPERTY}`) return [];
  const nodeId = reference.nodeId.toString().replace(/^ns=0;/, '');
  const name = reference.browseName.name ?? '';
  // As in a JSON pointer: a slash that is part of a name.
  const step = name.replaceAll('~', '~0').replaceAll('/', '~1');
  const path = above === '' ? step : `${above}/${step}`;
  return [{ nodeId, path, name: step, isVariable: Number(reference.nodeClass) === VARIABLE }];
}
