/** A picture over frequency or over the time of a burst, with lines marked, and the value at the cursor. */

import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { coloursChanged } from '../state/settings.ts';
import { say } from '../text/pages/waveforms.ts';
import { number, quantity } from '../text/text.ts';
import { colour } from './chart.tsx';

/** Where something is marked, on the axis as it is shown. */
export type ChartMark = { readonly at: number; readonly text: string };

export type SpectrumPicture = {
  /** Of the axis. */
  readonly step: number;
  readonly unitX: string;
  readonly unitY: string;
  /** One curve; of a band the upper one. */
  readonly values: readonly number[];
  /** The lower edge of a band. */
  readonly least?: readonly number[];
  /** Another one to compare with. */
  readonly other?: readonly number[];
  readonly marks: readonly ChartMark[];
};

const HEIGHT = 220;

export function SpectrumChart({
  picture,
  title,
}: {
  readonly picture: SpectrumPicture;
  /** For whoever hears the page. */
  readonly title: string;
}) {
  const place = useRef<HTMLDivElement>(null);
  const cursor = useSignal('');
  const colours = coloursChanged.value;
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const made = new uPlot(optionsOf(element, picture, cursor), columnsOf(picture), element);
    const observer = new ResizeObserver(() =>
      made.setSize({ width: element.clientWidth, height: HEIGHT }),
    );
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, [picture, colours]);
  return (
    <>
      <div class="chart" ref={place} role="img" aria-label={title} />
      <p class="quiet cursor-text">
        {say('at')}: {cursor.value === '' ? '–' : cursor.value}
      </p>
    </>
  );
}

function columnsOf({ step, values, least, other }: SpectrumPicture): uPlot.AlignedData {
  const columns: number[][] = [values.map((_, at) => at * step), [...values]];
  if (least !== undefined) columns.push([...least]);
  if (other !== undefined) columns.push([...other]);
  return columns as unknown as uPlot.AlignedData;
}

function optionsOf(
  element: HTMLElement,
  { unitX, unitY, least, other, marks }: SpectrumPicture,
  cursor: { value: string },
): uPlot.Options {
  const grid = { stroke: colour(element, '--grid'), width: 1 };
  const axis = { stroke: colour(element, '--quiet'), grid, ticks: grid, font: '12px system-ui' };
  const line = { stroke: colour(element, '--line'), width: 1, points: { show: false } };
  const compared = { ...line, stroke: colour(element, '--focus'), dash: [4, 3] };
  return {
    width: element.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    // Dragging magnifies, a double click shows all again.
    cursor: { drag: { x: true, y: false } },
    scales: { x: { time: false } },
    axes: [
      {
        ...axis,
        values: (_plot, values) => values.map((at) => `${number(at)} ${unitX}`),
        space: 80,
      },
      { ...axis, values: (_plot, values) => values.map(number), size: 56 },
    ],
    series: [
      {},
      line,
      ...(least === undefined ? [] : [line]),
      ...(other === undefined ? [] : [compared]),
    ],
    ...(least === undefined
      ? {}
      : { bands: [{ series: [1, 2] as [number, number], fill: colour(element, '--band') }] }),
    hooks: {
      draw: [(plot) => drawMarks(plot, marks, element)],
      setCursor: [
        (plot) => {
          const at = plot.cursor.idx;
          const [x, y] = [plot.data[0][at ?? -1], plot.data[1]?.[at ?? -1]];
          cursor.value =
            x === undefined || y === undefined || y === null
              ? ''
              : `${quantity(x, unitX)}, ${quantity(y, unitY)}`;
        },
      ],
    },
  };
}

function drawMarks(plot: uPlot, marks: readonly ChartMark[], element: HTMLElement): void {
  const { ctx, bbox } = plot;
  const pixel = devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = colour(element, '--quiet');
  ctx.fillStyle = colour(element, '--text');
  ctx.lineWidth = pixel;
  ctx.font = `${11 * pixel}px system-ui`;
  ctx.setLineDash([3 * pixel, 3 * pixel]);
  let free = bbox.left;
  for (const { at, text } of marks.toSorted((a, b) => a.at - b.at)) {
    const x = plot.valToPos(at, 'x', true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    // A name that has no room is left out: the table below has it.
    if (x < free) continue;
    ctx.fillText(text, x + 3 * pixel, bbox.top + 11 * pixel);
    free = x + ctx.measureText(text).width + 8 * pixel;
  }
  ctx.restore();
}
