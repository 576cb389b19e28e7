/** A source that reads a device of the test, with a log that the test holds back. */

import { readEdgeConfig } from '../../../../pipelines/edge/edge-config.ts';
import type { ModbusStatus } from '../../../../pipelines/edge/modbus/modbus-source.ts';
import { openModbusSource } from '../../../../pipelines/edge/modbus/modbus-source.ts';
import type { Listener, OpenSource } from '../../../../pipelines/edge/source.ts';
import { createTally } from '../../../../pipelines/edge/tally.ts';
import type { InternalEvent } from '../../../../pipelines/observe/observe.ts';
import { createEdgeLog } from '../../../stand/edge-log.ts';
import { until } from '../../../stand/stand.ts';
import { temporaryDirectory, temporaryFile } from '../../../support/temporary.ts';

export const LONG = 60_000;
const opened: OpenSource[] = [];

export async function closeDevices(): Promise<void> {
  for (const source of opened.splice(0)) await source.close();
}

export type ModbusTestOptions = {
  readonly port: number;
  readonly groups: readonly object[];
  /** Laid over `modbus`. */
  readonly more?: object;
  readonly listener?: Listener;
  readonly signals?: object;
};

/** A gap as it is stored. */
export type StoredGap = {
  readonly reason: string;
  readonly from: number;
  readonly to: number;
  readonly count: number;
  readonly what: string;
  readonly why: string;
  readonly machine: string;
};

export async function startModbus({
  port,
  groups,
  more,
  listener,
  signals = {},
}: ModbusTestOptions) {
  const modbus = {
    ...{ host: '127.0.0.1', port, answer: '300ms', retry: '200ms', groups },
    folder: temporaryDirectory(),
    ...more,
  };
  const content = {
    ...{ edge: 'e1', centre: { domain: 'hub' }, signals },
    assets: { p2: 'works.line1.press', p3: 'works.line1.third' },
    sources: [{ name: 'plc', kind: 'modbus', modbus }],
  };
  const config = readEdgeConfig(temporaryFile('edge.yaml', JSON.stringify(content)));
  const [source] = config.sources;
  if (source?.kind !== 'modbus') throw new Error('expected modbus');
  const log = createEdgeLog();
  const tally = createTally('plc', () => undefined);
  const said: string[] = [];
  const refuse = tally.refuse.bind(tally);
  tally.refuse = (reason, detail, count) => {
    said.push(detail);
    refuse(reason, detail, count);
  };
  const events: InternalEvent[] = [];
  const failures: unknown[] = [];
  const device = await openModbusSource(source, {
    ...{ config, memory: log.memory, tally, listener },
    record: (event) => void events.push(event),
    onFailure: (error) => void failures.push(error),
  });
  opened.push(device);
  log.tell = () => device.acknowledge();
  const values = (asset = 'press') =>
    log.messages
      .filter(({ subject }) => subject === `telemetry.works.line1.${asset}`)
      .map(({ payload }) => payload.values as Readonly<Record<string, unknown>>);
  return {
    ...{ device, log, tally, said, events, failures, values, folder: modbus.folder },
    gaps: (asset = 'press') =>
      log.messages
        .filter(({ subject }) => subject === `event.works.line1.${asset}`)
        .map(({ payload }) => payload.data as StoredGap),
    status: () => device.details as ModbusStatus,
    /** So many more messages of values. */
    more: async (count: number, asset = 'press') => {
      const before = values(asset).length;
      await until(
        `${count} more of ${asset}`,
        LONG,
        async () => values(asset).length >= before + count,
      );
    },
  };
}
