/** A photo beside what somebody writes: taken or chosen, and made small before it is sent. */

import { useSignal } from '@preact/signals';
import { say } from '../text/pages/words.ts';
import { Field } from './dialog.tsx';

/** Bytes that the API takes, and pixels of the longer side that are enough to see a crack. */
const MOST_BYTES = 700_000;
const SIDES = [1_600, 1_200, 800, 400];
const QUALITY = 0.8;

export function PhotoField({ onPhoto }: { readonly onPhoto: (photo: Blob | undefined) => void }) {
  const preview = useSignal<string | undefined>(undefined);
  const problem = useSignal<string | undefined>(undefined);
  const take = async (file: File | undefined) => {
    preview.value = undefined;
    problem.value = undefined;
    onPhoto(undefined);
    if (file === undefined) return;
    try {
      const picture = await createImageBitmap(file);
      onPhoto(await madeSmall(picture));
      preview.value = drawn(picture, 240).toDataURL('image/jpeg', QUALITY);
    } catch {
      problem.value = say('noPicture', { name: file.name });
    }
  };
  return (
    <Field name={say('photo')} hint={say('photoHint')}>
      {(id) => (
        <>
          <input
            id={id}
            type="file"
            accept="image/*"
            capture="environment"
            onChange={(event) => void take(event.currentTarget.files?.[0])}
          />
          {preview.value === undefined ? null : (
            <img class="photo" src={preview.value} alt={say('photoTaken')} />
          )}
          {problem.value === undefined ? null : (
            <span class="note note-problem" role="alert">
              {problem.value}
            </span>
          )}
        </>
      )}
    </Field>
  );
}

/** Drawn anew: what a camera writes beside a picture, such as where it was taken, is not in it any more. */
async function madeSmall(picture: ImageBitmap): Promise<Blob> {
  for (const side of SIDES) {
    const canvas = drawn(picture, side);
    const photo = await new Promise<Blob | null>((resolve) =>
      canvas.toBlob(resolve, 'image/jpeg', QUALITY),
    );
    if (photo !== null && photo.size <= MOST_BYTES) return photo;
  }
  throw new Error('expected a picture that can be made small');
}

function drawn(picture: ImageBitmap, side: number): HTMLCanvasElement {
  const scale = Math.min(1, side / Math.max(picture.width, picture.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('expected a canvas');
  // Without it what is transparent would be black.
  context.fillStyle = '#ffffff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return canvas;
}
