/** Work orders that a maintenance system made itself, in our words. */

import { orderId, type WorkOrderData } from '../../operators/model/machine-event.ts';
import { printable } from '../../operators/model/plain.ts';
import type { ChangedObject } from './changes.ts';
import { timeAt } from './changes.ts';
import type { OrdersConfig, StatusConfig } from './config.ts';
import { textAt, valueAt } from './http.ts';
import { statusIn } from './status.ts';

/** An order and its asset; or why nothing can be said of it: its asset has no name of ours, or its status has none. */
export type ReadOrder =
  | { readonly kind: 'order'; readonly asset: string; readonly data: WorkOrderData }
  | { readonly kind: 'unplaced'; readonly id: string; readonly asset: string }
  | { readonly kind: 'unmapped'; readonly id: string; readonly word: string };

export interface OrderReader {
  /** Milliseconds between two looks, and how far back the first one goes. */
  readonly every: number;
  readonly lookback: number;
  read(object: ChangedObject): ReadOrder;
}

/** `name`: of the system, which is a part of what its orders are called. */
export function createOrderReader(
  name: string,
  config: OrdersConfig,
  status: StatusConfig | undefined,
): OrderReader {
  const words = { at: config.at ?? status?.at ?? [], words: config.words ?? status?.words ?? {} };
  return {
    every: config.every,
    lookback: config.lookback,
    read({ remote, object }) {
      const id = orderId(name, remote);
      const theirs = textAt(object, config.asset) ?? '';
      const asset = config.assets[theirs] ?? theirs;
      if (!/^[A-Za-z0-9_-]+\/[A-Za-z0-9_-]+\/[A-Za-z0-9_-]+$/.test(asset)) {
        return { kind: 'unplaced', id, asset: theirs };
      }
      const said = statusIn(object, words);
      if (said === undefined || said.status === null) {
        return { kind: 'unmapped', id, word: said?.word ?? '' };
      }
      const data = { id, remote: remote.slice(0, 256), status: said.status };
      return { kind: 'order', asset, data: { ...data, ...contentOf(object, config) } };
    },
  };
}

type Content = Omit<WorkOrderData, 'id' | 'remote' | 'status'>;

function contentOf(object: unknown, config: OrdersConfig): Content {
  const text = (pointer: string | undefined, most: number) =>
    pointer === undefined ? '' : printable(textAt(object, pointer) ?? '').slice(0, most);
  const time = (pointer: string | undefined) => {
    const found = pointer === undefined ? null : timeAt(object, pointer);
    return found === null ? null : Math.round(found / 1_000);
  };
  return {
    origin: text(config.origin, 64),
    title: text(config.title, 1_024),
    description: text(config.description, 4_096),
    work: text(config.work, 64),
    component: text(config.component, 64),
    failure_mode: text(config.failure_mode, 64),
    priority: config.priorities[text(config.priority, 64)] ?? 'medium',
    parts: partsIn(config.parts === undefined ? undefined : valueAt(object, config.parts)),
    duration: hoursIn(config.duration === undefined ? undefined : valueAt(object, config.duration)),
    start: time(config.start),
    end: time(config.end),
  };
}

/** One a line; of objects their id. */
function partsIn(value: unknown): string {
  if (!Array.isArray(value)) return '';
  const ids = value.map((part: unknown) => (typeof part === 'object' ? textAt(part, '/id') : part));
  const texts = ids.filter((id) => typeof id === 'string' || typeof id === 'number');
  return texts
    .map((id) => printable(String(id)).replaceAll('\n', ' '))
    .join('\n')
    .slice(0, 4_096);
}

function hoursIn(value: unknown): number | null {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) && number >= 0 ? number : null;
}
