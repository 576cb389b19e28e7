/** What is said where people write: reports, comments, photos, and what waits to be sent. */

import { textsOf } from '../text.ts';

export const say = textsOf({
  en: {
    photo: 'Photo (if it helps)',
    photoHint: 'It is made small before it is sent. Whoever sees the machine sees it.',
    photoTaken: 'The photo that goes with it',
    photoOf: 'Photo of {name}',
    noPicture: '{name} cannot be read as a picture. Choose another one.',
    comment: 'Comment',
    commentHint: 'It stands in the story of this request. Nothing else changes.',
    commentSend: 'Add the comment',
    kept: 'There is no network. It is kept in this browser, and sent when there is one.',
    waiting: 'Written, and not sent yet',
    waitingWhy: 'They are kept in this browser, and sent by themselves when there is a network.',
    refused: 'Not taken: {why}',
    letGo: 'Discard',
    sendAgain: 'Send again',
    photoLost: '(There was a photo. It could not be kept.)',
    report: 'Report',
    gone: 'The photo cannot be shown: it is not there, or not for this account.',
  },
  de: {
    photo: 'Foto (wenn es hilft)',
    photoHint: 'Es wird vor dem Senden verkleinert. Wer die Maschine sieht, sieht auch das Foto.',
    photoTaken: 'Das Foto, das mitgeht',
    photoOf: 'Foto von {name}',
    noPicture: '{name} lässt sich nicht als Bild lesen. Bitte ein anderes wählen.',
    comment: 'Kommentar',
    commentHint: 'Er steht im Verlauf dieses Auftrags. Sonst ändert sich nichts.',
    commentSend: 'Kommentar hinzufügen',
    kept: 'Es gibt kein Netz. Es bleibt in diesem Browser und wird gesendet, sobald es eines gibt.',
    waiting: 'Geschrieben und noch nicht gesendet',
    waitingWhy: 'Es bleibt in diesem Browser und geht von selbst hinaus, sobald es ein Netz gibt.',
    refused: 'Nicht angenommen: {why}',
    letGo: 'Verwerfen',
    sendAgain: 'Noch einmal senden',
    photoLost: '(Es gab ein Foto. Es ließ sich nicht aufbewahren.)',
    report: 'Meldung',
    gone: 'Das Foto lässt sich nicht zeigen: es ist nicht da, oder nicht für dieses Konto.',
  },
});
