import { freePort } from '../../pipelines/base/free-port.ts';
import { startNats } from './nats.ts';
import { publishInto } from './outcome.ts';
import type { RecordedPlant } from './recorded-plant.ts';
import { type Relay, startRelay } from './relay.ts';
import { type Stand, type StandOptions, startStand } from './stand.ts';

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
  const server = await startNats({ config: 'max_payload: 8MB' });
  const ports = { warehouse: await freePort(), cmms: await freePort() };
  const [warehouse, nats, cmms] = [
    await startRelay(ports.warehouse),
    await startRelay(server.port),
    await startRelay(ports.cmms),
  ];
  const stand = await startStand({
    ...options,
    ...{ nats: server, warehouse: 'apart', ports },
    config: { epoch: { seconds: 1, rows: 60, checkpointEvery: 3 } },
    addresses: {
      nats: `nats://127.0.0.1:${nats.port}`,
      cmms: `http://127.0.0.1:${cmms.port}`,
      warehouse: `http://127.0.0.1:${warehouse.port}`,
    },
  });
  await publishInto(stand, plant);
  return {
    ...{ stand, warehouse, nats, cmms },
    async stop() {
      await stand.stop();
      for (const relay of [warehouse, nats, cmms]) relay.close();
      await server.stop();
    },
  };
}
