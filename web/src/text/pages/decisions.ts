/** What is said where a workflow asks people, and of the steps of workflows. */

import { textsOf } from '../text.ts';

export const say = textsOf({
  en: {
    title: 'To decide',
    waits: 'The workflow waits for an answer since {time}.',
    step: 'Step {step}',
    approve: 'Approve',
    refuse: 'Refuse',
    keep: 'Keep it',
    undo: 'Take it back',
    hint: 'Where it is to be another one.',
    notYours: 'Supervisors, planners and engineers of the line decide.',
  },
  de: {
    title: 'Zu entscheiden',
    waits: 'Der Ablauf wartet seit {time} auf eine Antwort.',
    step: 'Schritt {step}',
    approve: 'Zustimmen',
    refuse: 'Ablehnen',
    keep: 'So lassen',
    undo: 'Zurücknehmen',
    hint: 'Falls es anders sein soll.',
    notYours: 'Es entscheiden Schichtleitung, Planung und Technik der Linie.',
  },
});
