/** Readings of a machine that `assets` does not name, as a message that stays beside the machines. */

import { Packr } from 'msgpackr';
import { UNKNOWN_PREFIX } from '../nats/streams.ts';
import type { EdgeMessage } from './edge-message.ts';
import type { TagReading } from './tag-reading.ts';

const packr = new Packr({ useRecords: false, useBigIntExtension: false });

/** The readings have their machine, tag and time. */
export function keptMessage(machine: string, readings: readonly TagReading[]): EdgeMessage {
  const subject = `${UNKNOWN_PREFIX}${Buffer.from(machine).toString('base64url')}`;
  return { subject, payload: packr.pack(readings) };
}

export function isKept({ subject }: Pick<EdgeMessage, 'subject'>): boolean {
  return subject.startsWith(UNKNOWN_PREFIX);
}

export function keptMachine(subject: string): string {
  return Buffer.from(subject.slice(UNKNOWN_PREFIX.length), 'base64url').toString();
}

export function keptReadings(payload: Uint8Array): readonly TagReading[] {
  return packr.unpack(payload);
}
