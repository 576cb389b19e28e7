import { expect, test } from 'vitest';
import { parseDeliveryInfo } from '../../../pipelines/nats/stored-message.ts';

const meant = { stream: 104_000, consumer: 17, microseconds: 1_767_254_400_123_456 };

test.each([
  ['the form of servers up to 2.14', '$JS.ACK.ANDON_0.andon-x.1.104000.17.1767254400123456789.42'],
  [
    'the form with domain and account',
    '$JS.ACK.hub.ACC123.ANDON_0.andon-x.1.104000.17.1767254400123456789.42',
  ],
  [
    'the form with a random end',
    '$JS.ACK._.ACC123.ANDON_0.andon-x.1.104000.17.1767254400123456789.42.r4nd',
  ],
])('position and time are read from %s', (_form, reply) => {
  expect(parseDeliveryInfo(reply)).toEqual(meant);
});

test.each(['', '_INBOX.abc.1', '$JS.ACK.ANDON_0.c.1.2.3', '$KV.a.b.c.d.e.f.g.h'])(
  'no delivery is read from "%s"',
  (reply) => {
    expect(parseDeliveryInfo(reply)).toBeUndefined();
  },
);
