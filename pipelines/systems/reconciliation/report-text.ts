/** A report of a comparison for people, and as rows of the table `reconciliations`. */

import type { EpochContent } from '../../../sinks/sink.ts';
import type { ReconcileReport } from './book.ts';
import { DIFFERENCE_KINDS } from './difference.ts';

/** What was compared, what differs, and the way to mend it. */
export function describeReport(report: ReconcileReport): string {
  const { system, lane, sides, counts, differences, left_off, begun, ended } = report;
  const found = DIFFERENCE_KINDS.filter((kind) => counts[kind] > 0);
  const summary = found.map((kind) => `${counts[kind]} ${kind}`).join(', ') || 'nothing differs';
  const seconds = ((ended - begun) / 1_000).toFixed(1);
  return [
    `${system}, ${lane}: ${summary} (${seconds} s)`,
    ...sides.map(({ verb, ours, theirs, unseen }) => {
      const not = unseen === null ? '' : `; not seen: ${unseen}`;
      return `  ${verb}: ${ours} here, ${theirs} objects there${not}`;
    }),
    ...differences.flatMap(({ kind, text, mend, mended }) => [
      `  ${kind}: ${text}`,
      `    ${mended ? 'mended' : mend}`,
    ]),
    ...(left_off === 0 ? [] : [`  and ${left_off} more: table reconciliations`]),
  ].join('\n');
}

/** What lands: a row for each difference, and one for each side that was compared. */
export function contentOfReport(report: ReconcileReport): EpochContent {
  const { id, system, lane, begun, ended, full, sides, differences } = report;
  const common = { id, system, lane, time: ended * 1_000, full };
  const none = {
    ...{ key: '', of: '', request: '', plant: '', line: '', asset: '', remotes: [], field: '' },
    ...{
      ours: '',
      theirs: '',
      since: begun * 1_000,
      text: '',
      mend: '',
      safe: false,
      mended: false,
    },
  };
  const rows = [
    ...sides.map(({ verb, ours, theirs, unseen }) => ({
      ...{ ...common, ...none, kind: 'compared', verb },
      ...{ ours: String(ours), theirs: String(theirs), text: unseen ?? '' },
    })),
    ...differences.map(({ id: of, asset: at, since, system: _, ...told }) => {
      const [plant = '', line = '', asset = ''] = at.split('/');
      return { ...common, ...told, of, plant, line, asset, since: since * 1_000 };
    }),
  ];
  const data = Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const block = {
    table: 'reconciliations',
    format: 'JSONEachRow',
    rows: rows.length,
    data,
  } as const;
  return {
    ...{ pipeline: 'reconcile', run: system, stream: lane, created: id, epoch: 0, from: 0, to: 0 },
    ...{ blocks: [block], revisions: [], commands: [] },
  };
}
