/** A line that an edge judges: what its own pipeline sends, and where that stands in the log of the centre. */

import type { Row } from '../../operators/flow/flow.ts';
import { FOUND_EVENT } from '../../operators/judge/found.ts';
import type { EventData } from '../../operators/model/machine-event.ts';
import type { Message, Sequence } from '../../operators/model/message.ts';
import { plantAtEdge } from '../../pipelines/plant.ts';
import { createFoundBlocks } from '../../pipelines/worker/edge-worker.ts';
import { createPipelineEngine } from '../../pipelines/worker/epochs/engine.ts';
import { NO_STATES } from '../../pipelines/worker/epochs/state-image.ts';
import { MODEL } from './plant-log.ts';

export const EDGE = 'e1';

/** The model of the plant, with its first line judged by somebody. */
export function modelJudged(by: string): object {
  return {
    ...MODEL,
    lines: MODEL.lines.map((line) => (line.id === 'l1' ? { ...line, judged_at: by } : line)),
  };
}

/** The same log with another model wherever it has one. */
export function withModel(log: readonly Message[], model: object): Message[] {
  return log.map((message) => {
    if (!message.subject.startsWith('model.')) return message;
    return { ...message, payload: Buffer.from(JSON.stringify(model)) };
  });
}

/** What the edge sends, each after the message of its own log that caused it. */
export type Sent = { readonly after: number; readonly subject: string; readonly data: EventData };

/** Runs the pipeline of an edge over its log, and encodes what comes out as its worker does. */
export function sentByEdge(log: readonly Message[], edge = EDGE): Sent[] {
  const blocks = createFoundBlocks(edge);
  const row = (each: Row, { sequence, appended }: Message) => blocks.add(each, sequence, appended);
  const engine = createPipelineEngine((states) => plantAtEdge(edge, states), NO_STATES, { row });
  return log.flatMap((message) => {
    engine.push(message);
    const lines = blocks.finish('', '').flatMap(({ data }) => {
      return Buffer.from(data).toString().trimEnd().split('\n');
    });
    return lines.map((line): Sent => {
      const { asset, payload } = JSON.parse(line);
      return { after: message.sequence, subject: `finding.${asset}`, data: payload.data };
    });
  });
}

/** The log of the centre: that of the plant, with what the edge sends so many messages after what caused it. */
export function withFindings(
  log: readonly Message[],
  sent: readonly Sent[],
  delay: (index: number) => number,
): Message[] {
  let last = 0;
  const places = sent.map(({ after }, index) => {
    last = Math.max(last, after + delay(index));
    return last;
  });
  const merged: Message[] = [];
  let next = 0;
  const put = (message: Omit<Message, 'sequence'>) => {
    merged.push({ ...message, sequence: (merged.length + 1) as Sequence });
  };
  const bring = ({ appended }: Message, upTo: number) => {
    for (; next < sent.length && (places[next] ?? 0) <= upTo; next += 1) {
      const { subject, data } = sent[next] as Sent;
      const time = Math.floor(appended / 1_000);
      const payload = Buffer.from(JSON.stringify({ time, type: FOUND_EVENT, data }));
      const headers = { 'Content-Type': 'application/json', 'Andon-Identity': `f${next}` };
      put({ subject, headers, payload, appended });
    }
  };
  for (const message of log) {
    put(message);
    bring(message, message.sequence);
  }
  const end = log.at(-1);
  if (end !== undefined) bring(end, Number.POSITIVE_INFINITY);
  return merged;
}
