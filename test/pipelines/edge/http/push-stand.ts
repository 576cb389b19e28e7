/** A source that is pushed to, with a log that the test holds back. */

import { readEdgeConfig } from '../../../../pipelines/edge/edge-config.ts';
import { openHttpSource } from '../../../../pipelines/edge/http/http-source.ts';
import type { Listener, OpenSource } from '../../../../pipelines/edge/source.ts';
import { createTally } from '../../../../pipelines/edge/tally.ts';
import { createEdgeLog } from '../../../stand/edge-log.ts';
import { temporaryFile } from '../../../support/temporary.ts';

export const NOW = Date.UTC(2026, 10, 30, 12);
export const TOKEN = 'a token of sixteen'.replaceAll(' ', '-');
export const OTHER = 'another-token-of-sixteen';
export const LONG = 60_000;
const opened: OpenSource[] = [];

export async function closePushes(): Promise<void> {
  for (const source of opened.splice(0)) await source.close();
}

export async function startPush(more: object = {}, listener?: Listener, signals: object = {}) {
  const tokens = [
    { name: 'gateway', token: TOKEN, machines: ['Presse 3', 'p2', '10.0.0.7:9100'] },
    { name: 'other', token: OTHER, machines: ['elsewhere'] },
  ];
  const content = {
    ...{ edge: 'e1', centre: { domain: 'hub' } },
    assets: { 'Presse 3': 'w.l.press', '10.0.0.7:9100': 'w.l.host' },
    signals: { level: { deadband: 5 }, ...signals },
    sources: [{ name: 'push', kind: 'http', http: { port: 0, tokens, ...more } }],
  };
  const config = readEdgeConfig(temporaryFile('edge.yaml', JSON.stringify(content)));
  const [source] = config.sources;
  if (source?.kind !== 'http') throw new Error('expected http');
  const log = createEdgeLog();
  const tally = createTally('push', () => undefined);
  const context = { config, memory: log.memory, tally, record: () => undefined, listener };
  const push = await openHttpSource(source, { ...context, onFailure: () => undefined });
  opened.push(push);
  log.tell = () => push.acknowledge();
  const { port } = push.details as { port: number };
  const post = async (body: unknown, headers: object = {}, path = '/readings') => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      method: 'POST',
      body: body instanceof Uint8Array ? Buffer.from(body) : JSON.stringify(body),
      headers: { Authorization: `Bearer ${TOKEN}`, ...headers },
    });
    const text = await answer.text();
    const { status } = answer;
    return { status, text, retry: answer.headers.get('retry-after') };
  };
  return { log, tally, port, post, push };
}

export const frame = { machine: 'Presse 3', time: NOW, values: { speed: 1_480, 'Temp °C': 41.5 } };
