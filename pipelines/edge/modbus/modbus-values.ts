/** What registers mean: numbers, texts and bits of any order of bytes, and which of them are read at once. */

import { exactInteger, type TagValue } from '../tag-reading.ts';
import {
  type ByteOrder,
  isOfBits,
  type ModbusConfig,
  type ModbusTable,
  type ModbusTag,
} from './modbus-config.ts';

/** What one request asks for. Registers have two bytes each; bits stand eight in a byte, the first one lowest. */
export type ModbusBlock = {
  readonly unitId: number;
  readonly table: ModbusTable;
  readonly address: number;
  readonly count: number;
  readonly tags: readonly ModbusTag[];
};

/**
 * As few requests as the limits allow. None spans more than `gap` addresses that no tag has, and none has a part of a
 * value: its halves would be of two moments.
 */
export function planBlocks(
  tags: readonly ModbusTag[],
  { gap, registers, bits }: Pick<ModbusConfig, 'registers' | 'bits'> & { readonly gap: number },
): readonly ModbusBlock[] {
  const blocks: ModbusBlock[] = [];
  for (const tag of tags.toSorted(inOrder)) {
    const { unitId, table, address, count } = tag;
    const most = isOfBits(table) ? bits : registers;
    const last = blocks.at(-1);
    const end = address + count;
    if (last !== undefined && last.unitId === unitId && last.table === table) {
      const lastEnd = last.address + last.count;
      const longer = Math.max(lastEnd, end) - last.address;
      if (address - lastEnd <= gap && longer <= most) {
        blocks[blocks.length - 1] = { ...last, count: longer, tags: [...last.tags, tag] };
        continue;
      }
    }
    blocks.push({ unitId, table, address, count, tags: [tag] });
  }
  return blocks;
}

function inOrder(a: ModbusTag, b: ModbusTag): number {
  if (a.unitId !== b.unitId) return a.unitId - b.unitId;
  if (a.table !== b.table) return a.table < b.table ? -1 : 1;
  return a.address - b.address;
}

/** The value of a tag of this block, from its bytes; undefined for a number that is none (NaN, infinity). */
export function modbusValue(
  bytes: Buffer,
  block: ModbusBlock,
  tag: ModbusTag,
): TagValue | undefined {
  const offset = tag.address - block.address;
  if (isOfBits(block.table)) return (((bytes[offset >> 3] ?? 0) >> (offset & 7)) & 1) === 1;
  const own = bytesInOrder(bytes.subarray(2 * offset, 2 * (offset + tag.count)), tag.order);
  return registerValue(own, tag);
}

function registerValue(own: Buffer, { type, bit = 0 }: ModbusTag): TagValue | undefined {
  switch (type) {
    case 'bit':
      return ((own.readUInt16BE() >> bit) & 1) === 1;
    case 'int16':
      return own.readInt16BE();
    case 'uint16':
      return own.readUInt16BE();
    case 'int32':
      return own.readInt32BE();
    case 'uint32':
      return own.readUInt32BE();
    case 'int64':
      return exactInteger(own.readBigInt64BE());
    case 'uint64':
      return exactInteger(own.readBigUInt64BE());
    case 'float32':
      return finite(own.readFloatBE());
    case 'float64':
      return finite(own.readDoubleBE());
    case 'text':
      return textIn(own);
  }
}

/** The highest byte first, whatever order they came in. */
function bytesInOrder(bytes: Buffer, order: ByteOrder): Buffer {
  if (order === 'ABCD') return bytes;
  const own = Buffer.from(bytes);
  // DCBA are the bytes in reverse, CDAB the registers in reverse, BADC the bytes of each register.
  if (order !== 'BADC') own.reverse();
  return order === 'DCBA' ? own : own.swap16();
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

/** Up to the first zero. Bytes that are no UTF-8 are of Latin-1. */
function textIn(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  const own = end === -1 ? bytes : bytes.subarray(0, end);
  const text = own.toString();
  return (text.includes('\ufffd') ? own.toString('latin1') : text).trimEnd();
}
