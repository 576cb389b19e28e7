/** What people write of a request, the photos that came with it, and what waits until there is a network. */

import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { type Answer, addressOf } from '../api/client.ts';
import { linkTo } from '../state/route.ts';
import { may } from '../state/session.ts';
import { forgetUnsent, sendAgain, unsent } from '../state/unsent.ts';
import { say } from '../text/pages/words.ts';
import { Field } from './dialog.tsx';
import { doWrite, PhotoField, type TakenPhoto } from './photo-field.tsx';

type Request = Answer<'getRequest'>['request'];

export function CommentForm({ request }: { readonly request: Request }) {
  const told = useSignal<string | undefined>(undefined);
  const round = useSignal(0);
  const photo = useRef<TakenPhoto | undefined>(undefined);
  const { plant, line, asset, id } = request;
  if (!may('report', plant, line)) return null;
  const send = async (form: HTMLFormElement) => {
    const text = String(new FormData(form).get('text'));
    const body = { request: id, text };
    const words = { body, path: { plant, line, asset }, photo: photo.current };
    const result = await doWrite({ kind: 'comment', ...words });
    told.value = result.text;
    if (result.bad) return;
    form.reset();
    photo.current = undefined;
    round.value += 1;
  };
  return (
    <form
      class="card comment"
      aria-label={say('comment')}
      onSubmit={(event) => {
        event.preventDefault();
        void send(event.currentTarget);
      }}
    >
      <Field name={say('comment')} hint={say('commentHint')}>
        {(field) => <textarea id={field} name="text" required maxLength={4000} rows={2} />}
      </Field>
      <PhotoField key={round.value} onPhoto={(taken) => (photo.current = taken)} />
      <div class="row">
        <button type="submit" class="button">
          {say('commentSend')}
        </button>
        <span class="note" role="status">
          {told.value}
        </span>
      </div>
    </form>
  );
}

type PhotoOptions = {
  readonly of: Pick<Request, 'plant' | 'line' | 'asset'>;
  readonly name: string;
  readonly photo: string;
};

/** Small; a press shows it large. */
export function PhotoOf({ of: { plant, line, asset }, name, photo }: PhotoOptions) {
  const address = addressOf('getPhoto', { path: { plant, line, asset, photo } });
  return (
    <a href={linkTo(['photo', plant, line, asset, photo])}>
      <img class="photo" src={address} alt={say('photoOf', { name })} loading="lazy" />
    </a>
  );
}

/** Nothing where nothing waits. */
export function Unsent() {
  if (unsent.value.length === 0) return null;
  return (
    <section class="card" aria-labelledby="unsent">
      <h2 id="unsent">{say('waiting')}</h2>
      <p class="quiet">{say('waitingWhy')}</p>
      <ul class="plain">
        {unsent.value.map(({ key, kind, path, body, refused }) => (
          <li key={key}>
            <strong>{kind === 'report' ? say('report') : say('comment')}</strong>{' '}
            <span class="quiet">{path.asset}</span> {body.text}
            {refused === undefined ? null : (
              <p class="note note-problem">{say('refused', { why: refused })}</p>
            )}
            <div class="row">
              {refused === undefined ? null : (
                <button type="button" class="button" onClick={() => void sendAgain(key)}>
                  {say('sendAgain')}
                  <span class="unseen">{`: ${body.text}`}</span>
                </button>
              )}
              <button type="button" class="button" onClick={() => void forgetUnsent(key)}>
                {say('letGo')}
                <span class="unseen">{`: ${body.text}`}</span>
              </button>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
