import { connect, createServer, type Socket } from 'node:net';

/** A moment of a conversation: a request that nobody has got yet; with `answer`, one that was carried out. */
export type Moment = { readonly ask: RegExp; readonly answer?: RegExp };

/** A conversation that stands still. */
export interface Held {
  /** Both sides find the connection reset, and what was held is lost. */
  cut(): void;
  /** It goes on as if nothing had been. */
  go(): void;
}

/** Stands between a client and a server of TCP, and passes everything on but what was asked for. */
export interface Relay {
  readonly port: number;
  /** The next time that this moment comes. */
  hold(moment: Moment): Promise<Held>;
  close(): void;
}

type Wanted = Moment & { readonly come: (held: Held) => void };

export async function startRelay(to: number): Promise<Relay> {
  const wanted: Wanted[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const there = connect(to, '127.0.0.1');
    for (const socket of [client, there]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => undefined);
    }
    converse(client, there, wanted);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    hold: (moment) => new Promise((come) => wanted.push({ ...moment, come })),
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function converse(client: Socket, there: Socket, wanted: Wanted[]): void {
  /** Asked on this connection, and not answered yet. */
  let asked: Wanted[] = [];

  function stop(want: Wanted, on: () => void): void {
    client.pause();
    there.pause();
    want.come({
      cut() {
        client.resetAndDestroy();
        there.resetAndDestroy();
      },
      go() {
        on();
        client.resume();
        there.resume();
      },
    });
  }

  client.on('data', (chunk) => {
    const text = readable(chunk);
    for (const want of wanted.filter(({ ask }) => ask.test(text))) {
      if (want.answer === undefined) {
        wanted.splice(wanted.indexOf(want), 1);
        stop(want, () => there.write(chunk));
        return;
      }
      if (!asked.includes(want)) asked.push(want);
    }
    there.write(chunk);
  });
  there.on('data', (chunk) => {
    const text = readable(chunk);
    asked = asked.filter((want) => wanted.includes(want));
    const want = asked.find(({ answer }) => answer?.test(text));
    if (want === undefined) {
      client.write(chunk);
      return;
    }
    wanted.splice(wanted.indexOf(want), 1);
    stop(want, () => client.write(chunk));
  });
  client.on('end', () => there.end());
  there.on('end', () => client.end());
  client.on('close', () => there.destroy());
  there.on('close', () => client.destroy());
}

/** Statements stand encoded in the address of a request. */
function readable(chunk: Buffer): string {
  const text = chunk.toString('latin1');
  return text
    .replace(/%([0-9A-F]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)))
    .replaceAll('+', ' ');
}
