import { z } from 'zod';

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
  { part: 'end_to_end', by: [], figures: { ratio: MORE, ratio_cpu: MORE } },
  { part: 'windows', by: ['name'], figures: { ratio_to_loop: MORE } },
  { part: 'patterns', by: ['name'], figures: { ratio_to_loop: MORE } },
  { part: 'stages', by: ['stage'], figures: { ratio_to_parse: LESS } },
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

const reportSchema = z.record(z.string(), z.unknown());

/** All figures of a report that benchmarks wrote with `--json`. */
export function figuresOf(report: unknown): readonly Figure[] {
  const parts = reportSchema.parse(report);
  return PARTS.flatMap(({ part, by, figures }) => {
    const found = parts[part];
    if (found === undefined) return [];
    return (Array.isArray(found) ? found : [found]).flatMap((entry) => {
      const name = [part, ...by.map((field) => String(at(entry, field)))].join(' ');
      return Object.entries(figures).flatMap(([path, kind]) => {
        const value = at(entry, path);
        return typeof value === 'number' ? [{ name: `${name} ${path}`, value, ...kind }] : [];
      });
    });
  });
}

function at(entry: unknown, path: string): unknown {
  return path.split('.').reduce((inside: unknown, field) => {
    const parsed = reportSchema.safeParse(inside);
    return parsed.success ? parsed.data[field] : undefined;
  }, entry);
}
