import { nameOf, plantOf } from '../model/key.ts';
import { type MachineEvent, stateOf } from '../model/machine-event.ts';
import type { MachineEventRow, MachineStateRow } from '../model/tables.ts';

function placeOf({ asset }: MachineEvent): { plant: string; line: string; asset: string } {
  const [, line = ''] = asset.split('/');
  return { plant: plantOf(asset), line, asset: nameOf(asset) };
}

export function toMachineEventRow(event: MachineEvent): MachineEventRow {
  const { time, type, data } = event;
  return { ...placeOf(event), time, type, data: JSON.stringify(data) };
}

/** A row for state events only. */
export function toMachineStateRow(event: MachineEvent): MachineStateRow | undefined {
  const data = stateOf(event);
  if (data === undefined) return undefined;
  const { state, mode = '', product = '', order = '' } = data;
  return { ...placeOf(event), time: event.time, state, mode, product, order };
}
