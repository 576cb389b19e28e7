/** A client of Modbus TCP that can read, and nothing else: one connection, one request at a time. */

import { connect, type Socket } from 'node:net';
import { messageOf } from '../../base/problem.ts';
import type { ModbusTable } from './modbus-config.ts';

/** The functions that read (Modbus application protocol 1.1b3, chapter 6). None that writes is here. */
const FUNCTIONS: Readonly<Record<ModbusTable, number>> = {
  ...{ coil: 1, discrete: 2, holding: 3, input: 4 },
};

/** Of the same document, chapter 7. */
const EXCEPTIONS: Readonly<Record<number, string>> = {
  ...{ 1: 'illegal function', 2: 'illegal data address', 3: 'illegal data value' },
  ...{ 4: 'server device failure', 5: 'acknowledge', 6: 'server device busy' },
  ...{ 8: 'memory parity error', 10: 'gateway path unavailable' },
  11: 'gateway target device failed to respond',
};
/**
 * `refused`: these registers are not to be had · `unreachable`: the gateway does not reach the unit · `exception`: not now ·
 * `malformed`: an answer that is none to what was asked · `timeout` · `closed`: the connection is of no use any more.
 */
export type ModbusFault =
  | 'refused'
  | 'unreachable'
  | 'exception'
  | 'malformed'
  | 'timeout'
  | 'closed';

/** What all other exceptions are not. */
const FAULTS: Readonly<Record<number, ModbusFault>> = {
  ...{ 1: 'refused', 2: 'refused', 3: 'refused', 10: 'unreachable', 11: 'unreachable' },
};

export class ModbusError extends Error {
  override name = 'ModbusError' as const;
  readonly fault: ModbusFault;

  constructor(fault: ModbusFault, message: string) {
    super(message);
    this.fault = fault;
  }
}

export type ModbusRequest = {
  readonly unitId: number;
  readonly table: ModbusTable;
  readonly address: number;
  readonly count: number;
};

/** Transaction, protocol, length: what stands before the unit id. */
const HEADER = 6;
/** The length counts from the unit id on: function and code of an exception, or 253 bytes of an answer. */
const SHORTEST = 3;
const LONGEST = 254;

export type ModbusFrame = {
  readonly transaction: number;
  readonly unitId: number;
  /** From the function on. */
  readonly body: Buffer;
};

/** From what came on a connection to whole frames. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  /** @throws ModbusError `closed`: from there on nobody knows where a frame begins */
  push(chunk: Buffer): readonly ModbusFrame[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: ModbusFrame[] = [];
    while (this.#rest.length >= HEADER) {
      const protocol = this.#rest.readUInt16BE(2);
      const length = this.#rest.readUInt16BE(4);
      if (protocol !== 0 || length < SHORTEST || length > LONGEST) {
        const found = `protocol ${protocol}, length ${length}`;
        throw new ModbusError('closed', `expected protocol 0, length 3 to 254, found ${found}`);
      }
      const end = HEADER + length;
      if (this.#rest.length < end) break;
      frames.push({
        transaction: this.#rest.readUInt16BE(0),
        unitId: this.#rest[HEADER] ?? 0,
        body: this.#rest.subarray(HEADER + 1, end),
      });
      this.#rest = this.#rest.subarray(end);
    }
    return frames;
  }
}

/** The bytes of the values. @throws ModbusError for an exception, and for what is no answer to this request */
export function valuesOf({ unitId, body }: ModbusFrame, request: ModbusRequest): Buffer {
  const wanted = FUNCTIONS[request.table];
  const [code = 0, second = 0] = body;
  if (unitId !== request.unitId) {
    throw wrong(`an answer of unit ${request.unitId}`, `one of unit ${unitId}`);
  }
  if (code === (wanted | 0x80) && body.length === 2) {
    const why = `${EXCEPTIONS[second] ?? 'an exception'} (${second})`;
    throw new ModbusError(FAULTS[second] ?? 'exception', why);
  }
  if (code !== wanted) throw wrong(`function ${wanted}`, `${code}`);
  const { count, table } = request;
  const bytes = table === 'coil' || table === 'discrete' ? Math.ceil(count / 8) : 2 * count;
  if (second !== bytes || body.length !== 2 + bytes) {
    throw wrong(`${bytes} bytes of ${count}`, `${second}, of which ${body.length - 2} came`);
  }
  return body.subarray(2);
}

function wrong(expected: string, found: string): ModbusError {
  return new ModbusError('malformed', `expected ${expected}, found ${found}`);
}

/** What stands on the line. */
function requestBytes(request: ModbusRequest, transaction: number): Buffer {
  const bytes = Buffer.alloc(HEADER + 6);
  bytes.writeUInt16BE(transaction, 0);
  bytes.writeUInt16BE(6, 4);
  bytes[6] = request.unitId;
  bytes[7] = FUNCTIONS[request.table];
  bytes.writeUInt16BE(request.address, 8);
  bytes.writeUInt16BE(request.count, 10);
  return bytes;
}

type Asked = {
  readonly transaction: number;
  readonly request: ModbusRequest;
  readonly timer: NodeJS.Timeout;
  readonly resolve: (values: Buffer) => void;
  readonly reject: (error: ModbusError) => void;
};

export type ModbusAddress = {
  readonly host: string;
  readonly port: number;
  /** Longest wait for a connection, and for an answer: milliseconds. */
  readonly patience: number;
};

export class ModbusClient {
  /** That came, from the start on. */
  bytes = 0;
  /** Answers that came after nobody waited for them any more. */
  late = 0;
  readonly #socket: Socket;
  readonly #patience: number;
  readonly #reader = new FrameReader();
  #asked: Asked | undefined;
  #transaction = 0;
  #closed: string | undefined;

  private constructor(socket: Socket, patience: number) {
    this.#socket = socket;
    this.#patience = patience;
    socket.on('data', (chunk) => this.#hear(chunk));
    socket.on('end', () => this.#end('the device closed the connection'));
    socket.on('error', (error) => this.#end(messageOf(error)));
    socket.on('close', () => this.#end('the connection is closed'));
  }

  /** Rejects with a `ModbusError` when nobody is there in time. */
  static connect({ host, port, patience }: ModbusAddress): Promise<ModbusClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port, noDelay: true });
      const fail = (reason: string) => {
        clearTimeout(timer);
        socket.destroy();
        reject(new ModbusError('closed', reason));
      };
      const timer = setTimeout(
        () => fail(`${host}:${port} did not answer for ${patience} ms`),
        patience,
      );
      const onError = (error: Error) => fail(messageOf(error));
      socket.once('error', onError);
      socket.once('connect', () => {
        clearTimeout(timer);
        const client = new ModbusClient(socket, patience);
        socket.off('error', onError);
        resolve(client);
      });
    });
  }

  /** The values as they stand on the line. Rejects with a `ModbusError`. To be called when the one before is over. */
  read(request: ModbusRequest): Promise<Buffer> {
    if (this.#closed !== undefined) {
      return Promise.reject(new ModbusError('closed', this.#closed));
    }
    if (this.#asked !== undefined) throw new Error('expected one request at a time');
    this.#transaction = (this.#transaction + 1) % 65_536;
    const transaction = this.#transaction;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#asked = undefined;
        reject(new ModbusError('timeout', `no answer in ${this.#patience} ms`));
      }, this.#patience);
      this.#asked = { transaction, request, timer, resolve, reject };
      this.#socket.write(requestBytes(request, transaction));
    });
  }

  close(): void {
    this.#end('it was closed');
  }

  #hear(chunk: Buffer): void {
    this.bytes += chunk.length;
    try {
      for (const frame of this.#reader.push(chunk)) this.#answer(frame);
    } catch (error) {
      this.#end(messageOf(error));
    }
  }

  #answer(frame: ModbusFrame): void {
    const asked = this.#asked;
    // Of a request that was given up.
    if (asked === undefined || frame.transaction !== asked.transaction) {
      this.late += 1;
      return;
    }
    this.#asked = undefined;
    clearTimeout(asked.timer);
    try {
      asked.resolve(valuesOf(frame, asked.request));
    } catch (error) {
      asked.reject(error as ModbusError);
    }
  }

  #end(reason: string): void {
    if (this.#closed !== undefined) return;
    this.#closed = reason;
    this.#socket.destroy();
    const asked = this.#asked;
    this.#asked = undefined;
    clearTimeout(asked?.timer);
    asked?.reject(new ModbusError('closed', reason));
  }
}
