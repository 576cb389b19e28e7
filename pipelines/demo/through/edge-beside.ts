/** What stands between the simulated plant and the log of the demo: a broker, and an edge that is a host application of it. */

import { join } from 'node:path';
import type { NatsConnection } from '@nats-io/transport-node';
import { freePort } from '../../base/free-port.ts';
import { EXIT, Problem } from '../../base/problem.ts';
import type { SupervisorEvent } from '../../base/supervise.ts';
import { type LeafEdge, startLeafEdge } from '../../stand/leaf-edge.ts';
import { installedMosquitto, mosquittoService } from '../../stand/mosquitto.ts';
import type { Program } from '../../stand/service.ts';
import { superviseService } from '../../stand/supervised-service.ts';
import { machinesOf, plantOfFile } from '../plant/machines.ts';
import { BURST_RATE } from '../plant/waveform.ts';
import { STATE_TAG, waveformTag } from './samples.ts';
import { SparkplugNodes } from './sparkplug-nodes.ts';

export type EdgeBesideOptions = {
  readonly directory: string;
  /** Where the leaf node dials in. */
  readonly leafnodes: number;
  readonly connection: NatsConnection;
  readonly record: (event: SupervisorEvent) => void;
};

/** Its nodes are born, and the edge has heard it. */
export type EdgeBeside = Pick<LeafEdge, 'status' | 'stop'> & { readonly nodes: SparkplugNodes };

const HOST = 'andon-demo';
/** The source in `edge.yaml`. */
export const PLANT_SOURCE = 'plant';

/** Starts all of it. Rejects, with all of it stopped, with a `Problem` if one does not become ready. */
export async function startEdgeBeside(options: EdgeBesideOptions): Promise<EdgeBeside> {
  const { directory, leafnodes, connection, record } = options;
  const folder = join(directory, 'edge');
  const create = (program: Program) => superviseService(program, record);
  const found = installedMosquitto();
  if (typeof found === 'string') throw noBroker(found);
  const port = await freePort();
  const broker = mosquittoService({ found, port, folder: join(folder, 'broker') }, create);
  const url = `mqtt://127.0.0.1:${port}`;
  const nodes = new SparkplugNodes({ url, host: HOST });
  let edge: LeafEdge | undefined;
  const stop = async () => {
    // The edge first: what is stale when a machine goes is not of this demo.
    await edge?.stop();
    await nodes.stop();
    await broker.stop();
  };
  try {
    await broker.start();
    edge = await startLeafEdge({
      ...{ folder, leafnodes, connection, create },
      ...{ name: 'demo', settings: settingsOf(url) },
    });
    await nodes.start();
    await edge.untilSo('the edge to hear all births', ({ sources }) => {
      const { metrics = 0 } = (sources[PLANT_SOURCE]?.details ?? {}) as { metrics?: number };
      return metrics >= nodes.metrics;
    });
    return { nodes, stop, status: edge.status };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Every machine, and beside each one that no plant model has: that is what the centre finds out. */
function settingsOf(url: string): object {
  const machines = machinesOf(plantOfFile());
  const paths = machines.flatMap(({ key }) => [key, `${key}-spare`]);
  const points = new Set(machines.flatMap(({ point }) => (point === undefined ? [] : [point.id])));
  const waveforms = [...points].map((point) => {
    return [waveformTag(point), { waveform: { point, rate: BURST_RATE, unit: 'g' } }] as const;
  });
  return {
    assets: Object.fromEntries(paths.map((path) => [path, path.split('/').join('.')])),
    signals: { [STATE_TAG]: { states: 'packml' }, ...Object.fromEntries(waveforms) },
    sources: [{ name: PLANT_SOURCE, kind: 'sparkplug', sparkplug: { url, host: HOST } }],
  };
}

function noBroker(found: string): Problem {
  return new Problem({
    expected: 'mosquitto, which --through sparkplug needs',
    found,
    remedy: 'Install it (Debian: apt install mosquitto), or run the demo without --through.',
    exit: EXIT.outside,
  });
}
