/**
 * An operations schedule as ISA-95 has it, into entries of the schedule of a line. Names and nesting are those of B2MML 7 (the
 * Business To Manufacturing Markup Language is used courtesy of MESA International), in XML or as JSON.
 */

import type { z } from 'zod';
import type { scheduleEntrySchema } from '../../operators/model/schedule.ts';
import { readInstant } from '../files/instant.ts';

export type RawEntry = z.input<typeof scheduleEntrySchema>;
/** Entries of one line, or what is wrong with what was read. */
export type LineEntries = {
  readonly plant: string;
  readonly line: string;
  readonly entries: readonly RawEntry[];
};

/** A value of JSON, or of XML: an identifier may have its text under `value`. */
type Node = unknown;

/** Throws an `Error` that says what was expected where. */
export function entriesOfB2mml(
  document: Node,
  given: { plant?: string; line?: string },
): readonly LineEntries[] {
  const schedules = schedulesIn(document);
  if (schedules.length === 0) {
    throw new Error('expected an OperationsSchedule, or a transaction with one in its DataArea');
  }
  return schedules.map((schedule) => {
    const scope = scopeOf(schedule);
    const [plant, line] = [scope.Site ?? given.plant, scope.ProductionLine ?? given.line];
    if (plant === undefined || line === undefined) {
      throw new Error(
        `OperationsSchedule ${textAt(schedule, 'ID')}: expected a HierarchyScope with Site and ProductionLine, or --plant and --line`,
      );
    }
    return {
      plant,
      line,
      entries: listAt(schedule, 'OperationsRequest').flatMap(entriesOfRequest),
    };
  });
}

/** The schedules of a transaction (`SyncOperationsSchedule` …), or the one that stands by itself. */
function schedulesIn(document: Node): readonly Node[] {
  const roots = Object.entries(objectOf(document));
  return roots.flatMap(([name, root]) => {
    if (name === 'OperationsSchedule') return listOf(root);
    return listAt(objectOf(root).DataArea, 'OperationsSchedule');
  });
}

/** Of the levels of equipment, the ids by level. Scopes stand in each other. */
function scopeOf(schedule: Node): { readonly [level: string]: string | undefined } {
  const found: Record<string, string | undefined> = {};
  let scope = objectOf(schedule).HierarchyScope;
  for (let depth = 0; scope !== undefined && depth < 8; depth += 1) {
    const level = textAt(scope, 'EquipmentLevel') ?? textAt(scope, 'EquipmentElementLevel') ?? '';
    if (level !== '') found[level] = textAt(scope, 'EquipmentID');
    scope = objectOf(scope).HierarchyScope;
  }
  return found;
}

function entriesOfRequest(request: Node): readonly RawEntry[] {
  const id = needed(request, 'ID', 'OperationsRequest');
  const type = textAt(request, 'OperationsType') ?? 'Production';
  // Of stock and of quality nothing stands on a line.
  if (type === 'Inventory' || type === 'Quality') return [];
  const cancelled = isCancelled(textAt(request, 'RequestState'));
  const segments = listAt(request, 'SegmentRequirement');
  const times = timesOf(request, segments, id);
  const made = segments.flatMap((one) => listAt(one, 'MaterialRequirement'));
  const product = made.find((one) => (textAt(one, 'MaterialUse') ?? '').startsWith('Produced'));
  const due = timesAt(segments, 'LatestEndTime', id).at(-1);
  const quantity = Number(textAt(listAt(product, 'Quantity')[0], 'QuantityString') ?? Number.NaN);
  const common = { ...times, ...(cancelled ? { cancelled } : {}) };
  if (type === 'Maintenance') return [{ id, kind: 'maintenance', ...common }];
  const named =
    textAt(product, 'MaterialDefinitionID') ?? textAt(request, 'OperationsDefinitionID');
  const order: RawEntry = {
    ...{ id, kind: 'order', ...common },
    ...(named === undefined || named === '' ? {} : { product: named }),
    ...(due === undefined ? {} : { due }),
    ...(Number.isFinite(quantity) ? { quantity } : {}),
  };
  return [order, ...segments.flatMap((one) => operationOf(one, id, cancelled))];
}

/** A segment that has a time of its own and machines is an operation; of a set-up segment it is a changeover. */
function operationOf(segment: Node, order: string, cancelled: boolean): readonly RawEntry[] {
  const id = needed(segment, 'ID', 'SegmentRequirement');
  const [start, end] = [textAt(segment, 'EarliestStartTime'), textAt(segment, 'LatestEndTime')];
  const assets = listAt(segment, 'EquipmentRequirement').flatMap((one) =>
    listAt(one, 'EquipmentID').flatMap((each) => textOf(each) ?? []),
  );
  if (start === undefined || end === undefined) return [];
  const name = textAt(segment, 'ProcessSegmentID') ?? id;
  const isSetUp = /set-?up|changeover/i.test(name);
  if (!isSetUp && assets.length === 0) return [];
  const gone = cancelled || isCancelled(textAt(segment, 'SegmentState'));
  return [
    {
      ...{ id: `${order}/${id}`, kind: isSetUp ? 'changeover' : 'operation', order, segment: name },
      ...{
        start: timeOf(start, `${id}: EarliestStartTime`),
        end: timeOf(end, `${id}: LatestEndTime`),
      },
      ...(assets.length === 0 ? {} : { assets }),
      ...(gone ? { cancelled: true } : {}),
    },
  ];
}

/** Of a request, or else from its first segment to its last. */
function timesOf(
  request: Node,
  segments: readonly Node[],
  id: string,
): { start: number; end: number } {
  const [start = timesAt(segments, 'EarliestStartTime', id)[0]] = timesAt(
    [request],
    'StartTime',
    id,
  );
  const [end = timesAt(segments, 'LatestEndTime', id).at(-1)] = timesAt([request], 'EndTime', id);
  if (start === undefined || end === undefined) {
    throw new Error(`OperationsRequest ${id}: expected StartTime and EndTime`);
  }
  return { start, end };
}

/** The times with this name that are there, the first one first. */
function timesAt(nodes: readonly Node[], name: string, id: string): readonly number[] {
  const texts = nodes.flatMap((one) => textAt(one, name) ?? []);
  return texts.map((text) => timeOf(text, `${id}: ${name}`)).toSorted((a, b) => a - b);
}

function isCancelled(state: string | undefined): boolean {
  return state === 'Cancelled' || state === 'Aborted';
}

function timeOf(text: string, where: string): number {
  const time = readInstant(text);
  if (Number.isFinite(time)) return time;
  throw new Error(`${where}: expected a time such as 2026-12-01T06:00:00Z, found ${text}`);
}

function needed(node: Node, name: string, what: string): string {
  const found = textAt(node, name);
  if (found !== undefined && found !== '') return found;
  throw new Error(`${what}: expected ${name}, found none`);
}

function objectOf(node: Node): Readonly<Record<string, Node>> {
  return typeof node === 'object' && node !== null && !Array.isArray(node)
    ? (node as Readonly<Record<string, Node>>)
    : {};
}

function listOf(node: Node): readonly Node[] {
  if (node === undefined || node === null) return [];
  return Array.isArray(node) ? node : [node];
}

function listAt(node: Node, name: string): readonly Node[] {
  return listOf(objectOf(node)[name]);
}

function textAt(node: Node, name: string): string | undefined {
  return textOf(objectOf(node)[name]);
}

function textOf(node: Node): string | undefined {
  if (typeof node === 'string') return node;
  if (typeof node === 'number') return String(node);
  const { value } = objectOf(node);
  return value === undefined ? undefined : textOf(value);
}
