/** The yardstick of `edge`: the least that a program must do to have the values of a broker, by mqtt.js. */

import { parseArgs } from 'node:util';
import mqtt from 'mqtt';

/** Messages through one process, from the first that it saw to the last. CPU seconds are of that process. */
export type Drained = {
  readonly messages: number;
  readonly seconds: number;
  readonly cpu: number;
};

/** Values that it read: whoever decodes a message has done something with it. */
type Sum = { messages: number; values: number };

/**
 * A session whose messages wait with the broker is opened again, and each message decoded and acknowledged: what `edge`
 * does, without names, log and memory. Without `--messages` it only opens the session.
 */
export async function bareSubscriber(args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      broker: { type: 'string', default: 'mqtt://127.0.0.1:1883' },
      topic: { type: 'string', default: 'bench/#' },
      client: { type: 'string', default: 'bench-bare' },
      messages: { type: 'string', default: '0' },
    },
  });
  const client = mqtt.connect(values.broker, {
    ...{ clientId: values.client, protocolVersion: 5, clean: false, reconnectPeriod: 0 },
    properties: { sessionExpiryInterval: 3_600, receiveMaximum: IN_FLIGHT },
  });
  const wanted = Number(values.messages);
  try {
    if (wanted > 0) console.log(JSON.stringify(await drained(client, wanted)));
    else {
      await new Promise<void>((resolve) => client.once('connect', () => resolve()));
      await client.subscribeAsync(values.topic, { qos: 1 });
    }
  } finally {
    await client.endAsync();
  }
  return true;
}

/** As many as an edge has without acknowledgement, if `edge.yaml` does not say it. */
const IN_FLIGHT = 100;

function drained(client: mqtt.MqttClient, wanted: number): Promise<Drained> {
  const sum: Sum = { messages: 0, values: 0 };
  let began = { time: 0, cpu: process.cpuUsage() };
  return new Promise((resolve, reject) => {
    client.on('error', reject);
    client.on('message', (_, payload) => {
      if (sum.messages === 0) began = { time: performance.now(), cpu: process.cpuUsage() };
      const { ts, ...values } = JSON.parse(payload.toString()) as Record<string, number>;
      if (ts === undefined) reject(new Error('expected a time'));
      sum.values += Object.keys(values).length;
      sum.messages += 1;
      if (sum.messages < wanted) return;
      const { user, system } = process.cpuUsage(began.cpu);
      const seconds = (performance.now() - began.time) / 1_000;
      resolve({ messages: wanted, seconds, cpu: (user + system) / 1e6 });
    });
  });
}
