/** What the workflow of a request asks people, and the buttons of whoever may answer. */

import { useSignal } from '@preact/signals';
import { type Answer, call } from '../api/client.ts';
import { say } from '../text/pages/decisions.ts';
import { clock, onPlantClock } from '../text/text.ts';
import { doAct } from './alarm-list.tsx';
import { Field } from './dialog.tsx';

type Detail = Answer<'getRequest'>;
type Decision = Detail['decisions'][number];

export function Decisions({ detail, zone }: { readonly detail: Detail; readonly zone: string }) {
  const { request, decisions } = detail;
  return (
    <section class="card decisions" aria-labelledby={`decisions-${request.id}`}>
      <h2 id={`decisions-${request.id}`}>{say('title')}</h2>
      {decisions.map((decision) => (
        <Question key={decision.step} {...{ request, decision, zone }} />
      ))}
    </section>
  );
}

type QuestionOptions = {
  readonly request: Detail['request'];
  readonly decision: Decision;
  readonly zone: string;
};

function Question({ request, decision, zone }: QuestionOptions) {
  const told = useSignal<string | undefined>(undefined);
  const { step, question, since, answers, values, yours } = decision;
  const { plant, line, asset, id } = request;
  const send = async (form: FormData, answer: Decision['answers'][number]) => {
    const body = { request: id, step, decision: answer, values: givenIn(form, values) };
    const path = { plant, line, asset };
    told.value = (await doAct((key) => call('decide', { path, key, body })))?.text;
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        const { submitter } = event as SubmitEvent;
        const answer = answers.find((each) => each === submitter?.getAttribute('value'));
        if (answer !== undefined) void send(new FormData(event.currentTarget), answer);
      }}
    >
      <p>
        <strong>{onPlantClock(question, zone)}</strong>
      </p>
      <p class="quiet">
        {say('step', { step })} · {say('waits', { time: clock(since, zone) })}
      </p>
      {yours ? (
        <>
          {values.map((name) => (
            <Field key={name} name={name} hint={say('hint')}>
              {(field) => <input id={field} name={name} maxLength={256} />}
            </Field>
          ))}
          <div class="row answer">
            {answers.map((answer) => (
              <button key={answer} type="submit" class="button button-big" value={answer}>
                {say(answer)}
              </button>
            ))}
          </div>
        </>
      ) : (
        <p class="quiet">{say('notYours')}</p>
      )}
      <p class="note" role="status">
        {told.value}
      </p>
    </form>
  );
}

/** Steps behind it reckon with numbers; an id with a zero in front is none. */
const NUMBER = /^-?(?:0|[1-9]\d{0,14})(?:\.\d+)?$/;

function givenIn(form: FormData, names: readonly string[]): Record<string, string | number> {
  const given = names.flatMap((name): [string, string | number][] => {
    const text = String(form.get(name) ?? '').trim();
    return text === '' ? [] : [[name, NUMBER.test(text) ? Number(text) : text]];
  });
  return Object.fromEntries(given);
}
