import { type Flow, row } from '../flow/flow.ts';
import { nameOf, plantOf } from '../model/key.ts';
import type { ChangeValue } from '../model/knowledge.ts';
import type { Message } from '../model/message.ts';
import { DEEPEST, isTooDeep } from '../model/plain.ts';
import { plantModelSchema } from '../model/plant-model.ts';
import { rulesSchema } from '../model/rules.ts';
import { scheduleMessageSchema } from '../model/schedule.ts';
import { mappingChangeSchema, plantOfMapping } from '../model/wire.ts';
import { firstIssue, malformed } from './payload.ts';
import type { ParsedSubject } from './subject.ts';

type ChangeSubject = Extract<ParsedSubject, { kind: 'model' | 'rules' | 'schedule' }>;

/**
 * Reads what changes the pipeline itself: plant model, rules, schedule. Headers: the change id of its publisher, and whether it migrates.
 *
 * @throws MalformedError: what was applied by `andon apply` was checked there, so this is somebody else's publisher
 */
export function decodeChange(
  payload: unknown,
  target: ChangeSubject,
  { 'Andon-Change': id = '', 'Andon-Migrate': migrate }: Message['headers'],
): ChangeValue {
  if (isTooDeep(payload)) throw malformed(`values nested at most ${DEEPEST} deep`, 'more');
  switch (target.kind) {
    case 'model': {
      const parsed = plantModelSchema.safeParse(payload);
      if (!parsed.success) throw malformed('a plant model', firstIssue(parsed.error));
      if (parsed.data.id !== target.plant)
        throw malformed(`the model of ${target.plant}`, parsed.data.id);
      return { kind: 'model', id, model: parsed.data };
    }
    case 'rules': {
      const parsed = rulesSchema.safeParse(payload);
      if (!parsed.success) throw malformed('rules', firstIssue(parsed.error));
      const change = { kind: 'rules', id, plant: target.plant, rules: parsed.data } as const;
      if (migrate === undefined) return change;
      if (migrate !== '1') throw malformed('Andon-Migrate: 1', migrate);
      return { ...change, migrate: true };
    }
    case 'schedule': {
      const parsed = scheduleMessageSchema.safeParse(payload);
      if (!parsed.success) throw malformed('a schedule {entries}', firstIssue(parsed.error));
      return { kind: 'schedule', line: target.line, entries: parsed.data.entries };
    }
  }
}

/** The rows in which a change lands: one per asset, per schedule entry, or the rules as they came into force. */
export function changeRows(change: ChangeValue): readonly Flow<never>[] {
  switch (change.kind) {
    case 'model': {
      const { model } = change;
      return model.lines.flatMap((line) =>
        line.assets.map((asset) =>
          row('assets', {
            plant: model.id,
            line: line.id,
            asset: asset.id,
            name: asset.name ?? asset.id,
            class: asset.class,
            criticality: asset.criticality,
            stop_cost: asset.stop_cost ?? null,
            components: asset.components,
            signals: Object.keys(asset.signals),
            points: asset.points.map(({ id }) => id),
          }),
        ),
      );
    }
    case 'rules': {
      const { plant, id, rules } = change;
      return [row('rules', { plant, change: id, rules: JSON.stringify(rules) })];
    }
    case 'schedule':
      return change.entries.map((entry) =>
        row('schedule', {
          plant: plantOf(change.line),
          line: nameOf(change.line),
          id: entry.id,
          kind: entry.kind,
          start: entry.start,
          end: entry.end,
          order: entry.order ?? '',
          segment: entry.segment ?? '',
          product: entry.product ?? '',
          due: entry.due ?? null,
          quantity: entry.quantity ?? null,
          assets: entry.assets ?? [],
          cancelled: entry.cancelled ?? false,
        }),
      );
  }
}

type MappingSubject = Extract<ParsedSubject, { kind: 'mapping' }>;

/**
 * The row of a change of a mapping. Who says it is what the subject attests, never what the message says.
 *
 * @throws MalformedError: `andon mapping` checks before it publishes, so this is somebody else's publisher
 */
export function mappingRow(payload: unknown, { plant, via, user }: MappingSubject): Flow<never> {
  if (isTooDeep(payload)) throw malformed(`values nested at most ${DEEPEST} deep`, 'more');
  const parsed = mappingChangeSchema.safeParse(payload);
  if (!parsed.success) throw malformed('a change of a mapping', firstIssue(parsed.error));
  const { change, verb, reason, mapping } = parsed.data;
  // The permission holds for engineers of their own plant alone.
  if (mapping !== undefined && (plantOfMapping(mapping) ?? plant) !== plant) {
    const of = mapping.entity === 'plant' ? plant : `${plant}/…`;
    throw malformed(`${mapping.entity} ${of}, since engineers of ${plant} say it`, mapping.id);
  }
  return row('mapping_changes', {
    ...{ plant, via, user, change, verb, reason },
    ...{ entity: mapping?.entity ?? '', id: mapping?.id ?? '', system: mapping?.system ?? '' },
    ...{ remote: mapping?.remote ?? '', owner: mapping?.owner ?? '' },
    ...{ valid_from: mapping?.from ?? '1970-01-01', valid_to: mapping?.to ?? null },
  });
}
