import { lineOf, nameOf, plantOf } from '../../operators/model/key.ts';
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
    plant: plantOf(request.asset),
    line: nameOf(lineOf(request.asset)),
    asset_id: nameOf(request.asset),
    evidence_text: request.evidence.map(({ time, text }) => `${toIso(time)} ${text}`).join('\n'),
  };
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, shown(value)]));
}

function shown(value: unknown): unknown {
  if (typeof value === 'string') return printable(value);
  if (Array.isArray(value)) return value.map(shown);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shown(inner)]));
}
