/** How far the step of a workflow is, or what happened to it: a fixed list. */

import { textsOf } from '../text.ts';

export const say = textsOf({
  en: {
    waiting: 'waits for the steps before it',
    pending: 'waits',
    asked: 'asked',
    undoing: 'is being taken back',
    done: 'done',
    rejected: 'refused',
    expired: 'too late to begin',
    cancelled: 'cancelled',
    overdue: 'no answer in time',
    'done-late': 'done late',
    shadow: 'worked out, not sent',
    'given-up': 'given up',
    withdrawn: 'withdrawn',
    undone: 'taken back',
    'undo-refused': 'not taken back: refused',
    superseded: 'overtaken',
    ask: 'asks a person',
    kept: 'stays',
    escalated: 'others are asked for help',
    news: 'news',
    begun: 'begun',
    refused: 'refused',
    closed: 'closed',
    reopened: 'taken up again',
    migrated: 'goes on by new rules',
    ended: 'nothing is left to do',
  },
  de: {
    waiting: 'wartet auf die Schritte davor',
    pending: 'wartet',
    asked: 'gefragt',
    undoing: 'wird zurückgenommen',
    done: 'erledigt',
    rejected: 'abgelehnt',
    expired: 'zu spät für den Beginn',
    cancelled: 'storniert',
    overdue: 'keine Antwort in der Frist',
    'done-late': 'verspätet erledigt',
    shadow: 'ausgerechnet, nicht gesendet',
    'given-up': 'aufgegeben',
    withdrawn: 'zurückgezogen',
    undone: 'zurückgenommen',
    'undo-refused': 'nicht zurückgenommen: abgelehnt',
    superseded: 'überholt',
    ask: 'fragt jemanden',
    kept: 'bleibt so',
    escalated: 'andere werden um Hilfe gebeten',
    news: 'Neues',
    begun: 'begonnen',
    refused: 'abgelehnt',
    closed: 'geschlossen',
    reopened: 'wieder aufgenommen',
    migrated: 'geht nach neuen Regeln weiter',
    ended: 'nichts bleibt zu tun',
  },
});

type Word = keyof typeof say.texts.en;

/** A state in the language of the page; one that is not known here, as it is. */
export function stepText(state: string): string {
  return state in say.texts.en ? say(state as Word) : state;
}
