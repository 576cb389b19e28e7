import { figureAt, partEntries } from './bars.ts';
import { numberIn } from './spread.ts';

/** One number of a report, by which two reports are compared. */
export type Figure = {
  readonly name: string;
  readonly value: number;
  readonly better: 'more' | 'less';
  /** A change by less than this share is none. */
  readonly tolerance: number;
};

type Kind = Pick<Figure, 'better' | 'tolerance'>;
/** Ratios to a yardstick of the same run: another machine, or a busy one, changes both. */
const MORE: Kind = { better: 'more', tolerance: 0.15 };
const LESS: Kind = { better: 'less', tolerance: 0.15 };
/** Seconds and milliseconds of the clock, for which there is no yardstick: compare them on one machine, and not too closely. */
const CLOCK: Kind = { better: 'less', tolerance: 0.5 };

/** Which numbers count, by the part of a report and the path in it. `by`: what names an entry of a list. */
const PARTS: readonly {
  readonly part: string;
  readonly by: readonly string[];
  readonly figures: Readonly<Record<string, Kind>>;
}[] = [
  { part: 'end_to_end', by: ['signals'], figures: { ratio: MORE, ratio_cpu: MORE } },
  { part: 'scale', by: ['partitions'], figures: { ratio: MORE, ratio_cpu: LESS } },
  { part: 'windows', by: ['name', 'signals'], figures: { ratio_to_loop: MORE } },
  { part: 'patterns', by: ['name'], figures: { ratio_to_loop: MORE } },
  { part: 'stages', by: ['stage', 'signals'], figures: { ratio_to_parse: LESS } },
  { part: 'peers', by: ['name', 'peer', 'signals'], figures: { 'warm.cpu': MORE } },
  {
    part: 'landing',
    by: ['format', 'rows'],
    figures: { ratio_to_json: MORE, bytes_per_row: LESS },
  },
  { part: 'state', by: ['keys'], figures: { bytes_per_key: LESS, median_ms: CLOCK } },
  { part: 'latency', by: ['share'], figures: { 'row.p99': CLOCK, 'request.p99': CLOCK } },
  { part: 'away', by: [], figures: { 'request.p99': CLOCK } },
  { part: 'recovery', by: [], figures: { longest: CLOCK } },
];

/** All figures of a report that benchmarks wrote with `--json`. */
export function figuresOf(report: Readonly<Record<string, unknown>>): readonly Figure[] {
  return PARTS.flatMap(({ part, by, figures }) => {
    return partEntries(report, part).flatMap((entry) => {
      const name = [part, ...by.map((field) => String(figureAt(entry, field)))].join(' ');
      return Object.entries(figures).flatMap(([path, kind]) => {
        const value = numberIn(figureAt(entry, path));
        return value === undefined ? [] : [{ name: `${name} ${path}`, value, ...kind }];
      });
    });
  });
}
