/** A page that is about one plant: the one of its address, or the first; and the way to the others. */

import type { ComponentChildren } from 'preact';
import type { Plant } from '../state/plants.ts';
import { useResource } from '../state/resource.ts';
import { linkTo } from '../state/route.ts';
import { t } from '../text/text.ts';
import { Empty, NotFound, Shown } from './shown.tsx';

export type ChosenPlantProps = { readonly plant: Plant; readonly all: readonly Plant[] };

/** `id`: of the address; empty: the first plant. `now`: the page shows how far the plant is. */
export function ChosenPlant({
  id,
  now = false,
  children,
}: {
  readonly id: string;
  readonly now?: boolean;
  readonly children: (chosen: ChosenPlantProps) => ComponentChildren;
}) {
  const read = now
    ? { tables: ['epochs', 'assets'], pace: 5_000 }
    : { tables: ['assets'], pace: 10_000 };
  const plants = useResource('getPlants', read);
  return (
    <Shown resource={plants.value}>
      {({ plants: all }) => {
        if (all.length === 0) return <Empty title={t('noPlant')} why={t('noPlantWhy')} />;
        const plant = id === '' ? all[0] : all.find((each) => each.id === id);
        return plant === undefined ? <NotFound /> : children({ plant, all });
      }}
    </Shown>
  );
}

/** Links to the same page of the other plants; nothing where there is one plant. */
export function OtherPlants({
  page,
  chosen: { plant, all },
}: {
  readonly page: string;
  readonly chosen: ChosenPlantProps;
}) {
  if (all.length < 2) return null;
  return (
    <nav class="row" aria-label={t('plant')}>
      {all.map(({ id, name }) => (
        <a key={id} href={linkTo([page, id])} aria-current={id === plant.id ? 'page' : undefined}>
          {name}
        </a>
      ))}
    </nav>
  );
}
