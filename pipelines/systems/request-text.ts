import type { Request } from '../../operators/model/request.ts';
import { toIso } from '../../operators/model/time.ts';
import { inColumns } from '../base/in-columns.ts';
import type { LedgerEntry } from './entry.ts';
import type { OrderDetails, RequestDetails, RequestSummary } from './inspect.ts';

const HEADINGS = ['ID', 'PRIORITY', 'DELIVERY', 'STATUS', 'CMMS', 'REVISION', 'ASSET', 'TITLE'];

/** The list for people: one line each, in columns. */
export function describeList(summaries: readonly RequestSummary[]): string {
  if (summaries.length === 0) return 'No requests so far.';
  const rows = summaries.map((one) => [
    one.id,
    one.priority,
    one.delivery,
    one.status ?? '-',
    one.remote ?? '-',
    `${one.delivered}/${one.revisions}`,
    one.asset,
    oneLine(one.title),
  ]);
  return inColumns([HEADINGS, ...rows]);
}

/** One request for people: what it asks for, why, and what happened on its way. */
export function describeRequest({ summary, entry, revisions }: RequestDetails): string {
  const request = revisions.at(-1);
  const { status, remote, delivery } = summary;
  const sending = entry?.sending ?? null;
  const underWay =
    sending === null
      ? []
      : [`  under way: ${sending.what} of revision ${sending.revision}; its end is awaited`];
  const lines = [
    `${summary.id}  ${oneLine(summary.title)}`,
    `asset     ${summary.asset}`,
    `priority  ${summary.priority}`,
    `delivery  ${summary.delivery}: the CMMS has revision ${summary.delivered} of ${summary.revisions}` +
      (remote === null ? '' : ` as ${remote}`),
    ...(delivery === 'waiting' ? [`stuck     ${stuckText(entry)}`] : []),
    `status    ${status ?? 'not known'}${entry?.word ? ` (the CMMS says ${entry.word})` : ''}`,
    '',
    'why',
    ...evidenceLines(request?.evidence ?? []),
    '',
    'revisions',
    ...revisions.map(
      ({ revision, action, time, because }) =>
        `  ${revision}  ${toIso(time)}  ${action}: ${oneLine(because)}`,
    ),
    '',
    'history',
    ...historyLines(entry, 'revision'),
    ...underWay,
  ];
  return lines.join('\n');
}

/** A work order that the CMMS made itself, for people. */
export function describeOrder({ id, system, order }: OrderDetails): string {
  if (order === null)
    return `${id}  neither a request nor an open order of the CMMS is kept under it any more; its commands are`;
  const { asset, time, data } = order;
  const parts = String(data.parts ?? '').replaceAll('\n', ', ');
  return [
    `${id}  ${oneLine(String(data.title ?? ''))}`,
    `asset     ${asset}`,
    `priority  ${data.priority}`,
    `order     ${data.remote} of ${system}, which made it itself${data.origin ? ` (${data.origin})` : ''}`,
    `status    ${data.status}, as of ${new Date(time).toISOString()}`,
    ...(parts === '' ? [] : [`parts     ${parts}`]),
  ].join('\n');
}

/** An anomaly that several incidents rest on is evidence once. */
function evidenceLines(evidence: Request['evidence']): readonly string[] {
  return [...new Set(evidence.map(({ time, text }) => `  ${toIso(time)}  ${oneLine(text)}`))];
}

/** Where a work is stuck that is in the outbox and not over, by the last call for it. */
export function stuckText(entry: Pick<LedgerEntry, 'history'> | null | undefined): string {
  const last = entry?.history.at(-1);
  if (last === undefined) return 'at the broker or worker: nobody has tried it yet';
  if (last.place === undefined) return 'at the worker: it waits for its turn';
  return `at the ${last.place} since ${new Date(last.time).toISOString()}: ${oneLine(last.note)}`;
}

/** What was tried. `numbered`: what the number of each line is of. */
export function historyLines(
  entry: Pick<LedgerEntry, 'history' | 'dropped'> | null,
  numbered: string,
): readonly string[] {
  if (entry === null) return ['  nothing was tried yet'];
  const older = entry.dropped > 0 ? [`  … ${entry.dropped} older lines`] : [];
  return [
    ...older,
    ...entry.history.map(({ time, count, revision, what, outcome, note }) => {
      const times = count === 1 ? '' : ` (${count} times)`;
      const when = new Date(time).toISOString();
      return `  ${when}  ${numbered} ${revision}  ${what}: ${outcome}${times}  ${oneLine(note)}`;
    }),
  ];
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}
