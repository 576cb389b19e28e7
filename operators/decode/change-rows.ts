import { type Flow, row } from '../flow/flow.ts';
import { nameOf, plantOf } from '../model/key.ts';
import type { ChangeValue } from '../model/knowledge.ts';

/** What a change writes down: one row per asset, per schedule entry, or the rules as they came into force. */
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
