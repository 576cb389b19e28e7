import { freePort } from '../../pipelines/base/free-port.ts';
import { publishInto } from './outcome.ts';
import { outsideWarehouse } from './outside-warehouse.ts';
import type { RecordedPlant } from './recorded-plant.ts';
import { type Relay, startRelay } from './relay.ts';
import { startNats } from './servers.ts';
import { type Stand, type StandOptions, startStand } from './stand.ts';
import { temporaryDirectory } from './temporary.ts';

/** A stand whose worker finds everything outside behind a relay. */
export interface RelayedStand {
  readonly stand: Stand;
  readonly warehouse: Relay;
  readonly nats: Relay;
  readonly cmms: Relay;
  stop(): Promise<void>;
}

/** With the recording in its log, a warehouse that runs, and a worker that is not started yet. */
export async function startRelayedStand(
  plant: RecordedPlant,
  options: Pick<StandOptions, 'preload' | 'concurrency'> = {},
): Promise<RelayedStand> {
  const directory = temporaryDirectory();
  const outside = await outsideWarehouse(directory);
  const server = await startNats({ config: 'max_payload: 8MB' });
  const cmmsPort = await freePort();
  const [warehouse, nats, cmms] = [
    await startRelay(outside.port),
    await startRelay(server.port),
    await startRelay(cmmsPort),
  ];
  const running = outside.start();
  const stand = await startStand({
    ...options,
    directory,
    nats: server,
    cmmsPort,
    config: { epoch: { seconds: 1, rows: 60, checkpointEvery: 3 } },
    env: {
      ...outside.env(warehouse.port),
      NATS_URL: `nats://127.0.0.1:${nats.port}`,
      CMMS_URL: `http://127.0.0.1:${cmms.port}`,
    },
  });
  await publishInto(stand, plant);
  await running.ready;
  return {
    stand,
    warehouse,
    nats,
    cmms,
    async stop() {
      await stand.stop();
      for (const relay of [warehouse, nats, cmms]) relay.close();
      await running.stop();
      await server.stop();
    },
  };
}
