/** The way to a machine, by the name that people call it. */

import { assetName, type Plant } from '../state/plants.ts';
import { linkTo } from '../state/route.ts';

type Where = { readonly plant: string; readonly line: string; readonly asset: string };

export function MachineLink({
  of: { plant, line, asset },
  plants,
}: {
  readonly of: Where;
  readonly plants: readonly Plant[];
}) {
  const known = plants.find(({ id }) => id === plant);
  return <a href={linkTo(['machine', plant, line, asset])}>{assetName(known, line, asset)}</a>;
}
