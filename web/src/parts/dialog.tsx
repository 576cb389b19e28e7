/** A question in a window of its own, by the browser's own means: focus stays inside, Escape closes it. */

import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { t } from '../text/text.ts';

export function Dialog({
  title,
  onClose,
  onSend,
  problem,
  children,
}: {
  readonly title: string;
  readonly onClose: () => void;
  readonly onSend: (form: FormData) => void;
  readonly problem: string | undefined;
  readonly children: ComponentChildren;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const name = useId();
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} aria-labelledby={name} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onSend(new FormData(event.currentTarget));
        }}
      >
        <h2 id={name}>{title}</h2>
        {children}
        {problem === undefined ? null : (
          <p class="note note-problem" role="alert">
            {problem}
          </p>
        )}
        <div class="row">
          <button type="submit" class="button button-main">
            {t('send')}
          </button>
          <button type="button" class="button" onClick={() => dialog.current?.close()}>
            {t('cancel')}
          </button>
        </div>
      </form>
    </dialog>
  );
}

/** A field with its name above and a hint below. */
export function Field({
  name,
  hint,
  children,
}: {
  readonly name: string;
  readonly hint?: string;
  /** The control, which takes this id. */
  readonly children: (id: string) => ComponentChildren;
}) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{name}</label>
      {children(id)}
      {hint === undefined ? null : <span class="quiet">{hint}</span>}
    </div>
  );
}
