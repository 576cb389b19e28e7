/** A device of Modbus TCP, with units behind one address, that can be slow, wrong, mute or away. */

import { createServer, type Socket } from 'node:net';

export type ModbusQuestion = {
  readonly transaction: number;
  readonly unitId: number;
  readonly code: number;
  readonly address: number;
  readonly count: number;
};

export interface ModbusDevice {
  readonly port: number;
  /** Everything that it was asked, also what it did not answer. */
  readonly asked: ModbusQuestion[];
  /** Connections that are open now, and the most that there were. */
  readonly open: number;
  readonly most: number;
  /** What it says to a question: its bytes, or nothing. */
  answer: (question: ModbusQuestion, socket: Socket) => Buffer | undefined;
  /** All connections end, and no new one begins until it is back. */
  cut(): void;
  mend(): void;
  stop(): Promise<void>;
}

/** Registers have their address as value, bits whether it is odd. */
export function plainAnswer({ code, address, count, ...question }: ModbusQuestion): Buffer {
  const bits = code < 3;
  const values = Buffer.alloc(bits ? Math.ceil(count / 8) : 2 * count);
  for (let at = 0; at < count; at += 1) {
    const own = address + at;
    if (!bits) values.writeUInt16BE(own, 2 * at);
    else if (own % 2 === 1) values[at >> 3]! |= 1 << (at & 7);
  }
  return modbusAnswer({ ...question, code, address, count }, values);
}

/** An answer with these bytes of values. */
export function modbusAnswer(
  { transaction, unitId, code }: ModbusQuestion,
  values: Uint8Array,
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUInt16BE(transaction, 0);
  head.writeUInt16BE(3 + values.length, 4);
  head.set([unitId, code, values.length], 6);
  return Buffer.concat([head, values]);
}

export function modbusException({ transaction, unitId, code }: ModbusQuestion, why: number) {
  const bytes = Buffer.alloc(9);
  bytes.writeUInt16BE(transaction, 0);
  bytes.writeUInt16BE(3, 4);
  bytes.set([unitId, code | 0x80, why], 6);
  return bytes;
}

export async function startModbusDevice(): Promise<ModbusDevice> {
  const sockets = new Set<Socket>();
  const asked: ModbusQuestion[] = [];
  let [whole, most] = [true, 0];
  const hangUp = () => {
    for (const socket of sockets) socket.destroy();
  };
  const server = createServer((socket) => {
    if (!whole) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    most = Math.max(most, sockets.size);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (chunk) => {
      // A client that waits for each answer sends one question at a time.
      const question = questionIn(chunk);
      asked.push(question);
      const bytes = device.answer(question, socket);
      if (bytes !== undefined) socket.write(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const device: ModbusDevice = {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    asked,
    get open() {
      return sockets.size;
    },
    get most() {
      return most;
    },
    answer: plainAnswer,
    cut() {
      whole = false;
      hangUp();
    },
    mend() {
      whole = true;
    },
    async stop() {
      hangUp();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return device;
}

function questionIn(chunk: Buffer): ModbusQuestion {
  return {
    ...{ transaction: chunk.readUInt16BE(0), unitId: chunk[6] ?? 0, code: chunk[7] ?? 0 },
    ...{ address: chunk.readUInt16BE(8), count: chunk.readUInt16BE(10) },
  };
}
