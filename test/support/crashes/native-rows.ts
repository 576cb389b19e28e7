/** The rows of blocks in ClickHouse's Native format, one behind the other, of the types that this project writes. */
export function nativeRows(bytes: Uint8Array): Record<string, unknown>[] {
  const reader = new Reader(bytes);
  const rows: Record<string, unknown>[] = [];
  while (!reader.ended) rows.push(...rowsOfBlock(reader));
  return rows;
}

function rowsOfBlock(block: Reader): Record<string, unknown>[] {
  const columns = block.varint();
  const rows = block.varint();
  const found = Array.from({ length: rows }, (): Record<string, unknown> => ({}));
  for (let column = 0; column < columns; column += 1) {
    const name = block.text();
    const values = block.values(block.text(), rows);
    found.forEach((row, index) => {
      row[name] = values[index];
    });
  }
  return found;
}

class Reader {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get ended(): boolean {
    return this.#at >= this.#bytes.length;
  }

  varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#view.getUint8(this.#at++);
      value += (byte % 128) * scale;
      if (byte < 128) return value;
    }
  }

  text(): string {
    const length = this.varint();
    this.#at += length;
    return Buffer.from(this.#bytes.subarray(this.#at - length, this.#at)).toString();
  }

  values(type: string, rows: number): unknown[] {
    const [, inner] = /^\w+\((.*)\)$/.exec(type) ?? [];
    switch (type.replace(/\(.*/, '')) {
      case 'LowCardinality':
        return this.#lowCardinality();
      case 'Nullable': {
        const absent = this.#each(rows, () => this.#number('UInt8'));
        return this.values(inner ?? '', rows).map((value, row) =>
          absent[row] === 1 ? null : value,
        );
      }
      case 'Array': {
        const ends = this.#each(rows, () => this.#number('UInt64'));
        return ends.map((end, row) => this.values(inner ?? '', end - (ends[row - 1] ?? 0)));
      }
      default:
        return this.#each(rows, () => this.#number(type));
    }
  }

  #lowCardinality(): string[] {
    this.#number('UInt64');
    const width = this.#number('UInt64') % 256;
    const keys = this.#each(this.#number('UInt64'), () => this.text());
    const type = ['UInt8', 'UInt16', 'UInt32'][width] ?? 'UInt64';
    return this.#each(this.#number('UInt64'), () => keys[this.#number(type)] ?? '');
  }

  #each<T>(count: number, read: () => T): T[] {
    return Array.from({ length: count }, read);
  }

  #number(type: string): number {
    const at = this.#at;
    switch (type.replace(/\(.*/, '')) {
      case 'UInt8':
        this.#at += 1;
        return this.#view.getUint8(at);
      case 'UInt16':
        this.#at += 2;
        return this.#view.getUint16(at, true);
      case 'UInt32':
        this.#at += 4;
        return this.#view.getUint32(at, true);
      case 'Float32':
        this.#at += 4;
        return this.#view.getFloat32(at, true);
      case 'Float64':
        this.#at += 8;
        return this.#view.getFloat64(at, true);
      case 'UInt64':
      case 'DateTime64':
        this.#at += 8;
        return Number(this.#view.getBigInt64(at, true));
    }
    throw new Error(`expected a type that this project writes, found ${type}`);
  }
}
