/** One photo of a machine: where a link of the maintenance system leads. */

import { useSignal } from '@preact/signals';
import { addressOf } from '../api/client.ts';
import { assetName } from '../state/plants.ts';
import { useResource } from '../state/resource.ts';
import { linkTo } from '../state/route.ts';
import { say } from '../text/pages/words.ts';

type PhotoPlace = {
  readonly plant: string;
  readonly line: string;
  readonly asset: string;
  readonly photo: string;
};

export function PhotoPage(path: PhotoPlace) {
  const { plant, line, asset } = path;
  const plants = useResource('getPlants', { tables: [], pace: 60_000 });
  const failed = useSignal(false);
  const known = plants.value.data?.plants.find(({ id }) => id === plant);
  const name = assetName(known, line, asset);
  return (
    <>
      <div class="head">
        <h1>{say('photoOf', { name })}</h1>
        <p>
          <a href={linkTo(['machine', plant, line, asset])}>{name}</a>
        </p>
      </div>
      {failed.value ? (
        <p class="note note-problem" role="alert">
          {say('gone')}
        </p>
      ) : (
        <img
          class="photo photo-large"
          src={addressOf('getPhoto', { path })}
          alt={say('photoOf', { name })}
          onError={() => (failed.value = true)}
        />
      )}
    </>
  );
}
