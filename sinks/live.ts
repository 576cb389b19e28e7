/** What changed with each epoch, published once it has landed: screens follow it instead of asking again and again. */

import { type JetStreamClient, type JetStreamOptions, jetstream } from '@nats-io/jetstream';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import { installedStream, installedSubject } from './installation.ts';
import type { EpochContent, Sink } from './sink.ts';

/** Holds the changes of a few minutes. */
export const LIVE_STREAM = 'ANDON_LIVE';

/** `live.<stream>.<table>`: the rows of one table in one epoch, as JSON lines. */
export function liveSubject(stream: string, table: string): string {
  return `live.${stream}.${table}`;
}

/** The tables whose rows are announced, in this order. `epochs` comes last: what it tells of is there. */
const TABLES = [
  ...['machine_states', 'machine_events', 'schedule', 'assets', 'rules', 'anomalies', 'alarms'],
  ...['incidents', 'requests', 'workflow_steps', 'dead_letters', 'epochs'],
] as const;

/** Bytes of one message. nats-server takes 1 MB unless it is told otherwise. */
const MOST_BYTES = 512_000;
/** Epochs that may wait to be announced. */
const MOST_WAITING = 100;
/** Milliseconds that the stream may take for one message. */
const PATIENCE = 2_000;

export type LiveOptions = {
  readonly connection: NatsConnection;
  readonly jetstream?: JetStreamOptions;
  /** Of the installation. */
  readonly prefix?: string | undefined;
  /** Called when epochs were not announced, with the reason. Whoever follows sees the gap in the ranges of `epochs`. */
  readonly onMissed: (epochs: number, reason: string) => void;
};

/**
 * A sink that announces each epoch once the sink below it has taken it. Announcing is no part of the write: it never
 * delays an epoch, never fails one, and keeps no file waiting. What cannot be announced is counted and left out.
 */
export function announced(sink: Sink, options: LiveOptions): Sink {
  const announce = createAnnouncer(options);
  return {
    name: sink.name,
    takesBatches: sink.takesBatches,
    async write(content, signal) {
      await sink.write(content, signal);
      announce(content);
    },
  };
}

function createAnnouncer(options: LiveOptions): (content: EpochContent) => void {
  const client = jetstream(options.connection, options.jetstream ?? {});
  const waiting: EpochContent[] = [];
  let busy = false;

  async function drain(): Promise<void> {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      try {
        await publishChanges(client, next, options.prefix);
      } catch (error) {
        options.onMissed(1, error instanceof Error ? error.message : String(error));
      }
    }
    busy = false;
  }

  return (content) => {
    waiting.push(content);
    if (waiting.length > MOST_WAITING) {
      waiting.shift();
      options.onMissed(1, `more than ${MOST_WAITING} epochs wait to be announced`);
    }
    if (busy) return;
    busy = true;
    // Never rejects: what fails is counted.
    void drain();
  };
}

async function publishChanges(
  client: JetStreamClient,
  content: EpochContent,
  prefix: string | undefined,
): Promise<void> {
  const header = headers();
  header.set('Andon-Run', content.run);
  for (const table of TABLES) {
    const block = content.blocks.find((each) => each.table === table);
    if (block === undefined || block.format !== 'JSONEachRow') continue;
    for (const part of linePartsOf(block.data)) {
      await client.publish(installedSubject(prefix, liveSubject(content.stream, table)), part, {
        headers: header,
        expect: { streamName: installedStream(prefix, LIVE_STREAM) },
        timeout: PATIENCE,
      });
    }
  }
}

/** JSON lines in parts of whole lines. A line that is too long alone is left out: the warehouse has it. */
export function linePartsOf(lines: Uint8Array, most = MOST_BYTES): readonly Uint8Array[] {
  if (lines.length <= most) return [lines];
  const parts: Uint8Array[] = [];
  let begin = 0;
  let end = 0;
  const take = () => {
    if (end > begin) parts.push(lines.subarray(begin, end));
  };
  for (let next = lines.indexOf(10); next >= 0; next = lines.indexOf(10, next + 1)) {
    const line = end;
    const after = next + 1;
    if (after - begin > most) {
      take();
      begin = line;
    }
    end = after;
    if (end - begin > most) begin = end;
  }
  take();
  return parts;
}
