/** What goes into the stage `window` in tests, and what comes out, briefly. */

import type { Flow } from '../../../operators/flow/flow.ts';
import type { Frame } from '../../../operators/model/decoded.ts';
import type { Key } from '../../../operators/model/key.ts';
import type { Sequence } from '../../../operators/model/message.ts';
import type { Window } from '../../../operators/model/observation.ts';
import { rulesSchema } from '../../../operators/model/rules.ts';
import type { WindowRow } from '../../../operators/model/tables.ts';
import type { EventTime } from '../../../operators/model/time.ts';
import { event, watermark } from '../../support/flows.ts';

export const SUBJECT = 'telemetry.plant.line.press';
export const SECOND = 1_000_000;

export type Item = Flow<Frame>;

export function rules(windows: readonly object[], correction = '10s'): Item {
  const value = rulesSchema.parse({ windows, time: { correction } });
  return {
    kind: 'change',
    sequence: 1 as Sequence,
    value: { kind: 'rules', id: 'r', plant: 'plant', rules: value },
  };
}

/** A frame with one value per second and signal, from `second` on. */
export function frame(
  second: number,
  values: Readonly<Record<string, readonly number[]>>,
  unknown?: readonly string[],
): Item {
  const length = Object.values(values)[0]?.length ?? 0;
  const times = Float64Array.from({ length }, (_, i) => (second + i) * SECOND);
  return event<Frame>(SUBJECT, second * SECOND, {
    kind: 'frame',
    origin: { subject: SUBJECT, sequence: 1 as Sequence, appended: 0 as EventTime },
    asset: 'plant/line/press' as Key,
    times,
    signals: Object.keys(values),
    values: Float64Array.from(Object.values(values).flat()),
    texts: [],
    ...(unknown === undefined ? {} : { unknown }),
  });
}

export const until = (second: number): Item => watermark(SUBJECT, second * SECOND, 'source');

export function rowsOf(items: readonly Flow<Window>[]): WindowRow[] {
  return items.flatMap((item) => {
    return item.kind === 'row' && item.table === 'windows' ? [item.row] : [];
  });
}

export function deadLettersOf(items: readonly Flow<Window>[]) {
  return items.flatMap((item) => {
    return item.kind === 'row' && item.table === 'dead_letters' ? [item.row] : [];
  });
}

/** `start..end v version: count, sum` in seconds. */
export const brief = ({ start, end, version, count, sum }: WindowRow) => {
  return `${start / SECOND}..${end / SECOND} v${version}: ${count}, ${sum}`;
};
