/** What the page of a technician's work says. */

import { textsOf } from '../text.ts';

export const say = textsOf({
  en: {
    next: 'Next',
    nothing: 'Nothing to do.',
    nothingWhy:
      'Open requests come here, the most urgent first. Reports come from the button below.',
    underWay: 'Under way',
    accepted: 'Accepted',
    waiting: 'Not accepted yet',
    seen: 'What was seen',
    noEvidence: 'There is no signal to draw: it was reported by a person.',
    rightQuestion: 'Was it right?',
    right: 'Yes, it was right',
    wrong: 'No, a false alarm',
    thanks: 'Thank you. The rules learn from it.',
    where: 'Start and done, with parts and hours, are written in the maintenance system.',
    whereAs:
      'Start and done, with parts and hours, are written in the maintenance system, as {remote}.',
    parts: 'Parts',
    takes: 'Takes',
    until: 'Best stop',
    story: 'The whole story',
    reportAt: 'Report a problem at',
    report: 'Report',
  },
  de: {
    next: 'Als Nächstes',
    nothing: 'Nichts zu tun.',
    nothingWhy: 'Offene Aufträge stehen hier, die dringendsten zuerst. Melden kann man unten.',
    underWay: 'In Arbeit',
    accepted: 'Angenommen',
    waiting: 'Noch nicht angenommen',
    seen: 'Was gesehen wurde',
    noEvidence: 'Es gibt kein Signal zu zeichnen: jemand hat es gemeldet.',
    rightQuestion: 'War es richtig?',
    right: 'Ja, es war richtig',
    wrong: 'Nein, ein Fehlalarm',
    thanks: 'Danke. Die Regeln lernen daraus.',
    where: 'Beginn und Ende, mit Teilen und Stunden, stehen im Instandhaltungssystem.',
    whereAs:
      'Beginn und Ende, mit Teilen und Stunden, stehen im Instandhaltungssystem, als {remote}.',
    parts: 'Teile',
    takes: 'Dauert',
    until: 'Bester Stillstand',
    story: 'Der ganze Verlauf',
    reportAt: 'Ein Problem melden an',
    report: 'Melden',
  },
});
