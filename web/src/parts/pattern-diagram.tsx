/** A pattern that a request rests on: its stages in their order, with the events that each took, and when. */

import '../style/pattern.css';
import type { Answer } from '../api/client.ts';
import { say } from '../text/pages/pattern.ts';
import { clock, hours, shortReason } from '../text/text.ts';

type Match = Answer<'getRequest'>['matches'][number];
type Stage = Match['stages'][number];
type MatchOptions = { readonly match: Match; readonly zone: string };

export function PatternDiagrams({
  matches,
  zone,
}: {
  readonly matches: readonly Match[];
  readonly zone: string;
}) {
  return (
    <section aria-labelledby="patterns">
      <h2 id="patterns">{say('title')}</h2>
      <p class="quiet">{say('why')}</p>
      {matches.map((match) => (
        <PatternDiagram key={`${match.rule} ${match.time}`} {...{ match, zone }} />
      ))}
    </section>
  );
}

function PatternDiagram({ match, zone }: MatchOptions) {
  const { rule, start, end, within, timed_out: timedOut, stages } = match;
  const took = lengthOf(Date.parse(end) - Date.parse(start));
  return (
    <article class="card pattern" aria-label={rule}>
      <h3>{rule}</h3>
      <p class="quiet">
        {clock(start, zone)} – {clock(end, zone, start)} · {say('took', { time: took })}
        {within === null ? null : ` · ${say('within', { time: lengthOf(within) })}`}
      </p>
      {timedOut ? <p>{say('timedOut')}</p> : null}
      <TimeAxis match={match} zone={zone} />
      <ol class="stages">
        {stages.map((stage) => (
          <StageBox key={stage.name} {...{ stage, match, zone }} />
        ))}
      </ol>
    </article>
  );
}

/** Units of the drawing; it is as wide as there is room. */
const WIDTH = 1_000;
const EDGE = 12;

/** Where in the time of the match each event lies, numbered like its stage. What it shows stands in the list below it, too. */
function TimeAxis({ match: { start, end, stages }, zone }: MatchOptions) {
  const [from, to] = [Date.parse(start), Date.parse(end)];
  const at = (time: string) =>
    EDGE + (to === from ? 0 : (Date.parse(time) - from) / (to - from)) * (WIDTH - 2 * EDGE);
  return (
    <svg class="time-axis" viewBox={`0 0 ${WIDTH} 44`} aria-hidden="true" focusable="false">
      <line x1={EDGE} x2={WIDTH - EDGE} y1={22} y2={22} />
      {stages.flatMap((stage, index) =>
        stage.events.map((event) => (
          <g key={`${stage.name} ${event.time} ${event.about}`}>
            <title>{`${stage.name}, ${clock(event.time, zone)}`}</title>
            <circle cx={at(event.time)} cy={22} r={11} />
            <text x={at(event.time)} y={27}>
              {index + 1}
            </text>
          </g>
        )),
      )}
    </svg>
  );
}

function StageBox({ stage, match, zone }: MatchOptions & { readonly stage: Stage }) {
  const { name, where, absent, within_previous: gap, taken, events } = stage;
  const missing = taken - events.length;
  return (
    <li class={absent ? 'stage stage-absent' : 'stage'}>
      <p>
        <strong>{name}</strong> {absent ? <span class="quiet">{say('absent')}</span> : null}
      </p>
      {where === '' ? null : <code class="break">{where}</code>}
      {gap === null ? null : <p class="quiet">{say('gap', { time: lengthOf(gap) })}</p>}
      {taken === 0 && !absent ? <p class="quiet">{say('nothing')}</p> : null}
      <ul class="plain">
        {events.map((event) => (
          <li key={`${event.time} ${event.about}`}>
            <time dateTime={event.time}>{clock(event.time, zone, match.start)}</time>{' '}
            <span>{shortReason(event.text)}</span>
          </li>
        ))}
      </ul>
      {missing === 0 ? null : <p class="quiet">{say('more', { count: missing })}</p>}
    </li>
  );
}

function lengthOf(milliseconds: number): string {
  if (milliseconds < 60_000) return say('seconds', { count: Math.round(milliseconds / 100) / 10 });
  return hours(milliseconds / 3_600_000);
}
