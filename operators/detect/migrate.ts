import type { Plain } from '../model/plain.ts';
import { BEGINNING } from '../model/time.ts';
import type { AssetState } from './hear.ts';
import { begun } from './modes.ts';

/**
 * Version 1 knew less of a situation, which the next observation brings anew. Before version 3 there were no bands and no
 * running time, and every sample of a baseline that learns was kept.
 */
export function migrateDetect(state: Plain, from: number): AssetState {
  if (from !== 1 && from !== 2) {
    throw new Error(`stage detect: no migration from version ${from}`);
  }
  const before = state as AssetState;
  for (const { memory } of Object.values(before.cells)) {
    if (memory.kind !== 'baseline') continue;
    for (const [name, mode] of Object.entries(memory.modes)) {
      const added = { kept: mode.count, stride: 1, track: new Float64Array(0) };
      memory.modes[name] = { ...begun(), ...added, ...mode };
    }
  }
  const situation = from === 1 ? null : before.situation;
  return { ...before, situation, readings: {}, unsettled: BEGINNING };
}
