/** A photo beside what somebody writes: taken or chosen, made small, and sent with the words. */

import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { sendWords, type Words } from '../state/unsent.ts';
import { say } from '../text/pages/words.ts';
import { doAct, type Told } from './alarm-list.tsx';
import { Field } from './dialog.tsx';

/** Bytes that the API takes, and pixels of the longer side that are enough to see a crack. */
const MOST_BYTES = 700_000;
const SIDES = [1_600, 1_200, 800, 400];
const QUALITY = 0.8;

/** Rejects with what is wrong with it, in words. Whoever sends before it is made small waits for it. */
export type TakenPhoto = Promise<Blob | undefined>;

export function PhotoField({ onPhoto }: { readonly onPhoto: (photo: TakenPhoto) => void }) {
  const preview = useSignal<string | undefined>(undefined);
  const problem = useSignal<string | undefined>(undefined);
  /** Of two that are chosen in turn the second one counts, whichever is ready first. */
  const last = useRef<TakenPhoto | undefined>(undefined);
  const take = async (file: File | undefined) => {
    preview.value = undefined;
    problem.value = undefined;
    const photo = file === undefined ? Promise.resolve(undefined) : smallPhoto(file);
    last.current = photo;
    onPhoto(photo);
    try {
      const taken = await photo;
      if (taken === undefined || last.current !== photo) return;
      preview.value = drawn(await createImageBitmap(taken), 240).toDataURL('image/jpeg', QUALITY);
    } catch (error) {
      if (last.current !== photo) return;
      problem.value = error instanceof Error ? error.message : String(error);
      // Told, so what is written may go without it.
      onPhoto(Promise.resolve(undefined));
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

/** Sends both, or keeps both where there is no network; says what became of them. */
export async function doWrite(
  words: Omit<Words, 'photo'> & { readonly photo: TakenPhoto | undefined },
): Promise<Told> {
  let isKept = false;
  const told = await doAct(async (key) => {
    const photo = await words.photo;
    isKept = (await sendWords({ ...words, photo } as Words, key)) === 'kept';
  });
  return isKept ? { text: say('kept'), bad: false } : told;
}

async function smallPhoto(file: File): Promise<Blob> {
  try {
    return await madeSmall(await createImageBitmap(file));
  } catch {
    throw new Error(say('noPicture', { name: file.name }));
  }
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
