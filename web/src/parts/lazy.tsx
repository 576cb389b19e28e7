/** Pages that are loaded when somebody goes there: the first view waits for none of them. */

import { useSignal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect } from 'preact/hooks';
import { t } from '../text/text.ts';
import { Waiting } from './shown.tsx';

/** A component that stands for one whose code comes later. */
export function lazy<Options extends object>(
  load: () => Promise<ComponentType<Options>>,
): ComponentType<Options> {
  let loaded: ComponentType<Options> | undefined;
  return function Lazy(options: Options) {
    const state = useSignal<'waiting' | 'there' | 'failed'>(
      loaded === undefined ? 'waiting' : 'there',
    );
    const attempt = () => {
      state.value = 'waiting';
      load().then(
        (component) => {
          loaded = component;
          state.value = 'there';
        },
        () => {
          state.value = 'failed';
        },
      );
    };
    useEffect(() => {
      if (loaded === undefined) attempt();
    }, []);
    if (state.value === 'there' && loaded !== undefined) {
      const Component = loaded;
      return <Component {...options} />;
    }
    if (state.value === 'waiting') return <Waiting />;
    return (
      <div class="note note-problem" role="alert">
        <p>{t('notLoaded')}</p>
        <div class="row">
          <button type="button" class="button" onClick={attempt}>
            {t('retry')}
          </button>
          {/* A console of a newer version has other files: only the page itself names them. */}
          <button type="button" class="button" onClick={() => location.reload()}>
            {t('reload')}
          </button>
        </div>
      </div>
    );
  };
}
