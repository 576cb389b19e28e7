/** What a machine did, as a strip over the curves: running is plain, standing is dark, failing is marked. */

import { useResource } from '../state/resource.ts';
import { clock, t, word } from '../text/text.ts';
import { doingText } from './marks.tsx';
import { Empty, Shown } from './shown.tsx';
import type { Stretch } from './signal-view.tsx';

export function StateStrip({
  asset,
  stretch,
  zone,
}: {
  readonly asset: { readonly plant: string; readonly line: string; readonly asset: string };
  readonly stretch: Stretch;
  readonly zone: string;
}) {
  const timeline = useResource('getTimeline', {
    path: asset,
    query: stretch,
    tables: ['machine_states'],
    about: asset,
  });
  const [from, to] = [Date.parse(stretch.from), Date.parse(stretch.to)];
  const share = (time: string) =>
    Math.min(1, Math.max(0, (Date.parse(time) - from) / (to - from))) * 100;
  return (
    <div class="states">
      <h3>{t('states')}</h3>
      <Shown resource={timeline.value}>
        {({ states }) =>
          states.length === 0 ? (
            <Empty title={t('noStates')} />
          ) : (
            <ul class="strip-lane">
              {states.map((state) => {
                const left = share(state.from);
                const times = `${clock(state.from, zone, stretch.to)} – ${clock(state.to, zone, stretch.to)}`;
                const planned = state.planned === '' ? '' : `, ${word(state.planned)}`;
                const text = `${doingText(state.kind)} (${state.state}${planned}), ${times}`;
                return (
                  <li
                    key={state.from}
                    class={`state-entry state-${state.kind}`}
                    style={{
                      left: `${left}%`,
                      width: `${Math.max(0.15, share(state.to) - left)}%`,
                    }}
                    title={text}
                  >
                    <span class="state-name" aria-hidden="true">
                      {doingText(state.kind)}
                    </span>
                    <span class="unseen">{text}</span>
                  </li>
                );
              })}
            </ul>
          )
        }
      </Shown>
    </div>
  );
}
