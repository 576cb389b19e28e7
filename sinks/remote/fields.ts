import type { Command } from '../../operators/model/command.ts';
import { locate } from '../../operators/model/key.ts';
import { printable } from '../../operators/model/plain.ts';
import type { Request } from '../../operators/model/request.ts';
import { toIso } from '../../operators/model/time.ts';
import type { TemplateFields } from './template.ts';

/** Names beside them in a call whose answer comes in pages. */
export const PAGE_NAMES = ['page', 'offset'] as const;

/** Every name that a template may begin with; `ids.<system>`, `slot.<part>`, `current.<part>`, `stop.<part>` go one deeper. */
export const FIELD_NAMES = [
  'id',
  'revision',
  'action',
  'remote',
  'asset',
  'plant',
  'line',
  'asset_id',
  'asset_name',
  'component',
  'failure_mode',
  'work',
  'severity',
  'priority',
  'title',
  'description',
  'parts',
  'duration',
  'slot',
  'current',
  'stop',
  'round',
  'since',
  'opened',
  'time',
  'trigger',
  'because',
  'incidents',
  'anomalies',
  'evidence',
  'evidence_text',
  'state',
  'order',
  'product',
  'ids',
] as const;

type FieldName = (typeof FIELD_NAMES)[number];

/**
 * What the templates of one revision see: the request, its asset's path in pieces, and its id over there. Texts of
 * machines and people are in it, so nothing that a screen would obey is.
 */
export function templateFieldsOf(request: Request, remote: string | null): TemplateFields {
  const { kind: _, ...rest } = request;
  const fields: Record<FieldName, unknown> = {
    ...rest,
    // Null and not absent, so that an update can clear a slot that is gone.
    slot: request.slot ?? { start: null, end: null, entry: null, kind: null },
    remote: remote ?? undefined,
    ...placeOf(request),
    evidence_text: request.evidence.map(({ time, text }) => `${toIso(time)} ${text}`).join('\n'),
  };
  return printableFields(fields);
}

/** The asset's path in pieces. */
function placeOf(about: Pick<Request, 'asset'>) {
  const { plant, line, asset: asset_id } = locate(about.asset);
  return { plant, line, asset_id };
}

/** Every name that a template of a command may begin with; `payload.<name>` and `values.<name>` go one deeper. */
export const COMMAND_FIELD_NAMES = [
  'key',
  'remote',
  'payload',
  'values',
  'id',
  'request',
  'asset',
  'plant',
  'line',
  'asset_id',
  'workflow',
  'step',
  'n',
  'system',
  'verb',
  'because',
  'priority',
  'time',
  'not_after',
  'undoes',
] as const;

/** Values that answers gave, by name. */
export type AnswerValues = Readonly<Record<string, string | number | boolean | null>>;

/** What the templates of a command see: the command, its object over there, and what calls before this one gave. */
export function commandFieldsOf(
  command: Command,
  remote: string | null,
  values: AnswerValues,
): TemplateFields {
  const { kind: _, ...rest } = command;
  const fields: Record<(typeof COMMAND_FIELD_NAMES)[number], unknown> = {
    ...rest,
    ...placeOf(command),
    remote: remote ?? undefined,
    values,
  };
  return printableFields(fields);
}

function printableFields(fields: Readonly<Record<string, unknown>>): TemplateFields {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, shown(value)]));
}

function shown(value: unknown): unknown {
  if (typeof value === 'string') return printable(value);
  if (Array.isArray(value)) return value.map(shown);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shown(inner)]));
}
