/** A signal over time: a band from least to greatest with the latest value in it, its limits, gaps as gaps. */

import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import type { Answer } from '../api/client.ts';
import { coloursChanged } from '../state/settings.ts';
import { clock, number } from '../text/text.ts';

export type SignalPoints = Answer<'getSignal'>;

const HEIGHT = 170;
/** A point that comes so many steps after the one before it follows a gap. */
const GAP_STEPS = 3;

type Columns = [number[], (number | null)[], (number | null)[], (number | null)[]];

/** The points in the columns of uPlot, with an empty one in each gap. Times are seconds. */
export function columnsOf({ times, least, greatest, latest, step }: SignalPoints): Columns {
  const columns: Columns = [[], [], [], []];
  const usual = Math.max(step, medianStep(times));
  times.forEach((time, at) => {
    const before = times[at - 1];
    if (before !== undefined && time - before > GAP_STEPS * usual) {
      columns[0].push((before + usual) / 1_000);
      for (const column of [1, 2, 3] as const) columns[column].push(null);
    }
    columns[0].push(time / 1_000);
    columns[1].push(least[at] ?? null);
    columns[2].push(greatest[at] ?? null);
    columns[3].push(latest[at] ?? null);
  });
  return columns;
}

function medianStep(times: readonly number[]): number {
  const steps = times.slice(1).map((time, at) => time - (times[at] ?? time));
  return steps.toSorted((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0;
}

export function Chart({
  points,
  zone,
  title,
}: {
  readonly points: SignalPoints;
  readonly zone: string;
  /** For whoever hears the page. */
  readonly title: string;
}) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const shown = useRef(points);
  shown.current = points;
  const colours = coloursChanged.value;
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const made = new uPlot(
      optionsOf(element, zone, () => shown.current),
      columnsOf(shown.current),
      element,
    );
    plot.current = made;
    const observer = new ResizeObserver(() => {
      made.setSize({ width: element.clientWidth, height: HEIGHT });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [zone, colours]);
  useEffect(() => plot.current?.setData(columnsOf(points)), [points]);
  return <div class="chart" ref={place} role="img" aria-label={title} />;
}

/** A colour of the page, for what is drawn: the one for light or for dark, which is known where it is used. */
export function colour(element: HTMLElement, name: string): string {
  const { color } = element.style;
  element.style.color = `var(${name})`;
  const used = getComputedStyle(element).color;
  element.style.color = color;
  return used;
}

function optionsOf(element: HTMLElement, zone: string, points: () => SignalPoints): uPlot.Options {
  const line = colour(element, '--line');
  const grid = { stroke: colour(element, '--grid'), width: 1 };
  const axis = { stroke: colour(element, '--quiet'), grid, ticks: grid, font: '12px system-ui' };
  const spanOf = () => {
    const { from, to } = points();
    return [Date.parse(from) / 1_000, Date.parse(to) / 1_000] as [number, number];
  };
  return {
    width: element.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { sync: { key: 'machine' }, drag: { x: false, y: false } },
    scales: {
      x: { time: false, range: spanOf },
      y: { range: (_plot, low, high) => rangeOf(points(), low, high) },
    },
    axes: [
      {
        ...axis,
        values: (_plot, times) =>
          times.map((time) => clock(time * 1_000, zone, spanOf()[1] * 1_000)),
        space: 90,
      },
      { ...axis, values: (_plot, values) => values.map(number), size: 56 },
    ],
    series: [
      {},
      { width: 0, points: { show: false } },
      { width: 0, points: { show: false } },
      { stroke: line, width: 1.5, points: { show: false } },
    ],
    bands: [{ series: [2, 1], fill: colour(element, '--band') }],
    hooks: { draw: [(plot) => drawLimits(plot, points(), element)] },
  };
}

/** The values, and a limit where they come near it: a limit far off would flatten the curve. */
function rangeOf(
  { limits }: SignalPoints,
  low: number | null,
  high: number | null,
): [number, number] {
  let [least, greatest] = [low ?? 0, high ?? 1];
  const reach = Math.max(greatest - least, Math.abs(greatest) * 0.05, 1e-9) * 2;
  for (const { value } of limits) {
    if (value > greatest && value - greatest < reach) greatest = value;
    if (value < least && least - value < reach) least = value;
  }
  const margin = Math.max(greatest - least, Math.abs(greatest) * 0.02, 1e-9) * 0.08;
  return [least - margin, greatest + margin];
}

function drawLimits(plot: uPlot, { limits }: SignalPoints, element: HTMLElement): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = colour(element, '--text');
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
  for (const { value } of limits) {
    const y = plot.valToPos(value, 'y', true);
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  }
  ctx.restore();
}
