/** What a server has kept of its values: read for the time in which nobody was subscribed to them. */

import type { DataValue, HistoryData } from 'node-opcua-client';
import { within } from '../../base/within.ts';
import { BOTH_TIMES, loadOpcua, type ServerSession } from './opcua-client.ts';
import { type ServerValue, timeOfValue } from './opcua-readings.ts';

export type HistoryOptions = {
  readonly session: ServerSession;
  readonly nodeId: string;
  /** Epoch milliseconds; both ends belong to it. */
  readonly from: number;
  readonly to: number;
  /** Longest wait for an answer: milliseconds. */
  readonly patience: number;
};

/** Values of one answer, and answers for one node: a server that has more is told of. */
const VALUES_AT_ONCE = 1_000;
const MOST_ANSWERS = 200;
/** What a server says most often, in words. */
const REASONS: Readonly<Record<string, string>> = {
  BadHistoryOperationUnsupported: 'the server keeps no history of it',
  BadServiceUnsupported: 'the server keeps no history',
  BadUserAccessDenied: 'this user may not read its history',
};

/**
 * Raw values of a node, oldest first, a part at a time; each has a time of its source within the bounds. Throws an error
 * that says why the server gives none: most keep no history of most nodes.
 */
export async function* readHistory(
  options: HistoryOptions,
): AsyncGenerator<readonly ServerValue[]> {
  const { session, nodeId, from, to, patience } = options;
  const { HistoryReadRequest, ReadRawModifiedDetails } = loadOpcua();
  let continuationPoint: Buffer | undefined;
  for (let answer = 0; answer < MOST_ANSWERS; answer += 1) {
    const request = new HistoryReadRequest({
      historyReadDetails: new ReadRawModifiedDetails({
        ...{ isReadModified: false, returnBounds: false, numValuesPerNode: VALUES_AT_ONCE },
        ...{ startTime: new Date(from), endTime: new Date(to) },
      }),
      ...{ timestampsToReturn: BOTH_TIMES, releaseContinuationPoints: false },
      nodesToRead: [{ nodeId, ...(continuationPoint === undefined ? {} : { continuationPoint }) }],
    });
    const { results } = await within(patience, session.historyRead(request));
    const [result] = results ?? [];
    if (result === undefined || result.statusCode.isBad()) {
      const status = result?.statusCode.name ?? 'no answer';
      throw new Error(REASONS[status] ?? status);
    }
    const { dataValues } = (result.historyData ?? {}) as Partial<HistoryData>;
    const values: readonly DataValue[] = dataValues ?? [];
    yield values.filter((value) => isWithin(value, from, to));
    continuationPoint = result.continuationPoint ?? undefined;
    if (continuationPoint === undefined || continuationPoint.length === 0) return;
  }
  throw new Error(`more than ${MOST_ANSWERS * VALUES_AT_ONCE} values`);
}

function isWithin(value: ServerValue, from: number, to: number): boolean {
  const time = timeOfValue(value, 'source');
  return time !== undefined && time >= from && time <= to;
}
