/** Plants and machines, as the API has them. */

import type { Answer } from '../api/client.ts';

export type Plant = Answer<'getPlants'>['plants'][number];
export type Machine = Answer<'getSituation'>['machines'][number];
export type Alarm = Answer<'getAlarms'>['entries'][number];

/** The newest time of a plant: its "now". */
export function newestOf({ lines }: Plant): string | undefined {
  return lines
    .flatMap(({ newest }) => newest ?? [])
    .toSorted()
    .at(-1);
}

export function lineName(plant: Plant | undefined, line: string): string {
  return plant?.lines.find(({ id }) => id === line)?.name ?? line;
}

/** What people call a machine. */
export function assetName(plant: Plant | undefined, line: string, asset: string): string {
  return plant?.lines.find(({ id }) => id === line)?.asset_names[asset] ?? asset;
}

/** Append times and attempts are of the machines of the house: by the clocks of its first plant. */
export function houseZone(plants: readonly Plant[]): string {
  return plants[0]?.time_zone ?? 'UTC';
}
