/** One signal of a machine: its value as a bar against its limits, and its curve. */

import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Answer } from '../api/client.ts';
import { useResource } from '../state/resource.ts';
import { quantity, t } from '../text/text.ts';
import { Chart, type SignalPoints } from './chart.tsx';
import { Empty, Shown } from './shown.tsx';

export type DeclaredSignal = Answer<'getAssets'>['assets'][number]['signals'][number];

export type Stretch = { readonly from: string; readonly to: string };

type SignalViewOptions = {
  readonly asset: { readonly plant: string; readonly line: string; readonly asset: string };
  readonly signal: DeclaredSignal;
  readonly stretch: Stretch;
  readonly zone: string;
};

/** Pixels of a point, at least; and the fewest points that are worth asking for. */
const PIXELS = 1;
const FEWEST = 200;

export function SignalView({ asset, signal, stretch, zone }: SignalViewOptions) {
  const place = useRef<HTMLDivElement>(null);
  const points = useSignal(0);
  useEffect(() => {
    const width = place.current?.clientWidth ?? 0;
    // A hundred pixels more or less ask for the same: what others have asked is answered already.
    points.value = Math.max(FEWEST, Math.floor(width / PIXELS / 100) * 100);
  }, []);
  return (
    <section class="signal" ref={place} aria-label={`${t('signals')}: ${signal.id}`}>
      {points.value === 0 ? null : (
        <Curve {...{ asset, signal, stretch, zone, points: points.value }} />
      )}
    </section>
  );
}

function Curve({ asset, signal, stretch, zone, points }: SignalViewOptions & { points: number }) {
  const resource = useResource('getSignal', {
    path: { ...asset, signal: signal.id },
    query: { ...stretch, points },
    tables: [],
  });
  const name = signal.description === null ? signal.id : `${signal.id}, ${signal.description}`;
  return (
    <>
      <h3>
        {signal.id} <span class="quiet">{signal.description}</span>
      </h3>
      <Shown resource={resource.value}>
        {(found) =>
          found.times.length === 0 ? (
            <Empty title={t('noData')} />
          ) : (
            <>
              <Bar points={found} />
              <Chart points={found} zone={zone} title={`${name}: ${valueText(found)}`} />
            </>
          )
        }
      </Shown>
    </>
  );
}

function valueText({ latest, unit, limits }: SignalPoints): string {
  const value = latest.at(-1);
  const texts = limits.map((limit) => `${t('limit')} ${quantity(limit.value, unit)}`);
  return [value === undefined ? t('noData') : quantity(value, unit), ...texts].join(', ');
}

/** The latest value against its limits: how near it is, before one reads the digits. */
function Bar({ points }: { readonly points: SignalPoints }) {
  const { latest, limits, unit, range, least, greatest } = points;
  const value = latest.at(-1) ?? 0;
  const marks = limits.map((limit) => limit.value);
  const low = Math.min(
    ...least,
    ...marks,
    range?.[0] === undefined ? value : Math.max(range[0], 0),
  );
  const high = Math.max(...greatest, ...marks) * 1.05;
  const share = (at: number) =>
    `${Math.min(1, Math.max(0, (at - low) / (high - low || 1))) * 100}%`;
  const beyond = limits.some((limit) =>
    limit.kind === 'above' ? value > limit.value : value < limit.value,
  );
  return (
    <div class="value">
      <span class={beyond ? 'value-beyond' : ''}>{quantity(value, unit)}</span>
      <div class="value-bar" aria-hidden="true">
        <div class="value-fill" style={{ width: share(value) }} />
        {marks.map((mark) => (
          <div key={mark} class="value-limit" style={{ left: share(mark) }} />
        ))}
      </div>
      <span class="quiet">
        {limits.length === 0
          ? null
          : limits
              .map(
                (limit) => `${limit.kind === 'above' ? '≤' : '≥'} ${quantity(limit.value, unit)}`,
              )
              .join(', ')}
      </span>
    </div>
  );
}
